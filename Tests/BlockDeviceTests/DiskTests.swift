// The disk of BlockDevice, over files in memory, on a Xen of a few lines.

import FakeGuest
import SystemCalls
import Testing
import XenABI
import XenDeviceModel

@testable import BlockDevice

@Suite struct DiskTests {
    let xen = FakeGuest()
    let disk: Disk
    private let image: OwnedDescriptorBox

    /// A disk of four sectors and a bit; each byte of a sector is its number.
    init() throws {
        let file = try OwnedDescriptor.memoryFile(name: "disk", byteCount: 4 * 512 + 100)
        for sector in 0..<4 {
            let bytes = [UInt8](repeating: UInt8(sector), count: 512)
            try file.writeAll(at: sector * 512, bytes.span)
        }
        disk = try Disk("/proc/self/fd/\(file.rawValue)", for: xen.domain())
        image = OwnedDescriptorBox(file)
    }

    private func command(_ number: UInt64, sector: UInt64, address: UInt64 = 0) -> UInt64 {
        disk.write(offset: 4, width: .doubleWord, value: sector)
        disk.write(offset: 8, width: .quadWord, value: address)
        disk.write(offset: 0x10, width: .byte, value: number)
        return disk.read(offset: 0x14, width: .doubleWord)
    }

    @Test func itHasAsManySectorsAsAreWhole() {
        #expect(disk.read(offset: 0x18, width: .doubleWord) == 4)
        disk.write(offset: 0x18, width: .doubleWord, value: 1000)
        #expect(disk.read(offset: 0x18, width: .doubleWord) == 4)
    }

    @Test func aSectorIsReadThroughTheDataPortInAnyWidth() {
        #expect(command(1, sector: 2) == 0)
        for _ in 0..<127 { #expect(disk.read(offset: 0, width: .doubleWord) == 0x0202_0202) }
        #expect(disk.read(offset: 0, width: .byte) == 2)
        #expect(disk.read(offset: 0, width: .doubleWord) == 0xFF02_0202)
        #expect(disk.read(offset: 0, width: .doubleWord) == 0xFFFF_FFFF)
    }

    @Test func aSectorIsWrittenThroughTheDataPortAndWhatIsTooMuchIsDropped() throws {
        for word in 0..<300 as Range<UInt64> { disk.write(offset: 0, width: .word, value: word) }
        #expect(command(2, sector: 1) == 0)
        let bytes = try image.descriptor.read(at: 0, byteCount: 4096)
        #expect(bytes.count == 4 * 512 + 100)
        let written = (0..<512).map { $0 % 2 == 0 ? UInt8($0 / 2) : 0 }
        #expect(Array(bytes[512..<1024]) == written)
        #expect(bytes[511] == 0 && bytes[1024] == 2)
    }

    @Test func sectorsGoToTheGuestsMemoryAndComeFromThere() throws {
        #expect(command(3, sector: 3, address: 0x1F01) == 0)
        #expect(xen[0x1F00, count: 514] == [0] + [UInt8](repeating: 3, count: 512) + [0])
        xen[0x5000, count: 512] = [UInt8](repeating: 9, count: 512)
        #expect(command(4, sector: 0, address: 0x5000) == 0)
        #expect(try image.descriptor.read(at: 0, byteCount: 513) == [UInt8](repeating: 9, count: 512) + [1])
    }

    @Test func whatIsNotThereFailsTheCommandAndChangesNothing() throws {
        #expect(command(1, sector: 4) == 1)
        #expect(command(2, sector: 0xFFFF_FFFF) == 1)
        #expect(command(3, sector: 0, address: .max) == 1)
        #expect(command(4, sector: 0, address: 0xFFFF_0000) == 1)
        #expect(command(0, sector: 0) == 1)
        #expect(command(9, sector: 0) == 1)
        try image.descriptor.truncate(to: 1000)
        #expect(command(1, sector: 1) == 1)
        #expect(command(1, sector: 0) == 0)
    }

    @Test func aFileThatIsNotThereIsAnError() {
        #expect(throws: SystemError.self) { _ = try Disk("/nowhere/disk", for: xen.domain()) }
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        var guest = HostileGuest(seed: 7)
        let tooWide = try guest.run(against: disk, byteCount: 0x20)
        #expect(tooWide == 0)
        #expect(try image.descriptor.byteCount() == 4 * 512 + 100)
    }
}

/// A descriptor that a test suite, which is copied, can hold.
private final class OwnedDescriptorBox {
    let descriptor: OwnedDescriptor
    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
}
