// What a bench keeps and tells: servers, claims, refusals on request, the guest's own state, hostile guests.

import HypervisorModel
import Testing
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@Suite("Bench: servers, refusals, state") struct BenchServerTests {
    @Test("a server is kept without being held, its claims are the hypervisor's, and closing it twice is once")
    func keptServers() throws {
        let bench = try SandboxBench()
        let device = Scratch()
        try bench.serve(.ports(0x100...0x107), by: device)
        let (second, function) = try bench.serve(.pci(PCIAddress(device: 4))) { handle throws(XenError) in
            try handle.claim(.memory(0xE000_0000...0xE000_0FFF), for: device)
            return Scratch()
        }
        let all: [IORange] = [
            .ports(0x100...0x107), .memory(0xE000_0000...0xE000_0FFF), .pci(PCIAddress(device: 4)),
        ]
        #expect(bench.claims == all)
        try bench.guest.write(pci: PCIAddress(device: 4), register: 8, .byte, 3)
        #expect(function.accesses == ["w1@8=3"] && second.statistics.requests == 1)
        try second.close()
        try second.close()
        #expect(second.statistics.requests == 0)
        #expect(bench.claims == [.ports(0x100...0x107)])
        #expect(try bench.guest.read(pci: PCIAddress(device: 4), register: 8, .byte) == 0xFF)
    }

    @Test(
        "a refusal on request reaches every device model, does not reach the hypervisor, and ends when it is taken back"
    )
    func refusals() throws {
        let bench = try SandboxBench()
        let other = try bench.addDeviceModel()
        bench.log.clear()  // the library asks whether the guest lives by a call that is refused
        bench.refusals[.injectMSI] = .enomem
        #expect(throws: XenError(.enomem, "")) { try bench.domain.injectMSI(address: 0xFEE0_0000, data: 0x41) }
        #expect(throws: XenError(.enomem, "")) { try other.injectMSI(address: 0xFEE0_0000, data: 0x41) }
        #expect(bench.guest.interrupts().isEmpty && bench.log.refusals.isEmpty)
        #expect(bench.domain.counter(of: .injectMSI).refused == 1)
        bench.refusals = [:]
        try other.injectMSI(address: 0xFEE0_0000, data: 0x41)
        #expect(bench.guest.takeInterrupt() == 0x41)
        #expect(bench.guest.takeInterrupt() == nil && bench.guest.takeInterrupt(vcpu: 7) == nil)
    }

    @Test("interrupt lines, frames of a type and the dirty window are seen as they are")
    func state() throws {
        let bench = try SandboxBench(DomainShape(.hvm))
        try bench.domain.setISAIRQLevel(4, level: true)
        try bench.domain.setPCIINTxLevel(device: 5, pin: 0, level: true)
        #expect(
            bench.guest.isRaised(isaIRQ: 4) && !bench.guest.isRaised(isaIRQ: 3) && !bench.guest.isRaised(isaIRQ: -1))
        #expect((16..<48).contains { bench.guest.isRaised(gsi: $0) })
        try bench.domain.setMemoryType(.ramReadOnly, first: GuestFrame(7), count: 2)
        #expect(bench.guest.frames(of: .ramReadOnly) == [GuestFrame(7), GuestFrame(8)])
        var bitmap: [UInt8] = [0]
        var span = bitmap.mutableSpan
        try bench.domain.trackDirtyVRAM(first: GuestFrame(16), count: 8, into: &span)
        #expect(bench.guest.dirtyWindow?.first == GuestFrame(16) && bench.guest.dirtyWindow?.count == 8)
    }

    @Test("a hostile guest does the same for the same seed, and something else for another")
    func hostileGuests() throws {
        func accesses(seed: UInt64, _ range: IORange) throws -> [String] {
            let bench = try SandboxBench()
            let device = Scratch()
            try bench.serve(range, by: device)
            var guest = HostileGuest(seed: seed)
            try guest.attack(range, of: bench.guest, steps: 500)
            return device.accesses
        }
        for range in [.ports(0x100...0x13F), .memory(0xF000_0000...0xF000_003F)] as [IORange] {
            let first = try accesses(seed: 1, range)
            #expect(first.count > 500)
            #expect(try accesses(seed: 1, range) == first)
            #expect(try accesses(seed: 2, range) != first)
        }
    }

    @Test("a hostile guest does not take silence for an answer")
    func hostileGuestUnanswered() throws {
        let bench = try SandboxBench()
        try bench.serve(.ports(0x100...0x10F), by: Waiter())
        var guest = HostileGuest(seed: 1)
        #expect(throws: GuestFailure.self) { try guest.attack(.ports(0x100...0x10F), of: bench.guest, steps: 10) }
    }
}
