// Accesses of a real guest, and what of them reaches a device. Rows B1 to B11 of dmop.md section 18.7 and the like.

import GuestDriving
import TAP
import XenABI
import XenDeviceModel

/// The servers and devices that the guest's accesses go to.
struct Stage {
    let tap: TAP
    let guest: GuestDriver
    let ports = Recorder()
    let memory = Recorder()
    let nextPage = Recorder()
    let function = Recorder()

    static let portBase: UInt16 = 0x200
    static let memoryBase: UInt64 = 0xF000_0000
    /// The requests of `pciRows` and `oddAccessRows` that no device may see.
    static let malformedCount: UInt64 = 9
    static let pci = PCIAddress(segment: 0, bus: 0, device: 2, function: 0)
}

extension Stage {
    func portRows() throws(DriverError) {
        for bytes in [1, 2, 4] as [UInt32] {
            let got = try guest.run(.portIn, [0x204, bytes], results: 1)
            let wanted = UInt32(truncatingIfNeeded: ports.answer & (~0 >> UInt64(64 - 8 * bytes)))
            tap.check(
                got == [wanted] && ports.take() == [Access(isRead: true, offset: 4, bytes: Int(bytes))],
                "a port read of \(bytes) bytes gets the device's value", detail: "\(got)")
            _ = try guest.run(.portOut, [0x208, bytes, 0x8765_4321])
            let value = UInt64(0x8765_4321) & (~0 >> UInt64(64 - 8 * bytes))
            tap.check(
                ports.take() == [Access(isRead: false, offset: 8, bytes: Int(bytes), value: value)],
                "a port write of \(bytes) bytes reaches the device")
        }
        tap.check(try guest.run(.portIn, [0x400, 4], results: 1) == [.max], "an unclaimed port reads all ones")
        tap.check(
            try guest.run(.portIn, [0x20E, 4], results: 1) == [.max] && ports.take().isEmpty,
            "a read partly outside of the range reads all ones and reaches nobody")
    }

    func memoryRows() throws(DriverError) {
        for bytes in [1, 2, 4, 8] as [UInt32] {
            let got = joined(try guest.run(.load, pair(Self.memoryBase + 0x10) + [bytes], results: 2))
            let mask = UInt64.max >> UInt64(64 - 8 * bytes)
            tap.check(
                got == memory.answer & mask && memory.take() == [Access(isRead: true, offset: 0x10, bytes: Int(bytes))],
                "a load of \(bytes) bytes gets the device's value", detail: "\(got)")
            _ = try guest.run(.store, pair(Self.memoryBase + 0x20) + [bytes] + pair(0x1122_3344_5566_7788))
            let value = 0x1122_3344_5566_7788 & mask
            tap.check(
                memory.take() == [Access(isRead: false, offset: 0x20, bytes: Int(bytes), value: value)],
                "a store of \(bytes) bytes reaches the device")
        }
        _ = try guest.run(.load, pair(Self.memoryBase + 0xFFE) + [4], results: 2)
        tap.check(
            memory.take() == [Access(isRead: true, offset: 0xFFE, bytes: 2)]
                && nextPage.take() == [Access(isRead: true, offset: 0, bytes: 2)],
            "a load across a page boundary comes as two requests, one for each device")
        let unclaimed = joined(try guest.run(.load, pair(0xF010_0000) + [8], results: 2))
        tap.check(unclaimed == .max, "unclaimed memory reads all ones")
    }

