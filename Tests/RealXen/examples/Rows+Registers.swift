// MemoryMappedRegisters and PCIFunction, used by a real guest. Addresses and registers: their README.md.

import GuestDriving
import TAP
import XenABI

extension Stage {
    func registerRows() throws(DriverError) {
        let base: UInt64 = 0xF000_0000
        try expect(base, 0x4C42_5243, "MemoryMappedRegisters: the guest reads the id")
        try store(base, 0)
        try expect(base + 1, 0x4252, "and can't change it; two bytes out of its middle", bytes: 2)
        try store(base + 4, 0x1122_3344)
        try store(base + 5, 0xAA, 1)
        try expect(base + 4, 0x1122_AA44, "the scratch register is written in whole and in part")
        try expect(base, 0x1122_AA44_4C42_5243, "eight bytes are two registers", bytes: 8)
        let before = try load(base + 8, 8)
        _ = try guest.run(.moveIn, pair(base + 4) + [1, 4, 0, 0])
        try expect(base + 8, before + 5, "the counter counts each access, four of them by one rep movsb", bytes: 8)
        try store(base + 0x10, before + 8)
        try expect(base + 0x14, 0, "below the limit no status bit is set")
        try expect(base + 0x14, 1, "at the limit one is")
        try store(base + 0x14, 0)
        try expect(base + 0x14, 1, "writing 0 to it does nothing")
        try store(base + 0x14, 1)
        try expect(base + 0x14, 0, "writing 1 clears it")
        try expect(base + 0x16, 0xFFFF_0000, "what lies beyond the last register reads all ones")
        try expect(base + 0x14, 2, "and is noted")
    }

    func pciRows() throws(DriverError) {
        let (first, second): (UInt64, UInt64) = (0xE100_0000, 0xE200_0000)
        tap.check(try configuration(0x00) == 0x0001_C0BE, "PCIFunction: the guest finds it")
        try configure(0x10, .max)
        tap.check(try configuration(0x10) == 0xFFFF_F000, "and sizes its BAR: 4 KiB")
        try configure(0x10, UInt32(first))
        try expect(first + 4, 0xFFFF_FFFF, "while memory decoding is off nobody is there")
        try configure(0x04, 6)
        try expect(first + 4, 0, "and when it is on, the BAR is")
        try store(first, 1)
        try expect(first + 4, 1, "the doorbell is heard while MSI is off")
        _ = try guest.run(.armVector, [0x51])
        try configure(0x44, 0xFEE0_0000)
        try configure(0x4C, 0x51)
        _ = try guest.run(.pciWrite, [0x8000_2840, 2, 2, 1])
        var arrived: [UInt32] = []
        for count in 1...5 as ClosedRange<UInt32> {
            try store(first, 1)
            arrived += try guest.run(.awaitVector, [0x51, count, 1 << 24], results: 1)
        }
        tap.check(
            arrived == [1, 2, 3, 4, 5], "with MSI on each ring is an interrupt in the guest", detail: "\(arrived)")
        try configure(0x10, UInt32(second))
        try expect(first + 4, 0xFFFF_FFFF, "when the guest moves the BAR, nobody is left at the old place")
        try expect(second + 4, 6, "and the device is at the new one")
        try configure(0x4C, 0)
        try store(second, 1)
        try expect(second + 8, 1, "an MSI that Xen refuses is counted, and the device goes on")
        try configure(0x04, 0)
        try expect(second + 4, 0xFFFF_FFFF, "decoding can be switched off again")
    }

    private func configuration(_ register: UInt32) throws(DriverError) -> UInt32 {
        try guest.run(.pciRead, [0x8000_2800 | register, 0, 4], results: 1)[0]
    }

    private func configure(_ register: UInt32, _ value: UInt32) throws(DriverError) {
        _ = try guest.run(.pciWrite, [0x8000_2800 | register, 0, 4, value])
    }
}
