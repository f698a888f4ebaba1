// The platform across a socket: the same answers as on real Xen, from a device model of its own.

import SandboxClient
import SandboxServer
import SandboxWire
import SystemCalls
import Testing
import XenABI
import XenDeviceModel
import XenPlatform

@testable import HypervisorModel

@Suite("Across the socket") struct AcrossTests {
    @Test("a guest's accesses are served by a device model on the other side") func served() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        let domain = try control.createDomain(DomainRequest(vcpuCount: 2))
        let device = try RunningDevice(sandbox, domain: domain)
        let trace = try control.runScript(
            """
            out 0x100 4 0x11223344
            in 0x100 4 expect 0x11223344
            in 0x101 1 expect 0x33
            repeat 500
            out 0x104 2 0xabcd
            in 0x104 2 expect 0xabcd
            end
            in 0x200 1 expect 0xff
            vcpu 1
            repeat 300
            out 0x108 1 7
            end
            """, in: domain)
        #expect(trace.contains("vcpu 0: in 0x101 1 expect 0x33 -> 0x33"))
        #expect(!trace.contains("were not met"))
        let lines = trace.split(separator: "\n")
        #expect(lines.count == 3 + 1000 + 1 + 300)
        #expect(device.end() == "stopped")
        #expect(!sandbox.log.contains("left over"))
    }

    @Test("spinning on both sides serves the same") func spinning() throws {
        let sandbox = try RunningSandbox { $0.spinMicroseconds = 50 }
        let control = try sandbox.control()
        let domain = try control.createDomain(DomainRequest())
        let device = try RunningDevice(sandbox, domain: domain)
        let trace = try control.runScript(
            "repeat 300\nout 0x104 2 0xabcd\nin 0x104 2 expect 0xabcd\nend", in: domain)
        #expect(!trace.contains("were not met") && trace.split(separator: "\n").count == 600)
        #expect(device.end() == "stopped")
    }

    @Test("operations answer Xen's errnos and write where Xen writes") func operations() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest(vcpuCount: 3))
        let platform = try sandbox.platform()
        let domain = try platform.domain(id, restricted: false)
        #expect(try domain.vcpuCount() == 3)
        #expect(try domain.isAlive())
        #expect(throws: XenError(.esrch, "")) { _ = try platform.domain(DomainID(77), restricted: false).vcpuCount() }
        #expect(throws: XenError(.eperm, "")) { _ = try platform.domain(DomainID(0), restricted: false).vcpuCount() }
        #expect(sandbox.log.contains("ESRCH"))
    }

    @Test("a buffer above 4096 bytes is E2BIG, by its size alone") func largeBuffer() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest())
        let calls = try sandbox.platform().calls
        var bytes = [UInt8](repeating: 0, count: 5000)
        var operation = bytes.mutableSpan
        var none = MutableSpan<UInt8>()
        let error = try refusal { () throws(XenError) in try calls.dmOp(id, &operation, &none) }
        #expect(error == .e2big)
    }

    private func refusal(_ body: () throws(XenError) -> Void) throws -> XenErrorCode? {
        do throws(XenError) {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test("restriction is per connection, and covers mapping and hypercalls") func restriction() throws {
        let sandbox = try RunningSandbox(release: Release(.v4_21))
        let control = try sandbox.control()
        let (one, two) = (try control.createDomain(DomainRequest()), try control.createDomain(DomainRequest()))
        let (restricted, free) = (try sandbox.platform(), try sandbox.platform())
        try restricted.restrict(to: one)
        try restricted.restrict(to: one)
        #expect(throws: XenError(.einval, "")) { try restricted.calls.restrict(to: two) }
        #expect(throws: XenError(.eperm, "")) {
            _ = try restricted.memory.mapFrames(two, [GuestFrame(1)], access: .read).byteCount
        }
        #expect(throws: XenError(.eacces, "")) { _ = try restricted.events.bindUnbound(one).port }
        #expect(throws: XenError(.eperm, "")) { _ = try restricted.states?.state(of: one) }
        #expect(try restricted.memory.mapFrames(one, [GuestFrame(1)], access: .read).byteCount == 4096)
        #expect(try free.memory.mapFrames(two, [GuestFrame(1)], access: .read).byteCount == 4096)
        #expect(try free.states?.state(of: one).exists == true)
    }

    @Test("8,000 pages, in an order of their own, are one mapping, and the guest's memory") func mapping() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        let id = try control.createDomain(DomainRequest(frameCount: 9000))
        let platform = try sandbox.platform()
        let frames = (0..<8000).map { GuestFrame(UInt64(($0 * 4001) % 9000)) }
        let pages = try platform.memory.mapFrames(id, frames, access: .readWrite)
        #expect(pages.byteCount == 8000 * 4096)
        for index in stride(from: 0, to: 8000, by: 7) { pages.store(UInt64(index), byteCount: 4, at: index * 4096) }
        let other = try sandbox.platform()
        let again = try other.memory.mapFrames(id, Array(frames.prefix(700)), access: .read)
        for index in stride(from: 0, to: 700, by: 7) { #expect(again.load(byteCount: 4, at: index * 4096) == index) }
        #expect(try control.status().contains("1 mappings"))
    }

    @Test("more frames than a packet has are mapped in parts, and given up in parts") func largeMapping() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        let id = try control.createDomain(DomainRequest(frameCount: 20000))
        let platform = try sandbox.platform()
        do {
            let frames = (0..<20000).map { GuestFrame(UInt64($0)) }
            let pages = try platform.memory.mapFrames(id, frames, access: .readWrite)
            pages.store(5, byteCount: 1, at: 19999 * 4096)
            let last = try platform.memory.mapFrames(id, [GuestFrame(19999)], access: .read)
            #expect(last.load(byteCount: 1, at: 0) == 5)
            #expect(try control.status().contains("4 mappings"))
        }
        _ = try platform.memory.resourceSize(id, .ioreqServer, id: 0)
        #expect(try control.status().contains("0 mappings"))
    }

    @Test("a frame that is not there fails the whole mapping, by its number; counts have limits") func holes() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest())
        let memory = try sandbox.platform().memory
        let error = #expect(throws: XenError.self) {
            _ = try memory.mapFrames(id, [GuestFrame(1), GuestFrame(0x5000)], access: .read).byteCount
        }
        #expect(error?.code == .einval && error?.value == 0x5000)
        #expect(throws: XenError(.einval, "")) { _ = try memory.mapFrames(id, [], access: .read).byteCount }
        let many = [GuestFrame](repeating: GuestFrame(0), count: 65_537)
        #expect(throws: XenError(.e2big, "")) { _ = try memory.mapFrames(id, many, access: .read).byteCount }
        #expect(throws: XenError(.esrch, "")) {
            _ = try memory.mapFrames(DomainID(77), [GuestFrame(0)], access: .read).byteCount
        }
    }

    @Test("resources: sizes, frames that are there, frames that are not") func resources() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest())
        let platform = try sandbox.platform()
        #expect(try platform.memory.resourceSize(id, .ioreqServer, id: 77) == 2)
        #expect(throws: XenError(.enoent, "")) {
            _ = try platform.memory.mapResource(id, .ioreqServer, id: 3, frame: 1, count: 1).byteCount
        }
        // However many frames: what is wrong with the first one comes first, and before that whose they are.
        func many(_ id: DomainID) throws(XenError) {
            _ = try platform.memory.mapResource(id, .ioreqServer, id: 0, frame: 0, count: 60_000).byteCount
        }
        #expect(throws: XenError(.enoent, "")) { try many(id) }
        let server = try platform.domain(id, restricted: false).makeIOREQServer()
        #expect(throws: XenError(.enoent, "")) { try many(id) }
        try platform.calls.restrict(to: id)
        #expect(throws: XenError(.eperm, "")) { try many(DomainID(77)) }
        #expect(sandbox.log.contains("9.1 restricted to another domain"))
        try server.close()
    }

    @Test("two processes' ports: a fresh one fires without cause, notifying wakes, unmasking lets fire again")
    func events() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest(kind: 0, id: DomainID(9), frameCount: 0))
        let (dom0, guest) = (
            try sandbox.platform(),
            try SandboxClient.open(path: sandbox.path, caller: Hello(caller: id, privilege: .none))
        )
        let offered = try dom0.events.bindUnbound(id)
        let bound = try guest.events.bindInterdomain(DomainID(0), port: offered.port)
        #expect(try guest.events.wait(orReadable: nil, milliseconds: 5000) == .event)
        #expect(try guest.events.next() == bound.port)
        #expect(try guest.events.next() == nil)
        #expect(try guest.events.wait(orReadable: nil, milliseconds: 0) == .timeout)
        try dom0.events.notify(offered.port)
        #expect(try guest.events.wait(orReadable: nil, milliseconds: 50) == .timeout)
        try guest.events.unmask(bound.port)
        #expect(try waitUntilReadable(guest.events.descriptor, milliseconds: 5000) == .first)
        #expect(try guest.events.next() == bound.port)
        #expect(try guest.events.next() == nil)
        try guest.events.unmask(bound.port)
        try guest.events.notify(bound.port)
        #expect(try dom0.events.wait(orReadable: nil, milliseconds: 5000) == .event)
        #expect(try dom0.events.next() == offered.port)
        #expect(throws: XenError(.enotconn, "")) { try dom0.events.notify(EventPort(900)) }
        try dom0.events.unmask(EventPort(900))
        #expect(throws: XenError(.einval, "")) {
            _ = try guest.events.bindInterdomain(DomainID(0), port: EventPort(999)).port
        }
    }

    @Test("the descriptor is readable while there is more, and not afterwards") func descriptor() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest(kind: 0, id: DomainID(9), frameCount: 0))
        let dom0 = try sandbox.platform()
        let guest = try SandboxClient.open(path: sandbox.path, caller: Hello(caller: id, privilege: .none))
        let offered = try (0..<3).map { _ in Port(try dom0.events.bindUnbound(id)) }
        let bound = try offered.map {
            Port(try guest.events.bindInterdomain(DomainID(0), port: $0.port.port))
        }
        #expect(try waitUntilReadable(guest.events.descriptor, milliseconds: 5000) == .first)
        _ = try guest.events.next()
        #expect(try waitUntilReadable(guest.events.descriptor, milliseconds: 0) == .first)
        while try guest.events.next() != nil {}
        try expectSilence(of: guest.events, milliseconds: 50)
        withExtendedLifetime(bound) {}
    }

    @Test("a long wait runs out on time, also after others that were ended or shorter; what ends it wakes nobody else")
    func longWaits() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest(kind: 0, id: DomainID(9), frameCount: 0))
        let (dom0, guest) = (
            try sandbox.platform(),
            try SandboxClient.open(path: sandbox.path, caller: Hello(caller: id, privilege: .none))
        )
        let offered = try dom0.events.bindUnbound(id)
        let bound = try guest.events.bindInterdomain(DomainID(0), port: offered.port)
        // Two waits that the port ends, and what they were to wait for has not come when the next one begins.
        for milliseconds: Int32 in [400, 300] {
            #expect(try guest.events.wait(orReadable: nil, milliseconds: milliseconds) == .event)
            while try guest.events.next() != nil {}
            try guest.events.unmask(bound.port)
            try dom0.events.notify(offered.port)
        }
        #expect(try guest.events.wait(orReadable: nil, milliseconds: 5000) == .event)
        while try guest.events.next() != nil {}
        for milliseconds: Int32 in [350, 150, 20, 200] {
            let begin = MonotonicTime.now
            #expect(try guest.events.wait(orReadable: nil, milliseconds: milliseconds) == .timeout)
            #expect(MonotonicTime.now >= begin.advanced(byMilliseconds: milliseconds))
            #expect(MonotonicTime.now < begin.advanced(byMilliseconds: milliseconds + 5000))
        }
        // Ended early by the port: the descriptor does not tell of the time that was to be waited for.
        try guest.events.unmask(bound.port)
        try dom0.events.notify(offered.port)
        #expect(try guest.events.wait(orReadable: nil, milliseconds: 100) == .event)
        while try guest.events.next() != nil {}
        try expectSilence(of: guest.events, milliseconds: 250)
    }

    /// In an array.
    private final class Port {
        let port: BoundPort

        init(_ port: consuming BoundPort) { self.port = port }
    }

    @Test("domain states are polled where the Xen that is modelled has them") func states() throws {
        let old = try RunningSandbox()
        #expect(throws: XenError(.eopnotsupp, "")) { _ = try old.platform().states?.pollChanged() }
        let sandbox = try RunningSandbox(release: Release(.v4_21))
        let control = try sandbox.control()
        let platform = try sandbox.platform()
        let virq = try platform.events.bindVIRQ(.domainException)
        while try platform.states?.pollChanged() != nil {}
        let id = try control.createDomain(DomainRequest())
        #expect(try platform.events.wait(orReadable: nil, milliseconds: 5000) == .event)
        #expect(try platform.events.next() == virq.port)
        #expect(try platform.states?.pollChanged()?.domain == id)
        try control.destroyDomain(id)
        #expect(throws: XenError(.esrch, "")) { _ = try platform.states?.state(of: id) }
    }

    @Test("a stub domain's process has its domain's rights only") func stubDomain() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        let (target, other) = (try control.createDomain(DomainRequest()), try control.createDomain(DomainRequest()))
        let stub = try control.createDomain(DomainRequest(kind: 0, frameCount: 0))
        let hello = Hello(caller: stub, privilege: .deviceModel, target: target)
        let platform = try SandboxClient.open(path: sandbox.path, caller: hello)
        #expect(try platform.domain(target, restricted: false).vcpuCount() == 1)
        #expect(throws: XenError(.eperm, "")) { _ = try platform.domain(other, restricted: false).vcpuCount() }
        let nobody = Hello(caller: DomainID(99), privilege: .none)
        let error = #expect(throws: SandboxError.self) {
            _ = try SandboxClient.open(path: sandbox.path, caller: nobody)
        }
        #expect(error?.description.contains("there is no domain 99") == true)
    }
}
