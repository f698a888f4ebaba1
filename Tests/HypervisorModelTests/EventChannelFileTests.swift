// /dev/xen/evtchn: rows C1 to C13 of dmop.md 18.6, masks and the ring.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Event channel files") struct EventChannelFileTests {
    private struct Stage {
        let bench: KernelBench
        let file: EventChannelFile
        /// A port of the guest that dom0 may bind.
        let remote: EventPort

        init() throws {
            bench = try KernelBench()
            file = bench.kernel.openEvtchn()
            remote = try bench.xen.allocateUnbound(in: bench.guest, remote: DomainID(0))
        }

        var guest: UInt32 { UInt32(bench.guest.id.rawValue) }

        func bound() throws -> EventPort { try file.bindInterdomain(guest, remote) }

        /// The guest sends by its port.
        func fire() { bench.xen.send(bench.guest, remote) }

        /// Takes the event that a fresh binding has without cause, and lets the port fire again.
        func boundAndQuiet() throws -> EventPort {
            let port = try bound()
            _ = try file.next()
            file.unmask(port)
            return port
        }
    }

    private func verdict(_ file: EventChannelFile, _ number: UInt32, _ argument: (any WireLayout)?) -> XenErrorCode? {
        refusal { () throws(Refusal) in _ = try file.control(number, argument?.encodedBytes) }
    }

    private func port(_ number: UInt32) -> EventChannelArgument { EventChannelArgument(value: number) }

    @Test("C1, C2: NOTIFY of a port that is not ours is ENOTCONN; UNBIND ENOTCONN, and EINVAL beyond the range")
    func strangers() throws {
        let file = try Stage().file
        #expect(verdict(file, EventChannelCall.notify, port(900)) == .enotconn)
        #expect(verdict(file, EventChannelCall.notify, port(.max)) == .enotconn)
        #expect(verdict(file, EventChannelCall.unbind, port(900)) == .enotconn)
        #expect(verdict(file, EventChannelCall.unbind, port(.max)) == .einval)
    }

    @Test("C3: an unknown ioctl is ENOSYS, and an unreadable argument EFAULT")
    func unknown() throws {
        let file = try Stage().file
        #expect(verdict(file, 0x4599, nil) == .enosys)
        for number in [
            EventChannelCall.bindVIRQ, EventChannelCall.bindInterdomain, EventChannelCall.bindUnboundPort,
            EventChannelCall.unbind, EventChannelCall.notify, EventChannelCall.restrict,
        ] { #expect(verdict(file, number, nil) == .efault) }
    }

    @Test("C4: reading when nothing has fired is EAGAIN; 3 bytes are none")
    func emptyRead() throws {
        let file = try Stage().file
        #expect(throws: Refusal(.eagain, "")) { try file.read(byteCount: 4) }
        #expect(try file.read(byteCount: 3).isEmpty)
    }

    @Test("C5: writing a foreign port takes 4 bytes, 3 bytes none, unreadable memory is EFAULT")
    func write() throws {
        let file = try Stage().file
        #expect(try file.write(byteCount: 4, ports: [EventPort(900)]) == 4)
        #expect(try file.write(byteCount: 4, ports: [EventPort(.max)]) == 4)
        #expect(try file.write(byteCount: 3, ports: nil) == 0)
        #expect(throws: Refusal(.efault, "")) { try file.write(byteCount: 4, ports: nil) }
    }

    @Test("C6: binding a port that is not there is EINVAL, a domain that is not there ESRCH")
    func badBinding() throws {
        let stage = try Stage()
        let bind = { EventChannelBindInterdomain(remoteDomain: $0 as UInt32, remotePort: EventPort(9999)) }
        #expect(verdict(stage.file, EventChannelCall.bindInterdomain, bind(stage.guest)) == .einval)
        #expect(verdict(stage.file, EventChannelCall.bindInterdomain, bind(77)) == .esrch)
    }

    @Test("C7: a bound port is not bound again; fresh bindings are pending at once")
    func freshBinding() throws {
        let stage = try Stage()
        let first = try stage.bound()
        #expect(throws: Refusal(.einval, "")) { try stage.bound() }
        let other = try stage.bench.xen.allocateUnbound(in: stage.bench.guest, remote: DomainID(0))
        let second = try stage.file.bindInterdomain(stage.guest, other)
        #expect(try stage.file.read(byteCount: 100) == [first, second])
    }

    @Test("C8: another file can neither notify nor unbind the port, nor unmask it")
    func otherFile() throws {
        let stage = try Stage()
        let bound = try stage.bound()
        _ = try stage.file.next()
        stage.fire()
        let other = stage.bench.kernel.openEvtchn()
        #expect(verdict(other, EventChannelCall.notify, port(bound.rawValue)) == .enotconn)
        #expect(verdict(other, EventChannelCall.unbind, port(bound.rawValue)) == .enotconn)
        #expect(try other.write(byteCount: 4, ports: [bound]) == 4)
        #expect(try stage.file.next() == nil)
    }

    @Test("C9: RESTRICT_DOMID refuses 0 and reserved ids, and a second time")
    func restrict() throws {
        let stage = try Stage()
        let to = { (id: UInt16) in EventChannelRestrict(domain: DomainID(id)) }
        #expect(verdict(stage.file, EventChannelCall.restrict, to(0)) == .einval)
        #expect(verdict(stage.file, EventChannelCall.restrict, to(0x7FF0)) == .einval)
        #expect(verdict(stage.file, EventChannelCall.restrict, to(UInt16(stage.guest))) == nil)
        #expect(verdict(stage.file, EventChannelCall.restrict, to(UInt16(stage.guest))) == .eacces)
        #expect(verdict(stage.file, EventChannelCall.restrict, nil) == .eacces)
    }

    @Test(
        "C10: a restricted file binds to its domain alone, and keeps what it has bound; other files are not restricted")
    func restricted() throws {
        let stage = try Stage()
        let own = try stage.boundAndQuiet()
        let unbound = try stage.file.bindUnbound(77)
        try stage.file.restrict(to: stage.bench.guest.id)
        let other = EventChannelBindInterdomain(remoteDomain: stage.guest + 1, remotePort: EventPort(1))
        #expect(verdict(stage.file, EventChannelCall.bindInterdomain, other) == .eacces)
        #expect(verdict(stage.file, EventChannelCall.bindInterdomain, nil) == .efault)
        #expect(verdict(stage.file, EventChannelCall.bindVIRQ, port(3)) == .eacces)
        #expect(verdict(stage.file, EventChannelCall.bindVIRQ, nil) == .eacces)
        #expect(verdict(stage.file, EventChannelCall.bindUnboundPort, port(77)) == .eacces)
        try stage.file.notify(own)
        try stage.file.unbind(unbound)
        let further = try stage.bench.xen.allocateUnbound(in: stage.bench.guest, remote: DomainID(0))
        #expect(try stage.file.bindInterdomain(stage.guest, further) != own)
        #expect(verdict(stage.bench.kernel.openEvtchn(), EventChannelCall.bindVIRQ, port(3)) == nil)
    }

    @Test("C11: after UNBIND, and after closing the file, the remote port can be bound from another")
    func rebinding() throws {
        let stage = try Stage()
        try stage.file.unbind(try stage.bound())
        let second = stage.bench.kernel.openEvtchn()
        _ = try second.bindInterdomain(stage.guest, stage.remote)
        second.close()
        #expect(try stage.bound().rawValue > 0)
    }

    @Test("C12: RESET is 0; an unbound port may be for a domain that is not there")
    func resetAndUnbound() throws {
        let file = try Stage().file
        #expect(verdict(file, EventChannelCall.reset, nil) == nil)
        #expect(try file.control(EventChannelCall.bindUnboundPort, port(77).encodedBytes) > 0)
    }

    @Test("C13: a virtual interrupt has one holder, and numbers have an end")
    func virtualInterrupts() throws {
        let stage = try Stage()
        let held = try stage.file.bindVIRQ(.domainException)
        let other = stage.bench.kernel.openEvtchn()
        #expect(verdict(other, EventChannelCall.bindVIRQ, port(3)) == .eexist)
        #expect(verdict(other, EventChannelCall.bindVIRQ, port(99)) == .einval)
        try stage.file.unbind(held)
        #expect(verdict(other, EventChannelCall.bindVIRQ, port(3)) == nil)
    }

    @Test("a port that was read is masked; what comes meanwhile is told once, when it is unmasked")
    func lateUnmask() throws {
        let stage = try Stage()
        let port = try stage.boundAndQuiet()
        stage.fire()
        #expect(try stage.file.next() == port)
        stage.fire()
        stage.fire()
        #expect(try stage.file.next() == nil)
        stage.file.unmask(port)
        #expect(try stage.file.next() == port)
        #expect(try stage.file.next() == nil)
        stage.file.unmask(port)
        #expect(try stage.file.next() == nil)
    }

    @Test("who waits is called when the ring gets its first port, and not for further ones")
    func readable() throws {
        let stage = try Stage()
        let port = try stage.boundAndQuiet()
        let further = try stage.bench.xen.allocateUnbound(in: stage.bench.guest, remote: DomainID(0))
        var calls = 0
        stage.file.whenReadable = { calls += 1 }
        stage.fire()
        _ = try stage.file.bindInterdomain(stage.guest, further)
        #expect(calls == 1)
        #expect(stage.file.isReadable)
        _ = try stage.file.read(byteCount: 64)
        #expect(!stage.file.isReadable)
        stage.file.unmask(port)
        stage.fire()
        #expect(calls == 2)
    }

    @Test("unmasking without reading overflows the ring: EFBIG until RESET")
    func overflow() throws {
        let stage = try Stage()
        let port = try stage.bound()
        for _ in 0..<64 {
            stage.file.unmask(port)
            stage.fire()
        }
        #expect(stage.file.hasOverflowed)
        #expect(throws: Refusal(.efbig, "")) { try stage.file.read(byteCount: 4) }
        stage.file.unmask(port)
        #expect(throws: Refusal(.efbig, "")) { try stage.file.next() }
        stage.file.reset()
        #expect(try stage.file.next() == nil)
        stage.file.unmask(port)
        stage.fire()
        #expect(try stage.file.next() == port)
    }

    @Test("200 bound ports that have all fired find room, in their order")
    func ringGrows() throws {
        let stage = try Stage()
        var ports: [EventPort] = []
        for _ in 0..<200 {
            let remote = try stage.bench.xen.allocateUnbound(in: stage.bench.guest, remote: DomainID(0))
            ports.append(try stage.file.bindInterdomain(stage.guest, remote))
        }
        #expect(try stage.file.read(byteCount: 100_000) == ports)
        #expect(!stage.file.hasOverflowed)
    }

    @Test("an event for a port that nobody has bound, or that was unbound, reaches nobody")
    func gone() throws {
        let stage = try Stage()
        let port = try stage.boundAndQuiet()
        try stage.file.unbind(port)
        stage.bench.kernel.portFired(port)
        stage.bench.kernel.portFired(EventPort(.max))
        #expect(try stage.file.next() == nil)
    }

    @Test("a file of a destroyed domain binds nothing, so that no port's other end is one that is not there")
    func destroyedCaller() throws {
        let bench = try KernelBench()
        let id = DomainID(9)
        let domain = try bench.xen.createDomain(DomainShape(.pv), id: id)
        let kernel = try LinuxKernel(bench.xen, caller: Caller(id, .deviceModel(of: bench.guest.id)))
        let file = kernel.openEvtchn()
        let remote = try bench.xen.allocateUnbound(in: bench.guest, remote: id)
        let guest = UInt32(bench.guest.id.rawValue)
        try bench.xen.destroyDomain(id)
        #expect(refusal { () throws(Refusal) in _ = try file.bindInterdomain(guest, remote) } == .esrch)
        #expect(refusal { () throws(Refusal) in _ = try file.bindUnbound(guest) } == .esrch)
        #expect(refusal { () throws(Refusal) in _ = try file.bindVIRQ(.domainException) } == .esrch)
        #expect(domain.ports.used == [])
        // The next domain of that id has no such port: closing ours must not look for it.
        try bench.xen.createDomain(DomainShape(.pv), id: id)
        bench.xen.close(bench.guest, remote)
        file.close()
    }
}
