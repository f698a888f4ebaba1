// The platform in one process: mappings, events, domain states, waiting.

import HypervisorModel
import SandboxServer
import SystemCalls
import Testing
import XenABI
import XenDeviceModel
import XenPlatform

@Suite("Platform in one process") struct InProcessTests {
    private struct Stage {
        let sandbox: InProcessSandbox
        let guest: Domain
        let platform: Platform

        init(_ release: Release = .standard) throws {
            sandbox = try InProcessSandbox(release: release)
            guest = try sandbox.createDomain()
            platform = sandbox.platform()
        }

        /// A port of the guest's, that dom0 may bind; and its other end, bound.
        func bind() throws -> (remote: EventPort, bound: EventPort, keeper: Keeper) {
            let remote = try sandbox.hypervisor.allocateUnbound(in: guest, remote: DomainID(0))
            let bound = try platform.events.bindInterdomain(guest.id, port: remote)
            let number = bound.port
            return (remote, number, Keeper(bound))
        }

        func fire(_ remote: EventPort) { sandbox.hypervisor.send(guest, remote) }
    }

    private final class Keeper {
        private var port: BoundPort?
        init(_ port: consuming BoundPort) { self.port = consume port }
    }

    private func isReadable(_ descriptor: Int32) throws -> Bool {
        try !waitUntilReadable(descriptor, milliseconds: 0).isEmpty
    }

    @Test("any list of frames is one mapping, in its order, of the guest's own pages; a frame twice is two views")
    func frames() throws {
        let stage = try Stage()
        for frame in 0..<8 as Range<UInt64> { stage.guest.storeByte(frame * 4096, UInt8(0x10 + frame)) }
        let order: [UInt64] = [5, 6, 2, 0, 6]
        let pages = try stage.platform.memory.mapFrames(
            stage.guest.id, order.map { GuestFrame($0) }, access: .readWrite)
        #expect((0..<5).map { pages.load(byteCount: 1, at: $0 * 4096) } == [0x15, 0x16, 0x12, 0x10, 0x16])
        pages.store(0xEE, byteCount: 1, at: 4096 + 7)
        #expect(pages.load(byteCount: 1, at: 4 * 4096 + 7) == 0xEE)
        #expect(stage.guest.loadByte(6 * 4096 + 7) == 0xEE)
        #expect(stage.guest.mappingCount == 1)
        pages.close()
        #expect(stage.guest.mappingCount == 0)
    }

