// The configuration space and the BAR of PCIFunction, at ports 0xcf8 and 0xcfc of a guest in the sandbox.

import HypervisorModel
import Testing
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@testable import PCIFunction

/// The function, claimed, and a guest of two vCPUs that looks for it.
struct FunctionBench {
    let bench: SandboxBench
    let server: TestServer
    let function: Configuration
    var guest: TestGuest { bench.guest }

    init() throws {
        bench = try SandboxBench(DomainShape(vcpuCount: 2), restricted: true)
        (server, function) = try bench.serve(.pci(Configuration.address)) { Configuration($0) }
    }

    func read(_ register: UInt8, _ width: AccessWidth) throws(GuestFailure) -> UInt64 {
        try guest.read(pci: Configuration.address, register: register, width)
    }

    func write(_ register: UInt8, _ width: AccessWidth, _ value: UInt64) throws(GuestFailure) {
        try guest.write(pci: Configuration.address, register: register, width, value)
    }

    /// What is claimed beside the configuration space.
    var bars: [IORange] { bench.claims.filter { $0 != .pci(Configuration.address) } }

    /// MSIs that the device has sent, refused ones too.
    var messageCount: UInt64 { bench.domain.counter(of: .injectMSI).count }

    /// The guest places the BAR at 0xe0000000; commands: 2 decodes it, 4 lets it send.
    func placeBAR(command: UInt64) throws {
        try write(0x10, .doubleWord, 0xE000_0000)
        try write(0x04, .word, command)
    }

    /// The guest programs the MSI and switches it on.
    func program(address: UInt64, data: UInt64) throws {
        try write(0x44, .doubleWord, address & 0xFFFF_FFFF)
        try write(0x48, .doubleWord, address >> 32)
        try write(0x4C, .doubleWord, data)
        try write(0x42, .word, 1)
    }
}

@Suite struct ConfigurationTests {
    let bench: FunctionBench

    init() throws { bench = try FunctionBench() }

    @Test func sizingShowsFourKibibytes() throws {
        try bench.write(0x10, .doubleWord, 0xFFFF_FFFF)
        #expect(try bench.read(0x10, .doubleWord) == 0xFFFF_F000)
        #expect(bench.bars.isEmpty)
    }

    @Test func theBARIsClaimedWhereItIsWhileDecodingIsOn() throws {
        try bench.write(0x10, .doubleWord, 0xE000_0000)
        try bench.write(0x04, .doubleWord, 2)
        #expect(bench.bars == [.memory(0xE000_0000...0xE000_0FFF)])
        try bench.write(0x10, .doubleWord, 0xE123_4567)
        #expect(bench.bars == [.memory(0xE123_4000...0xE123_4FFF)])
        try bench.write(0x13, .byte, 0xFF)
        #expect(bench.bars == [.memory(0xFF23_4000...0xFF23_4FFF)])
        try bench.write(0x04, .doubleWord, 0)
        #expect(bench.bars.isEmpty)
    }

    /// Xen refuses a server's 257th range.
    @Test func aClaimThatXenRefusesIsNotTakenForOne() throws {
        let others = (0..<256 as Range<UInt64>).map { IORange.memory(0xC000_0000 + $0 * 16...0xC000_0007 + $0 * 16) }
        for range in others { try bench.server.handle.claim(range, for: bench.function.doorbell) }
        try bench.write(0x10, .doubleWord, 0xE000_0000)
        try bench.guest.write(port: 0xCF8, .doubleWord, 0x8000_0000 | 5 << 11 | 4)
        let command = try bench.guest.begin(.output(0xCFC, .four, 2))
        #expect(throws: XenError(.enomem, "")) { try bench.bench.process() }
        try command.finish()
        #expect(bench.bars == others)
        for range in others { try bench.server.handle.release(range) }
        try bench.write(0x04, .doubleWord, 2)
        #expect(bench.bars == [.memory(0xE000_0000...0xE000_0FFF)])
    }

