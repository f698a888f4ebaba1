// The life of a request, and device models that break its rules: dmop.md sections 5, 5.1 and 15, rows B12 to B23, B32
// and B33.

import Testing
import XenABI
import XenPlatform

@testable import HypervisorModel

@Suite("Slots") struct SlotTests {
    @Test("a request is whole before it is READY, has the vCPU's port, and fires it; Xen empties the slot")
    func life() throws {
        let (bench, a, _, _) = try AccessBench.rows(vcpus: 2)
        let second = VCPUID(1)
        #expect(bench.guest.vcpus[1].perform(.output(0x200, .two, 0xabcd)) == .waiting)
        let slot = a.slot(second)
        #expect(slot.state == .ready && slot.data == 0xabcd && slot.port == a.record.vcpuPorts[1])
        #expect(bench.fired == [a.ports[1]] && a.slot().state == .none)
        #expect(bench.guest.vcpus[1].resume() == .waiting)
        a.answer(0, second)
        #expect(bench.guest.vcpus[1].resume() == .done(0))
        #expect(a.slot(second).state == .none && bench.misuses.isEmpty)
    }

    @Test("vCPUs wait at the same time, with different servers too; a busy vCPU begins nothing else")
    func severalVCPUs() throws {
        let (bench, a, b, _) = try AccessBench.rows(vcpus: 2)
        #expect(bench.guest.vcpus[0].perform(.input(0x200, .one)) == .waiting)
        #expect(bench.guest.vcpus[1].perform(.input(0x204, .one)) == .waiting)
        #expect(bench.guest.vcpus[0].perform(.input(0x400, .one)) == .waiting)
        b.answer(2, VCPUID(1))
        #expect(bench.guest.vcpus[0].resume() == .waiting)
        #expect(bench.guest.vcpus[1].resume() == .done(2))
        a.answer(1)
        #expect(bench.guest.vcpus[0].resume() == .done(1))
    }

    @Test("slot not NONE, or its port altered: a port access crashes the domain: B12", arguments: [true, false])
    func crash(isState: Bool) throws {
        let (bench, a, _, _) = try AccessBench.rows()
        if isState { a.setState(2) } else { a.put(99, byteCount: 4, at: 24) }
        #expect(bench.vcpu.perform(.input(0x200, .four)) == .stopped)
        #expect(bench.guest.life.shutdownReason == .crash && bench.misuses.count == 1)
    }

    @Test(
        "slot not NONE, or its port altered: an MMIO access is #GP, without handlers a triple fault: B13",
        arguments: [true, false])
    func generalProtection(isState: Bool) throws {
        let (bench, a, _, _) = try AccessBench.rows()
        if isState { a.setState(1) } else { a.put(99, byteCount: 4, at: 24) }
        let guest = Guest(bench.guest, GuestProgram(.access(.load(0xf000_0010, .four), expect: nil)))
        guest.runUntilIdle()
        #expect(bench.guest.life.shutdownReason == .reboot)
        #expect(guest.trace.entries.map(\.outcome) == [.fault] && bench.misuses.count == 1)
    }

    @Test("state 4 or more while pending crashes the domain: B14", arguments: [4, 7, 15] as [UInt8])
    func badState(state: UInt8) throws {
        let (bench, a, _, _) = try AccessBench.rows()
        #expect(bench.vcpu.perform(.input(0x200, .four)) == .waiting)
        a.setState(state)
        #expect(bench.vcpu.resume() == .waiting)
        a.notify()
        #expect(bench.vcpu.resume() == .stopped)
        #expect(bench.guest.life.shutdownReason == .crash && bench.misuses.count == 1)
    }