    @Test("a frame that can't be mapped fails the whole call, and is named")
    func badFrame() throws {
        let stage = try Stage()
        do throws(XenError) {
            _ = try stage.platform.memory.mapFrames(stage.guest.id, [GuestFrame(1), GuestFrame(9999)], access: .read)
            Issue.record("mapped")
        } catch {
            #expect(error.code == .einval)
            #expect(error.value == 9999)
        }
        #expect(stage.guest.mappingCount == 0)
        #expect(throws: XenError(.esrch, "")) {
            _ = try stage.platform.memory.mapFrames(DomainID(77), [GuestFrame(1)], access: .read)
        }
    }

    @Test("the descriptor is readable exactly while next() has an answer, also for what came before it was asked for")
    func descriptor() throws {
        let stage = try Stage()
        let events = stage.platform.events
        let (remote, port, keeper) = try stage.bind()
        let descriptor = events.descriptor
        #expect(try isReadable(descriptor))
        #expect(try events.next() == port)
        #expect(try !isReadable(descriptor))
        stage.fire(remote)
        #expect(try !isReadable(descriptor))
        try events.unmask(port)
        #expect(try isReadable(descriptor))
        #expect(try events.next() == port)
        #expect(try events.next() == nil)
        #expect(try !isReadable(descriptor))
        withExtendedLifetime(keeper) {}
    }

    @Test("waiting lets guests run, and ends by an event, by the other descriptor or by time")
    func waiting() throws {
        let stage = try Stage()
        let events = stage.platform.events
        #expect(try events.wait(orReadable: nil, milliseconds: 1) == .timeout)
        let (remote, port, keeper) = try stage.bind()
        #expect(try events.wait(orReadable: nil, milliseconds: nil) == .event)
        _ = try events.next()
        try events.unmask(port)
        var runs = 0
        stage.sandbox.whenIdle = {
            runs += 1
            if runs == 3 { stage.fire(remote) }
            return runs <= 3
        }
        #expect(try events.wait(orReadable: nil, milliseconds: 0) == .event)
        #expect(runs == 3)
        let stop = try EventCounter()
        try stop.signal()
        #expect(try events.wait(orReadable: stop.descriptor.rawValue, milliseconds: 0) == .other)
        _ = try events.next()
        #expect(try events.wait(orReadable: stop.descriptor.rawValue, milliseconds: 0) == .other)
        withExtendedLifetime(keeper) {}
    }

    @Test("a program that is asked to stop does, although events never end")
    func busyStop() throws {
        let stage = try Stage()
        let events = stage.platform.events
        let (_, _, keeper) = try stage.bind()
        let stop = try EventCounter()
        try stop.signal()
        var rounds = 0
        while try events.wait(orReadable: stop.descriptor.rawValue, milliseconds: 0) == .event, rounds < 1000 {
            rounds += 1
        }
        #expect(rounds < 100)
        withExtendedLifetime(keeper) {}
    }

    @Test("each platform has handles of its own: a restriction is one platform's, a port too")
    func separateHandles() throws {
        let stage = try Stage()
        let other = stage.sandbox.platform()
        let second = try stage.sandbox.createDomain()
        try other.restrict(to: second.id)
        try other.restrict(to: second.id)
        #expect(throws: XenError(.eperm, "")) { _ = try other.domain(stage.guest.id, restricted: false) }
        _ = try stage.platform.domain(stage.guest.id, restricted: false)
        let (_, port, keeper) = try stage.bind()
        #expect(throws: XenError(.enotconn, "")) { try other.events.notify(port) }
        #expect(try other.events.next() == nil)
        withExtendedLifetime(keeper) {}
    }

    @Test("a platform that goes unbinds its ports")
    func platformGoes() throws {
        let stage = try Stage()
        let remote = try stage.sandbox.hypervisor.allocateUnbound(in: stage.guest, remote: DomainID(0))
        do {
            let platform = stage.sandbox.platform()
            _ = try platform.events.bindInterdomain(stage.guest.id, port: remote)
        }
        _ = try stage.platform.events.bindInterdomain(stage.guest.id, port: remote)
    }

    @Test("domain states are EOPNOTSUPP before 4.21, and polled from then on")
    func states() throws {
        let old = try Stage(Release(.v4_17))
        #expect(throws: XenError(.eopnotsupp, "")) { try old.platform.states?.state(of: old.guest.id) }
        let new = try Stage(Release(.v4_21))
        let states = try #require(new.platform.states)
        #expect(try states.state(of: new.guest.id).exists)
        #expect(throws: XenError(.esrch, "")) { try states.state(of: .invalid) }
        #expect(try states.pollChanged() == nil)
        let bound = try new.platform.events.bindVIRQ(.domainException)
        #expect(try states.pollChanged()?.domain == DomainID(0))
        #expect(try states.pollChanged()?.domain == new.guest.id)
        #expect(try states.pollChanged() == nil)
        new.sandbox.hypervisor.shutDown(new.guest, .powerOff)
        #expect(try states.pollChanged()?.isShutDown == true)
        bound.close()
    }

    @Test("Z2, Z3, Z4: a destroyed domain stays while a page of it is mapped, and goes with the mapping")
    func destroyed() throws {
        let stage = try Stage()
        let pages = try stage.platform.memory.mapFrames(stage.guest.id, [GuestFrame(3)], access: .readWrite)
        pages.store(0x77, byteCount: 1, at: 0)
        let id = stage.guest.id
        try stage.sandbox.hypervisor.destroyDomain(id)
        #expect(stage.sandbox.hypervisor.domain(id) != nil)
        #expect(throws: Refusal(.eexist, "")) { try stage.sandbox.createDomain(id: id) }
        #expect(pages.load(byteCount: 1, at: 0) == 0x77)
        pages.close()
        #expect(stage.sandbox.hypervisor.domain(id) == nil)
        try stage.sandbox.createDomain(id: id)
    }

    @Test("bindings that come and go without anybody reading overflow the ring: then every bound port is handed out")
    func overflow() throws {
        let stage = try Stage()
        let events = stage.platform.events
        let remote = try stage.sandbox.hypervisor.allocateUnbound(in: stage.guest, remote: DomainID(0))
        let (_, kept, keeper) = try stage.bind()
        for _ in 0..<100 { _ = try events.bindInterdomain(stage.guest.id, port: remote) }
        #expect(try isReadable(events.descriptor))
        #expect(try events.wait(orReadable: nil, milliseconds: 0) == .event)
        #expect(try events.next() == kept)
        #expect(try events.next() == nil)
        #expect(try !isReadable(events.descriptor))
        withExtendedLifetime(keeper) {}
    }

    @Test("a stub domain serves its guest, and dom0 has no part in its server")
    func stubDomain() throws {
        let stage = try Stage()
        let stub = try stage.sandbox.createDomain()
        let kernel = try LinuxKernel(
            stage.sandbox.hypervisor, caller: Caller(stub.id, .deviceModel(of: stage.guest.id)))
        let platform = stage.sandbox.platform(of: kernel)
        let domain = try platform.domain(stage.guest.id, restricted: true)
        let server = try domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x100), for: Answering()).enable()
        let vcpu = try #require(stage.guest.vcpus.first)
        #expect(vcpu.perform(.input(0x100, .one)) == .waiting)
        try domain.process()
        #expect(vcpu.resume() == .done(0x42))
        let other = try stage.platform.domain(stage.guest.id, restricted: false)
        #expect(try other.ioreqServerIDs().isEmpty)
        #expect(throws: XenError(.eperm, "")) { try other.destroyLeftOverServer(server.id, force: true) }
        #expect(throws: XenError(.eperm, "")) { _ = try platform.domain(DomainID(77), restricted: false) }
    }

    private final class Answering: RegisterDevice {
        func read(offset: UInt64, width: AccessWidth) -> UInt64 { 0x42 }
        func write(offset: UInt64, width: AccessWidth, value: UInt64) {}
    }
}
