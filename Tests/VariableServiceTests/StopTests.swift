// The end: what is parked is finished or failed, what is pending is written. Source: varstored.md 12.4.

import HypervisorModel
import SystemCalls
import Testing
import UEFIVariables
import VariableService
import XenDeviceModel
import XenDeviceModelTesting

@Suite struct StopTests {
    private func stop(_ bench: ServiceBench, within milliseconds: Int32) -> Flag {
        let flag = Flag()
        bench.device.stop(by: MonotonicTime.now.advanced(byMilliseconds: milliseconds)) { flag.count += 1 }
        return flag
    }

    @Test("With nothing under way it calls back at once; before the start too")
    func idle() throws {
        #expect(stop(try ServiceBench(), within: 5000).count == 1)
        let early = try ServiceBench(isStarted: false)
        let access = try early.begin(set("abc"))
        #expect(stop(early, within: 5000).count == 1)
        #expect(!access.isOver)
        try early.server.close()
        #expect(access.isOver)
    }

    @Test("A parked change is finished, those that wait for it too, then it calls back once")
    func parked() throws {
        let bench = try ServiceBench()
        bench.backend.behaviour = .waits
        let first = try bench.begin(set("abc"))
        let second = try bench.begin(set("def", "U"), vcpu: 1)
        let flag = stop(bench, within: 5000)
        #expect(flag.count == 0)
        bench.backend.finish()
        #expect(first.isOver && flag.count == 0)
        bench.backend.finish()
        #expect(second.isOver && flag.count == 1)
        #expect(bench.status(vcpu: 0) == 0 && bench.status(vcpu: 1) == 0)
        #expect(try bench.data("U") == "def")
    }

    @Test("At the deadline the parked change and those that wait for it fail with DEVICE_ERROR and are undone")
    func deadline() throws {
        let bench = try ServiceBench(vcpus: 3)
        bench.backend.behaviour = .waits
        let accesses = try (0..<3).map { try bench.begin(set("abc", "T\($0)"), vcpu: $0) }
        let flag = stop(bench, within: 100)
        try bench.wait { flag.count == 1 }
        #expect(accesses.allSatisfy { $0.isOver })
        #expect((0..<3).map { bench.status(vcpu: $0) } == [7, 7, 7])
        #expect(try bench.data("T0") == nil && bench.data("T1") == nil)
        #expect(bench.backend.abandoned == 1 && bench.backend.writes.count == 1)
        bench.backend.late?(.confirmed)
        #expect(flag.count == 1)
    }

    @Test("A signed change that waits for its budget fails at the deadline")
    func budget() throws {
        var limits = ServiceLimits.standard
        limits.verificationBurst = 1
        limits.verificationInterval = 60_000_000_000
        let bench = try ServiceBench(limits: limits)
        #expect(try bench.status(setSigned("1")) == 0)
        let access = try bench.begin(setSigned("2", day: 2))
        let flag = stop(bench, within: 50)
        try bench.wait { flag.count == 1 }
        #expect(access.isOver && bench.status() == 7)
        #expect(try bench.data("A") == "1")
    }

    @Test("A pending write of the window is made now, not half a second later")
    func pendingWindow() throws {
        let bench = try ServiceBench()
        try bench.guest.write(port: 0x104, .doubleWord, 260)
        try bench.guest.write(port: 0x108, .byte, 7)
        #expect(bench.backend.writes.isEmpty)
        #expect(stop(bench, within: 5000).count == 1)
        #expect(try bench.backend.writes.last?.blob == bench.services.backendBlob())
    }

    @Test("A write of the window that nobody confirms is given up at the deadline, and said so")
    func silentFlush() throws {
        let bench = try ServiceBench()
        bench.backend.behaviour = .waits
        try bench.guest.write(port: 0x104, .doubleWord, 260)
        try bench.guest.write(port: 0x108, .byte, 7)
        let flag = stop(bench, within: 60)
        #expect(bench.backend.isBusy && flag.count == 0)
        try bench.wait { flag.count == 1 }
        #expect(bench.backend.abandoned == 1)
        #expect(bench.lines.count(of: "before the last changes were kept") == 1)
    }

    @Test("A pending write that fails at the end is not tried again: nobody waits longer for it")
    func failingFlush() throws {
        let bench = try ServiceBench()
        bench.backend.behaviour = .fails
        try bench.guest.write(port: 0x104, .doubleWord, 260)
        try bench.guest.write(port: 0x108, .byte, 7)
        #expect(stop(bench, within: 5000).count == 1)
        #expect(bench.backend.writes.count == 1)
        #expect(bench.lines.count(of: "could not be kept") == 1)
    }

    @Test("After the end nothing changes: commands get DEVICE_ERROR, the window is as it was")
    func afterwards() throws {
        let bench = try ServiceBench()
        #expect(stop(bench, within: 5000).count == 1)
        let before = try bench.services.saveBlob()
        #expect(try bench.status(set("abc")) == 7)
        #expect(try bench.status(get()) == 7)
        try bench.guest.write(port: 0x104, .doubleWord, 260)
        try bench.guest.write(port: 0x108, .byte, 7)
        #expect(try bench.services.saveBlob() == before)
        #expect(bench.backend.writes.isEmpty)
        #expect(stop(bench, within: 5000).count == 1, "a second stop calls back too")
    }

    @Test("The domain goes while a change is parked: it is answered where there is nobody, once, and stops in time")
    func domainGone() throws {
        let bench = try ServiceBench()
        bench.backend.behaviour = .waits
        let access = try bench.begin(set("abc"))
        try bench.bench.destroyGuest()
        let flag = stop(bench, within: 5000)
        bench.backend.finish()
        #expect(flag.count == 1)
        #expect(try bench.data() == "abc")
        try? bench.server.close()
        _ = access.isOver
    }

    @Test("The server is closed while a change is parked: the vCPU goes on, and the answer that comes later is dropped")
    func serverClosed() throws {
        let bench = try ServiceBench()
        bench.backend.behaviour = .waits
        let access = try bench.begin(set("abc"))
        try bench.server.close()
        #expect(access.isOver)
        bench.backend.finish()
        #expect(try bench.data() == "abc")
        #expect(bench.bench.log.misuses.isEmpty)
    }
}

/// Counts calls.
private final class Flag {
    var count = 0
}