    @Test("NONE instead of an answer: a read gives all ones, and the guest goes on: B15")
    func emulatorGone() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        #expect(bench.vcpu.perform(.input(0x200, .two)) == .waiting)
        a.put(0x1234, byteCount: 8, at: 8)
        a.setState(2)
        a.setState(0)
        a.notify()
        #expect(bench.vcpu.resume() == .done(0xffff))
        #expect(bench.misuses == ["5.1 NONE instead of an answer"] && bench.vcpu.misuseCount == 1)
        #expect(bench.run(.input(0x200, .two)) { _ in 3 }.outcome == .done(3))
    }

    @Test("an answer after the server was disabled, or the range was taken away and the slot's fields changed: B16")
    func lateAnswers() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        #expect(bench.vcpu.perform(.input(0x200, .four)) == .waiting)
        try a.enable(false)
        a.answer(0x11)
        #expect(bench.vcpu.resume() == .done(0x11) && bench.misuses.isEmpty)
        try a.enable(true)
        #expect(bench.vcpu.perform(.input(0x200, .four)) == .waiting)
        try a.unmap(.port, 0x200...0x203)
        a.put(0x999, byteCount: 8, at: 0)
        a.put(77, byteCount: 4, at: 16)
        a.put(1, byteCount: 4, at: 20)
        a.answer(0x1122_3344)
        #expect(bench.vcpu.resume() == .done(0x1122_3344))
        #expect(bench.misuses == ["5.1 fields of the slot changed"])
    }

    @Test("an answer without a notification is not seen until there is one: B17")
    func withoutNotification() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        #expect(bench.vcpu.perform(.input(0x200, .four)) == .waiting)
        a.put(5, byteCount: 8, at: 8)
        a.setState(3)
        #expect(bench.vcpu.resume() == .waiting && a.slot().state == .responseReady)
        a.notify()
        #expect(bench.vcpu.resume() == .done(5) && a.slot().state == .none)
    }

    @Test("a notification without an answer changes nothing: B18")
    func withoutAnswer() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        a.notify()
        #expect(bench.vcpu.perform(.input(0x200, .four)) == .waiting)
        a.notify()
        #expect(bench.vcpu.resume() == .waiting && a.slot().state == .ready && bench.misuses.isEmpty)
        a.answer(6)
        #expect(bench.vcpu.resume() == .done(6))
    }

    @Test("a state moved back from INPROCESS to READY stays pending, and is counted: 5.1, 15.9, B92")
    func movedBack() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        #expect(bench.vcpu.perform(.input(0x200, .four)) == .waiting)
        for state: UInt8 in [2, 1] {
            a.setState(state)
            a.notify()
            #expect(bench.vcpu.resume() == .waiting)
        }
        #expect(bench.misuses == ["5.1 state moved back to READY"])
        a.answer(4)
        #expect(bench.vcpu.resume() == .done(4))
    }

    @Test("a server that is destroyed leaves its requests unclaimed: B20, B21, 15.2")
    func destroyed() throws {
        let (bench, a, b, _) = try AccessBench.rows(vcpus: 2)
        #expect(bench.guest.vcpus[0].perform(.input(0x200, .two)) == .waiting)
        #expect(bench.guest.vcpus[1].perform(.output(0x200, .two, 9)) == .waiting)
        try a.destroy()
        #expect(bench.guest.vcpus[0].isWoken && bench.guest.vcpus[1].isWoken)
        #expect(bench.guest.vcpus[0].resume() == .done(0xffff))
        #expect(bench.guest.vcpus[1].resume() == .done(0))
        // The pages belong to nobody now: 5.1, last row.
        a.answer(3)
        #expect(bench.run(.input(0x300, .one)) { _ in 8 }.outcome == .done(8))
        #expect(bench.guest.vcpus[0].perform(.repeatedInput(0x204, .two, count: 2, to: 0x8000)) == .waiting)
        try b.destroy()
        #expect(bench.guest.vcpus[0].resume() == .done(0))
        #expect(bench.guest.loadMemory(0x8000, .four) == 0xffff_ffff)
    }

    @Test(
        "a server enabled without pages leaves its accesses unclaimed, and so are pages that come later: B22, B23, 15.1"
    )
    func withoutPages() throws {
        let bench = try AccessBench()
        let server = try bench.add(ports: [0x100...0x100], pages: false)
        #expect(bench.run(.input(0x100, .one)).outcome == .done(0xff))
        #expect(bench.misuses == ["15.1 enabled without pages"])
        try server.takePages()
        #expect(server.slot().port.rawValue == 0)
        let early = bench.run(.input(0x100, .one))
        #expect(early.outcome == .done(0xff) && early.seen.isEmpty)
        try server.enable(false)
        try server.enable(true)
        #expect(bench.run(.input(0x100, .one)) { _ in 1 }.outcome == .done(1))
    }

    @Test("slots are for 128 vCPUs: those beyond are heard by nobody")
    func manyVCPUs() throws {
        let bench = try AccessBench(DomainShape(vcpuCount: 130))
        let server = try bench.add(ports: [0x100...0x100])
        #expect(bench.guest.vcpus[127].perform(.input(0x100, .one)) == .waiting && server.isAsked(VCPUID(127)))
        #expect(bench.guest.vcpus[128].perform(.input(0x100, .one)) == .done(0xff))
        #expect(bench.guest.life.isRunning)
    }

    @Test("an interrupt by MSI is taken by the guest that waits for it: B24")
    func interrupt() throws {
        let bench = try AccessBench()
        let guest = Guest(bench.guest, GuestProgram(.waitInterrupt(0x40), .note("taken")))
        guest.runUntilIdle()
        #expect(guest.trace.count == 0)
        try bench.call(once: DMOP.InjectMSI(address: 0xfee0_0000, data: 0x40))
        guest.runUntilIdle()
        #expect(guest.isFinished && guest.trace.count == 2 && bench.vcpu.interrupts.isEmpty)
    }

    @Test("a shutdown waits for the vCPU that waits for a device model: B32")
    func shutdownWaits() throws {
        let (bench, a, _, _) = try AccessBench.rows(vcpus: 2)
        let guest = Guest(
            bench.guest,
            GuestProgram([[.access(.input(0x200, .one), expect: nil), .note("never")], [.shutdown(.powerOff)]]))
        guest.run(VCPUID(0))
        guest.run(VCPUID(1))
        #expect(bench.guest.life.shutdownReason == nil)
        #expect(bench.guest.vcpus[1].perform(.input(0x400, .one)) == .stopped)
        a.answer(1)
        guest.run(VCPUID(0))
        #expect(bench.guest.life.shutdownReason == .powerOff)
        #expect(!guest.trace.entries.contains { $0.vcpu == VCPUID(0) && $0.step == 1 && $0.outcome == .done(nil) })
    }

    @Test("a crash waits for nobody", arguments: [true, false])
    func crashWaits(isByGuest: Bool) throws {
        let (bench, a, _, _) = try AccessBench.rows(vcpus: 2)
        #expect(bench.guest.vcpus[0].perform(.input(0x200, .one)) == .waiting)
        if isByGuest {
            bench.xen.shutDown(bench.guest, .crash)
        } else {
            a.setState(2, VCPUID(1))
            #expect(bench.guest.vcpus[1].perform(.input(0x200, .one)) == .stopped)
        }
        #expect(bench.guest.life.shutdownReason == .crash)
        a.answer(1)
        #expect(bench.guest.vcpus[0].resume() == .stopped)
    }

    @Test("an answer that the vCPU has not fetched when the server goes is lost: B33")
    func lostAnswer() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        #expect(bench.vcpu.perform(.input(0x200, .four)) == .waiting)
        a.answer(0x55)
        #expect(a.slot().state == .responseReady)
        try a.destroy()
        #expect(bench.vcpu.resume() == .done(0))
    }

    @Test("and so it is where the slots are in a legacy frame, which is cleared as it comes back: B33, 3.5")
    func lostInLegacyFrame() throws {
        let bench = try AccessBench()
        try bench.xen.setParameter(32, to: 0x3f0, on: bench.guest.id)
        try bench.xen.setParameter(33, to: 1, on: bench.guest.id)
        let server = try bench.add(ports: [0x100...0x100], pages: false, enabled: false)
        try bench.call(once: DMOP.GetIOREQServerInfo(id: server.id, flags: []))
        let (run, page) = try #require(bench.guest.page(of: GuestFrame(0x3f0)))
        try server.enable(true)
        #expect(bench.vcpu.perform(.input(0x100, .one)) == .waiting)
        run.pages.store(3, byteCount: 1, at: page * 4096 + 30)
        server.notify()
        try server.destroy()
        #expect(bench.vcpu.resume() == .done(0))
    }

    @Test("a vCPU that was woken tells its sink; so do interrupts and events")
    func sink() throws {
        final class Sink: WakeSink {
            var count = 0
            func woken(_ vcpu: VirtualCPU) { count += 1 }
        }
        let (bench, a, _, _) = try AccessBench.rows()
        let sink = Sink()
        bench.vcpu.wakeSink = sink
        #expect(bench.vcpu.perform(.input(0x200, .four)) == .waiting && sink.count == 0)
        a.answer(0)
        #expect(sink.count == 1)
        try bench.call(once: DMOP.InjectMSI(address: 0xfee0_0000, data: 0x41))
        #expect(sink.count == 2)
    }
}
