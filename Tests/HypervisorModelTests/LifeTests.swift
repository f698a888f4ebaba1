// How domains end: dmop.md sections 3.16 and 12; rows Z.

import Testing
import XenABI

@testable import HypervisorModel

private final class Listener: EventSink {
    var ports: [EventPort] = []
    func portFired(_ port: EventPort) { ports.append(port) }
}

@Suite("The life of domains") struct LifeTests {
    @Test("the first reason stays, its low 8 bits: Z1")
    func shutdown() throws {
        let bench = try Bench()
        for reason: UInt32 in [0x103, 1] {
            #expect(bench.op(DMOP.RemoteShutdown(reason: ShutdownReason(reason))) == ok)
        }
        #expect(bench.guest.life.shutdownReason == .crash)
    }

    @Test("destroyed with a page still mapped, it answers as a dying domain: Z2", arguments: [1, 2])
    func dying(vcpus: Int) throws {
        let bench = try Bench(vcpus: vcpus)
        let id = try bench.create(2)
        #expect(bench.res(UInt32(id.rawValue), 0, 2) == ok)
        bench.guest.mappingCount += 1
        try bench.xen.destroyDomain(bench.guest.id)
        var count = DMOP.VCPUCount()
        var data: [UInt8] = [0]
        #expect(bench.op(&count, data: &data) == ok)
        #expect(count.count == UInt32(vcpus))
        #expect(throws: Refusal(.einval, "")) { try bench.create() }
        var track = DMOP.TrackDirtyVRAM(count: 1, first: GuestFrame(0))
        #expect(bench.op(&track, data: &data, buffers: 2) == .esrch)
        #expect(bench.op(DMOP.GetIOREQServerInfo(id: id, flags: .noGFNs)) == .enoent)
        #expect(bench.guest.page(of: GuestFrame(0)) == nil)
        #expect(bench.guest.ports.used.isEmpty)
        #expect(bench.guest.life.isDying && bench.guest.life.isDead)
        #expect(throws: Refusal(.eexist, "")) { try bench.xen.createDomain(DomainShape(), id: bench.guest.id) }
    }

    @Test("gone with its last mapping, any operation is ESRCH: Z3")
    func gone() throws {
        let bench = try Bench()
        bench.guest.mappingCount += 1
        try bench.xen.destroyDomain(bench.guest.id)
        bench.guest.mappingCount -= 1
        bench.xen.lastMappingGone(bench.guest)
        #expect(bench.op(DMOP.VCPUCount()) == .esrch)
        let other = try Bench()
        try other.xen.destroyDomain(other.guest.id)
        for opcode in DMOpcode.all {
            #expect(other.call([UInt8(opcode.rawValue)] + [UInt8](repeating: 0, count: 31)) == .esrch)
        }
        #expect(throws: Refusal(.esrch, "")) { try other.xen.destroyDomain(other.guest.id) }
    }

    @Test("dom0 hears of domains that come, shut down, die")
    func events() throws {
        let bench = try Bench()
        let control = try #require(bench.xen.domain(DomainID(0)))
        let listener = Listener()
        control.eventSink = listener
        let port = try bench.xen.bindVIRQ(control, .domainException)
        listener.ports = []
        let other = try bench.xen.createDomain(DomainShape())
        #expect(listener.ports == [port])
        bench.xen.shutDown(other, .powerOff)
        bench.xen.shutDown(other, .crash)
        #expect(listener.ports == [port, port])
        try bench.xen.destroyDomain(other.id)
        #expect(listener.ports.count > 2)
        #expect(throws: Refusal(.einval, "")) { try bench.xen.destroyDomain(DomainID(0)) }
    }

    @Test("a guest's RAM is zeroed pages, made once; its frames find theirs")
    func ram() throws {
        let bench = try Bench()
        let (run, page) = try #require(bench.guest.page(of: GuestFrame(0x3ff)))
        #expect(run.count == 0x400 && page == 0x3ff)
        #expect(try bench.guest.ramPages() === run)
        #expect(bench.guest.page(of: GuestFrame(0x400)) == nil)
        let empty = try Bench(.standard, DomainShape(frameCount: 0))
        #expect(throws: Refusal(.enomem, "")) { try empty.guest.ramPages() }
    }
}
