// The disk of BlockDevice, over files in memory, at the ports of a guest in the sandbox.

import SystemCalls
import Testing
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@testable import BlockDevice

@Suite struct DiskTests {
    let bench: SandboxBench
    let disk: Disk
    var guest: TestGuest { bench.guest }
    private let image: OwnedDescriptorBox

    /// A disk of four sectors and a bit; each byte of a sector is its number.
    init() throws {
        let file = try OwnedDescriptor.memoryFile(name: "disk", byteCount: 4 * 512 + 100)
        for sector in 0..<4 {
            let bytes = [UInt8](repeating: UInt8(sector), count: 512)
            try file.writeAll(at: sector * 512, bytes.span)
        }
        bench = try SandboxBench(restricted: true)
        disk = try Disk("/proc/self/fd/\(file.rawValue)", for: bench.domain)
        try bench.serve(Disk.ports, by: disk)
        image = OwnedDescriptorBox(file)
    }

    private func read(_ register: UInt16, _ width: AccessWidth = .doubleWord) throws(GuestFailure) -> UInt64 {
        try guest.read(port: 0x300 + register, width)
    }

    private func write(
        _ register: UInt16, _ width: AccessWidth, _ value: UInt64
    ) throws(GuestFailure) {
        try guest.write(port: 0x300 + register, width, value)
    }

    private func command(_ number: UInt64, sector: UInt64, address: UInt64 = 0) throws -> UInt64 {
        try write(0x04, .doubleWord, sector)
        try write(0x08, .doubleWord, address & 0xFFFF_FFFF)
        try write(0x0C, .doubleWord, address >> 32)
        try write(0x10, .byte, number)
        return try read(0x14)
    }

    @Test func itHasAsManySectorsAsAreWhole() throws {
        #expect(try read(0x18) == 4)
        try write(0x18, .doubleWord, 1000)
        #expect(try read(0x18) == 4)
    }

    @Test func aSectorIsReadThroughTheDataPortInAnyWidth() throws {
        #expect(try command(1, sector: 2) == 0)
        for _ in 0..<127 { #expect(try read(0) == 0x0202_0202) }
        #expect(try read(0, .byte) == 2)
        #expect(try read(0) == 0xFF02_0202)
        #expect(try read(0) == 0xFFFF_FFFF)
    }

    @Test func aSectorIsWrittenThroughTheDataPortAndWhatIsTooMuchIsDropped() throws {
        for word in 0..<300 as Range<UInt64> { try write(0, .word, word) }
        #expect(try command(2, sector: 1) == 0)
        let bytes = try image.descriptor.read(at: 0, byteCount: 4096)
        #expect(bytes.count == 4 * 512 + 100)
        let written = (0..<512).map { $0 % 2 == 0 ? UInt8($0 / 2) : 0 }
        #expect(Array(bytes[512..<1024]) == written)
        #expect(bytes[511] == 0 && bytes[1024] == 2)
    }

    @Test func aSectorIsMovedByStrings() throws {
        #expect(try command(1, sector: 3) == 0)
        try guest.readString(port: 0x300, .doubleWord, count: 128, to: 0x6FF0)
        #expect(guest.peek(0x6FEF, 514) == [0] + [UInt8](repeating: 3, count: 512) + [0])
        #expect(try command(0, sector: 0) == 1)
        guest.poke(0x8000, (0..<512).map { UInt8(truncatingIfNeeded: $0) })
        try guest.writeString(port: 0x300, .word, count: 256, from: 0x8000)
        #expect(try command(2, sector: 0) == 0)
        #expect(try image.descriptor.read(at: 0, byteCount: 512) == (0..<512).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func sectorsGoToTheGuestsMemoryAndComeFromThere() throws {
        #expect(try command(3, sector: 3, address: 0x1F01) == 0)
        #expect(guest.peek(0x1F00, 514) == [0] + [UInt8](repeating: 3, count: 512) + [0])
        guest.poke(0x5000, [UInt8](repeating: 9, count: 512))
        #expect(try command(4, sector: 0, address: 0x5000) == 0)
        #expect(try image.descriptor.read(at: 0, byteCount: 513) == [UInt8](repeating: 9, count: 512) + [1])
    }

    @Test func whatIsNotThereFailsTheCommandAndChangesNothing() throws {
        #expect(try command(1, sector: 4) == 1)
        #expect(try command(2, sector: 0xFFFF_FFFF) == 1)
        #expect(try command(3, sector: 0, address: .max) == 1)
        #expect(try command(4, sector: 0, address: 0xFFFF_0000) == 1)
        #expect(try command(0, sector: 0) == 1)
        #expect(try command(9, sector: 0) == 1)
        try image.descriptor.truncate(to: 1000)
        #expect(try command(1, sector: 1) == 1)
        #expect(try command(1, sector: 0) == 0)
    }

    @Test func aFileThatIsNotThereIsAnError() {
        #expect(throws: SystemError.self) { _ = try Disk("/nowhere/disk", for: bench.domain) }
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        var guest = HostileGuest(seed: 7)
        let tooWide = try guest.run(against: disk, byteCount: 0x20)
        #expect(tooWide == 0)
        #expect(try image.descriptor.byteCount() == 4 * 512 + 100)
        try guest.attack(Disk.ports, of: bench.guest)
        #expect(try image.descriptor.byteCount() == 4 * 512 + 100)
        #expect(bench.log.misuses.isEmpty)
    }
}

/// A descriptor that a test suite, which is copied, can hold.
private final class OwnedDescriptorBox {
    let descriptor: OwnedDescriptor
    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
}
