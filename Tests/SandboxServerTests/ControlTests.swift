// The control of a sandbox, and its beginning and end: socket, lock, left-over servers, clients that go.

import SandboxClient
import SandboxServer
import SandboxWire
import ServerCalls
import SystemCalls
import Testing
import XenABI
import XenDeviceModel
import XenPlatform

@testable import HypervisorModel

@Suite("Control and life of a sandbox") struct ControlTests {
    @Test("domains are made, listed, explained, destroyed") func domains() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        #expect(control.release == "4.17" && control.processID == processID)
        let id = try control.createDomain(DomainRequest(vcpuCount: 4, frameCount: 2048))
        let chosen = try control.createDomain(DomainRequest(kind: 1, id: DomainID(40)))
        #expect(chosen == DomainID(40))
        let device = try RunningDevice(sandbox, domain: id)
        let list = try control.listDomains()
        #expect(list.map(\.id) == [id, chosen])
        #expect(list[0].vcpuCount == 4 && list[0].frameCount == 2048 && list[0].serverCount == 1 && list[0].kind == 2)
        #expect(try control.explain("in 0x104 2", in: id).contains("0x104"))
        #expect(try control.status().contains("2 domains"))
        #expect(device.end() == "stopped")
        try control.destroyDomain(id)
        #expect(try control.listDomains().map(\.id) == [chosen])
    }

    @Test("what is wrong is said, and the connection stays") func refusals() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        func says(_ text: String, _ body: () throws -> Void) {
            let error = #expect(throws: SandboxError.self) { try body() }
            #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
        }
        says("EINVAL") { _ = try control.createDomain(DomainRequest(vcpuCount: 0)) }
        says("no guest 5") { _ = try control.runScript("in 0x100 1", in: DomainID(5)) }
        says("ESRCH") { try control.destroyDomain(DomainID(5)) }
        says("dom0 stays") { try control.destroyDomain(DomainID(0)) }
        let id = try control.createDomain(DomainRequest())
        says("EEXIST") { _ = try control.createDomain(DomainRequest(id: id)) }
        says("line 2: 'nonsense' is not a step") { _ = try control.runScript("in 0x100 1\nnonsense", in: id) }
        says("name an access") { _ = try control.explain("invalidate", in: id) }
        #expect(try control.runScript("in 0x100 1 expect 0xff", in: id) == "vcpu 0: in 0x100 1 expect 0xff -> 0xff")
    }

    @Test("a long trace comes whole") func longTrace() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        let id = try control.createDomain(DomainRequest())
        let trace = try control.runScript("repeat 20000\nnote ü\nend", in: id)
        #expect(trace.split(separator: "\n").filter { $0 == "vcpu 0: note ü" }.count == 20000)
        #expect(try control.trace(of: id) == trace)
    }

    @Test("one sandbox for each path; its socket goes with it") func onePath() throws {
        let sandbox = try RunningSandbox()
        let error = #expect(throws: SandboxStartError.self) {
            _ = try SandboxService(SandboxOptions(socketPath: sandbox.path))
        }
        #expect(error?.description == "a sandbox listens at \(sandbox.path) already: stop it, or choose another socket")
        _ = try sandbox.control().status()
        sandbox.end()
        let gone = #expect(throws: SandboxError.self) { _ = try sandbox.control() }
        #expect(
            gone?.description
                == "no sandbox listens at \(sandbox.path): start one with corbel sandbox start --socket \(sandbox.path)"
        )
        #expect(throws: SystemError(2, "open")) {
            _ = try OwnedDescriptor.open(path: sandbox.path + ".lock", .read).rawValue
        }
    }

    @Test("a socket that was left behind is replaced; a file is left alone") func stale() throws {
        let path = freshSocketPath()
        do { _ = try PacketSocket.listening(path: path) }
        do { _ = try SandboxService(SandboxOptions(socketPath: path)) }
        do {
            try OwnedDescriptor.open(path: path, .write, .create).writeAll(([1] as [UInt8]).span)
        }
        defer { try? removeFile(path: path) }
        let error = #expect(throws: SandboxStartError.self) {
            _ = try SandboxService(SandboxOptions(socketPath: path))
        }
        #expect(error?.description == "\(path) is there, and no socket: choose another path")
        #expect(try OwnedDescriptor.open(path: path, .read).byteCount() == 1)
        try? removeFile(path: path + ".lock")
    }

    @Test("the control stops the sandbox") func stops() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        try control.stop()
        let error = #expect(throws: SandboxError.self) {
            for _ in 0..<100 { _ = try control.status() }
        }
        #expect(error?.description == "the sandbox at \(sandbox.path) has gone: the sandbox ends")
    }

    @Test("when the sandbox goes, serving ends with an error that says so") func sandboxGoes() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest())
        let device = try RunningDevice(sandbox, domain: id)
        let platform = try sandbox.platform()
        sandbox.end()
        #expect(device.end(asking: false) == "the sandbox has gone: ENOTCONN (not connected)")
        #expect(try platform.events.wait(orReadable: nil, milliseconds: 5000) == .event)
        #expect(throws: XenError(.enotconn, "")) { _ = try platform.events.next() }
        #expect(throws: XenError(.enotconn, "")) { _ = try platform.domain(id, restricted: false).vcpuCount() }
        #expect(try waitUntilReadable(platform.events.descriptor, milliseconds: 0) == .first)
    }

    /// A process that makes a server and goes without a word.
    private func abandon(_ sandbox: RunningSandbox, _ id: DomainID) throws {
        let client = try RawClient(sandbox.path)
        _ = try client.ask(.hello, Hello())
        var frame = DMOPFrame(DMOP.CreateIOREQServer(handling: .off))
        let bytes = (0..<32).map { frame.bytes[$0] }
        frame = DMOPFrame()
        let answer = try client.ask(
            .dmOp, DeviceModelCall(id, [CallBuffer(address: 0x1000, byteCount: 32, bytes: bytes)]))
        #expect(answer.result.isSuccess)
        _ = try client.ask(.bindUnbound, NumberArgument(5))
    }

    @Test("a killed device model's ports go, its servers stay, and the log says so") func killed() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        let id = try control.createDomain(DomainRequest())
        try abandon(sandbox, id)
        #expect(try control.status().contains("connection 1"))
        let text = "ioreq server 0 of domain \(id.rawValue)"
        for _ in 0..<1000 where !sandbox.log.contains("left over") { _ = try control.status() }
        #expect(sandbox.log.contains("left over by") && sandbox.log.contains(text))
        #expect(try control.listDomains()[0].serverCount == 1)
        let platform = try sandbox.platform()
        #expect(try platform.events.bindUnbound(id).port == EventPort(1))
    }

    @Test("unless the sandbox is told to destroy them") func destroyed() throws {
        let sandbox = try RunningSandbox { $0.onDisconnect = .destroy }
        let control = try sandbox.control()
        let id = try control.createDomain(DomainRequest())
        try abandon(sandbox, id)
        for _ in 0..<1000 where !sandbox.log.contains("destroyed for") { _ = try control.status() }
        #expect(try control.listDomains()[0].serverCount == 0)
    }
}
