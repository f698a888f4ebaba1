// BlockDevice, used by a real guest. Ports: its README.md.

import GuestDriving
import SystemCalls
import TAP

extension Stage {
    /// `image` has 20 sectors and 100 bytes more.
    func diskRows(_ image: String) throws(DriverError) {
        tap.check(try portIn(0x318) == 20, "BlockDevice: the guest sees how many whole sectors the file has")
        _ = try guest.run(.fill, [0, 128, 0x0302_0100])
        _ = try guest.run(.poke, [508, 0xFFEE_DDCC])
        try portOut(0x304, 3)
        _ = try guest.run(.stringOut, [0x300, 2, 256, 0, 0])
        tap.check(try command(2) == 0, "a sector is written by rep outsw")
        let pattern = (0..<508).map { UInt8($0 % 4) } + [0xCC, 0xDD, 0xEE, 0xFF]
        let file = contents(of: image) ?? []
        tap.check(
            Array(file.dropFirst(3 * 512).prefix(512)) == pattern && file.count == 20 * 512 + 100
                && file.prefix(3 * 512).allSatisfy { $0 == 0 } && file.dropFirst(4 * 512).allSatisfy { $0 == 0 },
            "and the file has it, there and nowhere else")
        try portOut(0x304, 2)
        _ = try command(1)
        try portOut(0x304, 3)
        tap.check(try command(1) == 0, "it is read back")
        _ = try guest.run(.stringIn, [0x300, 2, 256, 0x1000, 0])
        tap.check(try peek([0x1000, 0x11FC]) == [0x0302_0100, 0xFFEE_DDCC], "by rep insw")
        tap.check(try portIn(0x300) == .max, "after its last byte the data port reads all ones")
        try memoryRows(image, pattern)
        try refusalRows(image)
    }

    /// Sectors straight from and to the guest's memory, across a page boundary of it.
    private func memoryRows(_ image: String, _ pattern: [UInt8]) throws(DriverError) {
        let buffer = try bufferAddress()
        try portOut(0x304, 19)
        try portOut(0x308, UInt32(truncatingIfNeeded: buffer))
        try portOut(0x30C, 0)
        tap.check(try command(4) == 0, "a sector is written from the guest's memory")
        tap.check(
            contents(of: image).map { Array($0.dropFirst(19 * 512).prefix(512)) } == pattern, "and the file has it")
        try portOut(0x308, UInt32(truncatingIfNeeded: buffer + 0x1F00))
        _ = try guest.run(.fill, [0x1EF0, 256, 0])
        tap.check(try command(3) == 0, "a sector is read to the guest's memory, across two of its pages")
        tap.check(
            try peek([0x1EFC, 0x1F00, 0x2000, 0x20FC, 0x2100]) == [0, 0x0302_0100, 0x0302_0100, 0xFFEE_DDCC, 0],
            "and is there, with nothing changed beside it")
        try portOut(0x308, 0xE000_0000)
        tap.check(try command(3) == 1, "memory that the guest does not have fails the command")
    }

    private func refusalRows(_ image: String) throws(DriverError) {
        try portOut(0x304, 20)
        let answers = [try command(1), try command(2), try command(9)]
        tap.check(
            answers == [1, 1, 1], "so does a sector behind the last one, and an unknown command", detail: "\(answers)")
        do throws(SystemError) {
            try OwnedDescriptor.open(path: image, .readWrite).truncate(to: 3 * 512 + 10)
        } catch {
            tap.say("# \(error)")
        }
        try portOut(0x304, 3)
        tap.check(try command(1) == 1, "and a sector that the file has lost meanwhile")
        try portOut(0x304, 2)
        tap.check(try command(1) == 0, "but not the ones before it")
    }

    private func portIn(_ port: UInt32) throws(DriverError) -> UInt32 {
        try guest.run(.portIn, [port, 4], results: 1)[0]
    }

    private func portOut(_ port: UInt32, _ value: UInt32) throws(DriverError) {
        _ = try guest.run(.portOut, [port, 4, value])
    }

    /// Gives a command, and answers the status.
    private func command(_ number: UInt32) throws(DriverError) -> UInt32 {
        _ = try guest.run(.portOut, [0x310, 1, number])
        return try portIn(0x314)
    }
}