    func stringRows() throws(DriverError) {
        for index in 0..<8 as Range<UInt32> {
            _ = try guest.run(.poke, [0xFF0 + 4 * index, 0x0101_0101 * (index + 1)])
        }
        _ = try guest.run(.stringOut, [0x200, 4, 8, 0xFF0, 0])
        let up = (1...8).map { Access(isRead: false, offset: 0, bytes: 4, value: 0x0101_0101 * UInt64($0)) }
        tap.check(ports.take() == up, "rep outs across a page of the buffer brings each element in order")
        _ = try guest.run(.stringOut, [0x200, 4, 8, 0x100C, 1])
        tap.check(ports.take() == up.reversed(), "rep outs with the direction flag brings them the other way round")
        _ = try guest.run(.stringOut, [0x200, 2, 3, 0xFFF, 0])
        let odd = [0x0504, 0x0505, 0x0605].map { Access(isRead: false, offset: 0, bytes: 2, value: UInt64($0)) }
        let got = ports.take()
        tap.check(got.count == 3 && got.allSatisfy { $0.bytes == 2 }, "an element over a page boundary is one access")
        tap.check(got == odd, "and has its bytes from both pages", detail: "\(got)")
        _ = try guest.run(.fill, [0x200, 8, 0])
        _ = try guest.run(.stringIn, [0x204, 2, 5, 0x202, 0])
        var words: [UInt32] = []
        for offset in [0x200, 0x204, 0x208, 0x20C] as [UInt32] { words += try guest.run(.peek, [offset], results: 1) }
        tap.check(
            words == [0x2211_0000, 0x2211_2211, 0x2211_2211, 0],
            "rep ins fills the guest's buffer and nothing beside it",
            detail: "\(words)")
        tap.check(ports.take().count == 5, "and reads the device once for each element")
    }

    func moveRows() throws(DriverError) {
        _ = try guest.run(.fill, [0x400, 4, 0xA5A5_5A5A])
        _ = try guest.run(.moveOut, pair(Self.memoryBase + 0x40) + [4, 4, 0x400, 0])
        let out = (0..<4).map { Access(isRead: false, offset: 0x40 + 4 * UInt64($0), bytes: 4, value: 0xA5A5_5A5A) }
        tap.check(memory.take() == out, "rep movs to the device moves through its registers")
        _ = try guest.run(.moveIn, pair(Self.memoryBase + 0x4C) + [4, 4, 0x40C, 1])
        let reads = (0..<4).map { Access(isRead: true, offset: 0x4C - 4 * UInt64($0), bytes: 4) }
        tap.check(memory.take() == reads, "rep movs from the device with the direction flag moves downwards")
        let word = try guest.run(.peek, [0x404], results: 1)
        tap.check(word == [0x4433_2211], "and the guest has the device's values", detail: "\(word)")
    }

    func pciRows() throws(DriverError) {
        for (distance, bytes) in [(0, 4), (0, 2), (2, 2), (3, 1)] as [(UInt32, UInt32)] {
            _ = try guest.run(.pciRead, [0x8000_1040, distance, bytes], results: 1)
            tap.check(
                function.take() == [Access(isRead: true, offset: 0x40 + UInt64(distance), bytes: Int(bytes))],
                "a PCI configuration read of \(bytes) at 0xcfc + \(distance) reaches its register")
        }
        for (distance, bytes) in [(0, 4), (0, 2), (2, 2), (3, 1)] as [(UInt32, UInt32)] {
            _ = try guest.run(.pciWrite, [0x8000_1004, distance, bytes, 0x1234_5678])
            let value = UInt64(0x1234_5678) & (~0 >> UInt64(64 - 8 * bytes))
            tap.check(
                function.take() == [
                    Access(isRead: false, offset: 4 + UInt64(distance), bytes: Int(bytes), value: value)
                ], "a PCI configuration write of \(bytes) at 0xcfc + \(distance) reaches its register")
        }
        _ = try guest.run(.pciRead, [0x8000_1040, 0, 4], results: 1)
        _ = function.take()
        _ = try guest.run(.stringIn, [0xCFC, 4, 3, 0x600, 0])
        tap.check(
            function.take() == [Access](repeating: Access(isRead: true, offset: 0x40, bytes: 4), count: 3),
            "rep ins at 0xcfc reads the register three times")
        tap.check(
            try guest.run(.peek, [0x608], results: 1) == [UInt32(truncatingIfNeeded: function.answer)],
            "and the guest has all three")
        let crossing = try guest.run(.pciRead, [0x8000_1040, 3, 2], results: 1)
        tap.check(
            crossing == [0xFFFF] && function.take().isEmpty, "a read beyond the register's end reaches no device",
            detail: "\(crossing)")
        let absent = try guest.run(.pciRead, [0x8000_1800, 0, 4], results: 1)
        tap.check(absent == [.max] && function.take().isEmpty, "a function that is not there reads all ones")
    }
}
