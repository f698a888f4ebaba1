// What there is no more of, who does not answer, and whom the sandbox does not let in.

import EventLoop
import SandboxWire
import ServerCalls
import Synchronization
import ServerCalls
import SystemCalls
import Testing
import XenABI
import XenPlatform

@testable import HypervisorModel
@testable import SandboxClient
@testable import SandboxServer

@Suite("Limits, silence, and other bad days") struct LimitTests {
    @Test("domains, vCPUs and frames have limits that are said") func domains() throws {
        let sandbox = try RunningSandbox {
            $0.limits.domains = 2
            $0.limits.framesPerDomain = 5000
        }
        let control = try sandbox.control()
        func says(_ text: String, _ request: DomainRequest) {
            let error = #expect(throws: SandboxError.self) { _ = try control.createDomain(request) }
            #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
        }
        says("128 vCPUs at most", DomainRequest(vcpuCount: 129))
        says("5000 frames at most", DomainRequest(frameCount: 5001))
        let first = try control.createDomain(DomainRequest(vcpuCount: 128, frameCount: 5000))
        _ = try control.createDomain(DomainRequest())
        says("there are 2 domains", DomainRequest())
        try control.destroyDomain(first)
        _ = try control.createDomain(DomainRequest())
        let error = #expect(throws: SandboxError.self) {
            _ = try control.runScript("rep ins 0x100 4 count 4097 to 0", in: DomainID(2))
        }
        #expect(error?.description.contains("at most 4096") == true)
    }

    @Test("without memory for a guest's RAM or a server's pages: ENOMEM") func noMemory() throws {
        final class NoPages: PageSource {
            func makePages(count: Int, purpose: StaticString) throws(Refusal) -> PageRun {
                throw Refusal(.enomem, "none")
            }
        }
        let xen = Hypervisor(pageSource: NoPages())
        let domain = try xen.createDomain(DomainShape())
        let file = try LinuxKernel(xen, caller: Caller(DomainID(0), .control), options: KernelOptions()).openPrivcmd()
        let mapping = try file.mapFrames(domain.id, [GuestFrame(1), GuestFrame(0x5000)])
        #expect(mapping.results.map(\.errno) == [-12, -22])
        var operation = [UInt8](repeating: 0, count: 32)
        operation[0] = 1
        var first = operation.mutableSpan
        var none = MutableSpan<UInt8>()
        try file.dmOp(domain.id, &first, &none)
        #expect(throws: Refusal(.enomem, "")) {
            _ = try file.mapResource(domain.id, .ioreqServer, id: 0, firstFrame: 1, count: 1)
        }
        let guest = Guest(domain, try GuestProgram(script: "write 0x1000 01\nexpect memory 0x1000 ff"))
        guest.runUntilIdle()
        #expect(guest.isFinished && guest.trace.failureCount == 0)
    }

    @Test("a sandbox that does not answer is given up after its time, with a word that says so") func silent() throws {
        let path = freshSocketPath()
        let listening = try PacketSocket.listening(path: path)
        defer { try? removeFile(path: path) }
        let error = #expect(throws: SandboxError.self) { _ = try SandboxControl(path: path, answerMilliseconds: 100) }
        #expect(
            error?.description
                == "the sandbox at \(path) does not answer: it is stopped, or another program listens there")
        let connection = try SandboxConnection.open(path: path, answerMilliseconds: 100)
        #expect(throws: XenError(.etimedout, "")) { _ = try connection.ask(.resetEvents, NoBody()).hasMore }
        // It is over then: an answer that comes late is nobody's.
        #expect(throws: XenError(.enotconn, "")) { _ = try connection.ask(.resetEvents, NoBody()).hasMore }
        withExtendedLifetime(listening.descriptor.rawValue) {}
    }

    @Test("work that takes long says that it goes on, and is waited for") func reassured() throws {
        let path = freshSocketPath()
        let listening = try PacketSocket.listening(path: path)
        try listening.descriptor.setNonBlocking(false)
        defer { try? removeFile(path: path) }
        let connection = try SandboxConnection.open(path: path, answerMilliseconds: 5000)
        guard let server = try listening.accept() else { return }
        // Sent before it is asked for; the first packet has number 1.
        for isMore in [true, true, false] {
            var writer = WireWriter()
            let flags = WireHeader.answer | (isMore ? WireHeader.more : 0)
            WireHeader(.dmOp, flags: flags, sequence: 1).begin(&writer)
            WireResult.success.encode(into: &writer)
            if !isMore { DeviceModelAnswer([.init(index: 0, bytes: [7])]).encode(into: &writer) }
            WireHeader.seal(&writer)
            try server.send(writer.bytes.span, waits: true)
        }
        var bytes: [UInt8] = [1]
        var operation = bytes.mutableSpan
        var none = MutableSpan<UInt8>()
        try SandboxCalls(connection).dmOp(DomainID(1), &operation, &none)
        #expect(bytes == [7])
    }

    @Test("only root and its own user may connect") func users() {
        func peer(_ user: UInt32) -> PeerCredentials { PeerCredentials(processID: 1, userID: user, groupID: 0) }
        #expect(SandboxService.mayConnect(peer(0), to: 1000))
        #expect(SandboxService.mayConnect(peer(1000), to: 1000))
        #expect(!SandboxService.mayConnect(peer(1001), to: 1000))
        #expect(!SandboxService.mayConnect(peer(65534), to: 0))
    }

    @Test("stopping returns when the socket is gone") func stops() throws {
        for _ in 0..<20 {
            let sandbox = try RunningSandbox()
            let control = try sandbox.control()
            try control.stop()
            let error = #expect(throws: SandboxError.self) { _ = try sandbox.control() }
            #expect(error?.description.contains("no sandbox listens") == true)
        }
    }

    @Test("a socket whose name was removed: who is connected goes on, and no second sandbox takes the path")
    func removed() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        try removeFile(path: sandbox.path)
        _ = try control.createDomain(DomainRequest())
        let nobody = #expect(throws: SandboxError.self) { _ = try sandbox.control() }
        #expect(nobody?.description.contains("no sandbox listens") == true)
        let second = #expect(throws: SandboxStartError.self) {
            _ = try SandboxService(SandboxOptions(socketPath: sandbox.path))
        }
        #expect(second?.description.contains("listens at") == true)
        sandbox.end()
        _ = try SandboxService(SandboxOptions(socketPath: sandbox.path))
    }

    @Test("65,536 pages are one mapping") func manyPages() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest(frameCount: 65_536))
        let memory = try sandbox.platform().memory
        let pages = try memory.mapFrames(id, (0..<65_536).map { GuestFrame(UInt64($0)) }, access: .readWrite)
        pages.store(9, byteCount: 1, at: 65_535 * 4096)
        let last = try memory.mapFrames(id, [GuestFrame(65_535)], access: .read)
        #expect(last.load(byteCount: 1, at: 0) == 9)
    }

    @Test("addresses beyond the guest's memory, up to the last one") func beyond() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        let id = try control.createDomain(DomainRequest(frameCount: 16))
        let trace = try control.runScript(
            """
            write 0xfffffffffffffffe 01 02 03 04
            fill 0xffffffffffffff00 4096 7
            expect memory 0xfffffffffffff000 ff ff
            rep ins 0x300 4 count 4000 to 0xfffffffffffffff0
            rep outs 0x300 4 count 4000 from 0xfffffffffffffff0
            rep outs 0x300 4 count 4000 from 0x10 down
            rep movs 0xfffffffffffff000 8 count 4000 from 0xff00
            load 0xffffffffffffffff 8 expect 0xffffffffffffffff
            store 0xffffffffffffffff 8 1
            note end
            """, in: id)
        #expect(trace.contains("note end") && !trace.contains("were not met"))
        let memory = try sandbox.platform().memory
        for frame: UInt64 in [16, 1 << 40, .max >> 12, .max] {
            let error = #expect(throws: XenError.self) {
                _ = try memory.mapFrames(id, [GuestFrame(frame)], access: .read).byteCount
            }
            #expect(error?.code == .einval && error?.value == frame)
        }
    }

    @Test("a guest's RAM can't be made shorter, longer or unsealed by who maps it") func sealedRAM() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest())
        let client = try RawClient(sandbox.path)
        _ = try client.ask(.hello, Hello())
        for kind in [WireKind.mapFrames, .mapResource] {
            if kind == .mapFrames {
                #expect(try client.ask(kind, FrameMapping(id, isWritable: true, [1])).result.isSuccess)
            } else {
                _ = try client.ask(.dmOp, DeviceModelCall(id, [operation(1)]))
                let request = ResourceMapping(id, .ioreqServer, id: 0, firstFrame: 1, count: 1)
                #expect(try client.ask(kind, request).result.isSuccess)
            }
            guard let file = client.take(0) else {
                Issue.record("no file")
                return
            }
            for size in [0, 1, 4096 * 1025] {
                #expect(throws: SystemError(1, "ftruncate")) { try file.truncate(to: size) }
            }
        }
    }

    @Test("who polls the descriptor itself misses nothing, though waiting spins") func spinning() throws {
        let sandbox = try RunningSandbox()
        let connection = try SandboxConnection.open(path: sandbox.path)
        let events = try connection.attach(Hello(), spinMicroseconds: 100_000)
        let other = try sandbox.platform()
        let id = try sandbox.control().createDomain(DomainRequest(kind: 0, frameCount: 0))
        let guest = try SandboxClient.open(path: sandbox.path, caller: Hello(caller: id, privilege: .none))
        var offered: [EventPort] = []
        func offer() throws -> BoundPort {
            let port = try events.bindUnbound(id)
            offered.append(port.port)
            return port
        }
        let first = try offer()
        let second = try offer()
        let one = try guest.events.bindInterdomain(DomainID(0), port: first.port)
        let two = try guest.events.bindInterdomain(DomainID(0), port: second.port)
        try guest.events.notify(one.port)
        #expect(try events.wait(orReadable: nil, milliseconds: 5000) == .event)
        // Nothing was taken from the ring, and the sandbox owes no signal.
        #expect(try waitUntilReadable(events.descriptor, milliseconds: 0) == .first)
        #expect(try events.next() == first.port)
        // It stops before it has heard that there is no more.
        try guest.events.notify(two.port)
        #expect(try waitUntilReadable(events.descriptor, milliseconds: 5000) == .first)
        #expect(try events.wait(orReadable: nil, milliseconds: 5000) == .event)
        #expect(try events.next() == second.port)
        #expect(try events.next() == nil)
        try expectSilence(of: events, milliseconds: 30)
        for _ in 0..<20 {
            try events.unmask(first.port)
            try guest.events.notify(one.port)
            #expect(try waitUntilReadable(events.descriptor, milliseconds: 5000) == .first)
            #expect(try events.wait(orReadable: nil, milliseconds: 5000) == .event)
            #expect(try events.next() == first.port)
        }
        withExtendedLifetime(other) {}
    }
}
