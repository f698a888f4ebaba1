// Opening the platform, and what users are told when that fails.

import SystemCalls
import Testing
import XenABI
import XenLinux
import XenPlatform

@Suite struct OpeningTests {
    @Test func withoutPrivcmdTheUserIsSentToTheLab() throws {
        let error = errorOf { () throws(XenError) in _ = try XenLinux.open(devices: "/nowhere") }
        #expect(error?.code == .enoent)
        #expect(error?.call.description == "open /dev/xen/privcmd")
        let advice = XenLinux.advice(for: try #require(error))
        #expect(advice?.contains("not a Xen control domain") == true)
        #expect(advice?.contains("corbel lab run -- ") == true)
    }

    @Test func withoutEvtchnTheModuleIsNamed() throws {
        let folder = try DeviceFolder("privcmd")
        let error = errorOf { () throws(XenError) in _ = try XenLinux.open(devices: folder.path) }
        #expect(error?.call.description == "open /dev/xen/evtchn")
        #expect(XenLinux.advice(for: try #require(error))?.contains("modprobe xen-evtchn") == true)
    }

    @Test func gntdevIsOpenedWhenAskedForOnlyAndHypercallMayBeAbsent() throws {
        // A restriction does not reach gntdev, so a device model has none.
        let folder = try DeviceFolder("privcmd", "evtchn", "gntdev")
        let platform = try XenLinux.open(devices: folder.path, statisticsFolder: nil)
        #expect(platform.grants == nil)
        #expect(platform.states != nil, "locked memory serves for hypercalls")
        #expect((platform.clock?.nanoseconds ?? 0) > 0)
    }

    @Test func gntdevThatIsAskedForAndNotThereIsTold() throws {
        let folder = try DeviceFolder("privcmd", "evtchn")
        let error = errorOf { () throws(XenError) in _ = try XenLinux.open(devices: folder.path, grants: true) }
        #expect(error?.code == .enoent && error?.call.description == "open /dev/xen/gntdev")
    }

    @Test(arguments: [XenErrorCode.eacces, .eperm])
    func withoutPermissionTheUserIsToldWhoMay(_ code: XenErrorCode) {
        let advice = XenLinux.advice(for: XenError(code, "open /dev/xen/privcmd"))
        #expect(advice?.contains("run as root") == true)
    }

    @Test func thereIsNoAdviceForOtherErrors() {
        #expect(XenLinux.advice(for: XenError(.enoent, "create_ioreq_server")) == nil)
        #expect(XenLinux.advice(for: XenError(.enomem, "open /dev/xen/privcmd")) == nil)
    }

    @Test func hypervisorsAreNamedXenOrSandbox() throws {
        #expect(try HypervisorChoice("xen") == .xen)
        #expect(try HypervisorChoice("sandbox:/run/x") == .sandbox(path: "/run/x"))
        #expect(try HypervisorChoice.choose(option: "sandbox:a:b") == .sandbox(path: "a:b"))
        for wrong in ["", "Xen", "sandbox:", "sandbox", "xen:"] {
            let error = #expect(throws: HypervisorError.self) { try HypervisorChoice(wrong) }
            #expect(error?.description.hasPrefix("no such hypervisor: \"\(wrong)\"") == true)
        }
    }

    @Test func whereNoSandboxListensItIsSaidHowToStartOne() throws {
        let choice = try HypervisorChoice("sandbox:/nowhere/x")
        let error = #expect(throws: HypervisorError.self) { _ = try choice.open() }
        #expect(
            error?.description
                == "no sandbox listens at /nowhere/x: start one with corbel sandbox start --socket /nowhere/x")
    }

    @Test func theFirstSignalToStopIsRemembered() {
        let stop = StopSignals()
        #expect(stop.received == nil)
        Signal.terminate.raise()
        #expect(stop.received == 15)
        Signal.interrupt.raise()
        #expect(stop.received == 15)
        // Taken, so that no other test of this thread finds it.
        #expect(StopSignals().received == 2)
    }
}