    @Test func theCapabilityListLeadsToMSI() throws {
        #expect(try bench.read(0x06, .word) & 0x10 != 0)
        let capability = UInt8(try bench.read(0x34, .byte))
        #expect(try bench.read(capability, .word) == 0x0005)
        #expect(try bench.read(capability + 2, .word) == 0x0080)
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        var guest = HostileGuest(seed: 2)
        let tooWide = try guest.run(against: bench.function, byteCount: 4096, aligned: true)
        #expect(tooWide == 0)
        #expect(bench.bars.count <= 1)
        try guest.attack(.pci(Configuration.address), of: bench.guest)
        #expect(bench.bars.count <= 1)
        #expect(bench.bench.log.misuses.isEmpty)
    }
}

@Suite struct DoorbellTests {
    let bench: FunctionBench
    var guest: TestGuest { bench.guest }

    init() throws { bench = try FunctionBench() }

    @Test func itSendsWhatTheGuestProgrammedOnce() throws {
        try bench.placeBAR(command: 6)
        try bench.program(address: 0xFEE0_2000, data: 0x41)
        #expect(guest.interrupts(vcpu: 1).isEmpty)
        try guest.write(address: 0xE000_0000, .doubleWord, 0)
        #expect(guest.interrupts(vcpu: 1) == [0x41])
        #expect(guest.interrupts(vcpu: 0).isEmpty)
        #expect(bench.messageCount == 1)
        #expect(guest.takeInterrupt(vcpu: 1) == 0x41)
        try guest.write(address: 0xE000_0000, .doubleWord, 0)
        #expect(guest.interrupts(vcpu: 1) == [0x41])
        #expect(bench.messageCount == 2)
    }

    @Test func withoutMSIItCountsAndSendsNothing() throws {
        try bench.placeBAR(command: 6)
        try guest.write(address: 0xE000_0000, .byte, 1)
        try guest.write(address: 0xE000_0004, .byte, 1)
        #expect(try guest.read(address: 0xE000_0004, .doubleWord) == 1)
        #expect(guest.interrupts(vcpu: 0).isEmpty && guest.interrupts(vcpu: 1).isEmpty)
        #expect(bench.messageCount == 0)
    }

    /// Vector 0 for PIRQ 0: ERANGE of Xen's.
    @Test func aRefusedMSIIsCounted() throws {
        try bench.placeBAR(command: 6)
        try bench.program(address: 0, data: 0)
        try guest.write(address: 0xE000_0000, .doubleWord, 0)
        #expect(try guest.read(address: 0xE000_0008, .doubleWord) == 1)
        #expect(bench.bench.log.refusals.contains { $0.contains("ERANGE") })
    }

    @Test func messagesNeedMSIAndBusMastering() throws {
        let doorbell = bench.function.doorbell
        for (register, value) in [(0x44, 0xFEE0_0003), (0x48, 1), (0x4C, 0x1_0041)] as [(UInt8, UInt64)] {
            try bench.write(register, .doubleWord, value)
        }
        try bench.write(0x42, .word, 1)
        #expect(doorbell.message == nil)
        try bench.write(0x04, .word, 4)
        #expect(doorbell.message?.address == 0x1_FEE0_0000)
        #expect(doorbell.message?.data == 0x41)
        try bench.write(0x42, .word, 0)
        #expect(doorbell.message == nil)
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        try bench.placeBAR(command: 6)
        try bench.program(address: 0xFEE0_0000, data: 0x41)
        var hostile = HostileGuest(seed: 3)
        let tooWide = try hostile.run(against: bench.function.doorbell, byteCount: 0x1000)
        #expect(tooWide == 0)
        try hostile.attack(.memory(0xE000_0000...0xE000_0FFF), of: guest)
        #expect(bench.bench.log.misuses.isEmpty)
    }
}
