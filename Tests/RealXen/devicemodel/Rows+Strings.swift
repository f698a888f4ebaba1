// String accesses in every width and direction, over page boundaries of the buffer and of the device, judged on both
// sides: the device by what reaches it, the guest by what it finds in its buffer.

import GuestDriving
import TAP
import XenABI
import XenDeviceModel

/// 32 bytes with a page boundary in the middle, as elements of a string access.
private struct Region {
    let bytes: Int
    let isDown: Bool

    var count: Int { 32 / bytes }
    var mask: UInt64 { UInt64.max >> UInt64(64 - 8 * bytes) }
    var direction: String { isDown ? "downwards" : "upwards" }
    /// Distances of the elements from the region's start, in the guest's order.
    var distances: [Int] {
        let up = Array(stride(from: 0, to: 32, by: bytes))
        return isDown ? up.reversed() : up
    }
    /// What the commands take: width, count, offset, direction.
    func arguments(at start: UInt32) -> [UInt32] {
        [UInt32(bytes), UInt32(count), start + UInt32(distances[0]), isDown ? 1 : 0]
    }
    /// The value of an element of which byte n is 0x10 + n.
    func pattern(at distance: Int) -> UInt64 {
        littleEndian((0..<bytes).map { UInt8(0x10 + distance + $0) })
    }

    /// The same bytes as words.
    static let words: [UInt32] = (0..<8).map { word in
        UInt32(littleEndian((0..<4).map { UInt8(0x10 + 4 * word + $0) }))
    }
}

private func littleEndian(_ bytes: some Collection<UInt8>) -> UInt64 {
    var value: UInt64 = 0
    for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
    return value
}

extension Stage {
    /// Ports: rep outs and rep ins, the buffer's page boundary at its middle.
    func portStringRows() throws(DriverError) {
        for bytes in [1, 2, 4] {
            for isDown in [false, true] {
                let region = Region(bytes: bytes, isDown: isDown)
                try pokePattern(at: 0xFF0)
                _ = try guest.run(.stringOut, [0x200] + region.arguments(at: 0xFF0))
                let wanted = region.distances.map {
                    Access(isRead: false, offset: 0, bytes: bytes, value: region.pattern(at: $0))
                }
                let got = ports.take()
                tap.check(
                    got == wanted, "rep outs of \(bytes) bytes \(region.direction) brings each element",
                    detail: "\(got)")
                let values = sequence(ports, region.distances.map { _ in true })
                let script = readingScript(region, at: 0xFF0, values, .stringIn, [0x204])
                try expect(script, "rep ins of \(bytes) bytes \(region.direction) leaves each element in its place")
                settle(ports)
            }
        }
    }

    /// Memory: rep movs both ways. The boundary between two devices is at the middle; in the buffer it is 12 bytes
    /// later, so that an element of 8 bytes lies over it.
    func memoryStringRows() throws(DriverError) {
        let start = Self.memoryBase + 0xFF0
        for bytes in [1, 2, 4, 8] {
            for isDown in [false, true] {
                let region = Region(bytes: bytes, isDown: isDown)
                let target = pair(start + UInt64(region.distances[0]))
                try pokePattern(at: 0x1FE4)
                _ = try guest.run(.moveOut, target + region.arguments(at: 0x1FE4))
                let wanted = region.distances.map { distance in
                    Access(
                        isRead: false, offset: UInt64((0xFF0 + distance) % 0x1000), bytes: bytes,
                        value: region.pattern(at: distance))
                }
                let (low, high) = (memory.take(), nextPage.take())
                tap.check(
                    (isDown ? high + low : low + high) == wanted,
                    "rep movs of \(bytes) bytes \(region.direction) to two devices' pages brings each element",
                    detail: "\(low) \(high)")
                let values = sequence(memory, region.distances.map { $0 < 16 }, nextPage)
                let script = readingScript(
                    region, at: 0x1FE4, values, .moveIn, target)
                try expect(
                    script,
                    "rep movs of \(bytes) bytes \(region.direction) from them leaves each element in its place")
                settle(memory)
                settle(nextPage)
            }
        }
    }

    private func pokePattern(at offset: UInt32) throws(DriverError) {
        for (index, word) in Region.words.enumerated() {
            _ = try guest.run(.poke, [offset + 4 * UInt32(index), word])
        }
    }

    /// What one device (or two: true stands for the first) will answer, read by read; it changes with each.
    private func sequence(_ first: Recorder, _ isFirst: [Bool], _ second: Recorder? = nil) -> [UInt64] {
        first.step = 0x0101_0101_0101_0101
        first.answer = 0x8070_6050_4030_2010
        second?.step = 0x0101_0101_0101_0101
        second?.answer = 0x8878_6858_4838_2818
        var (one, two) = (first.answer, second?.answer ?? 0)
        return isFirst.map { isFirst in
            defer { if isFirst { one &+= first.step } else { two &+= first.step } }
            return isFirst ? one : two
        }
    }

    private func settle(_ device: Recorder) {
        _ = device.take()
        device.step = 0
        device.answer = 0x8877_6655_4433_2211
    }

    /// The buffer is cleared, the string is read, and the guest compares word by word, with a word on either side.
    private func readingScript(
        _ region: Region, at start: UInt32, _ values: [UInt64], _ opcode: Opcode, _ source: [UInt32]
    ) -> GuestScript {
        var bytes = [UInt8](repeating: 0, count: 32)
        for (distance, value) in zip(region.distances, values) {
            for byte in 0..<region.bytes { bytes[distance + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
        }
        var script = GuestScript()
        script.add(.fill, [start - 4, 10, 0xA5A5_A5A5])
        script.add(opcode, source + region.arguments(at: start))
        script.expect(words: 1, at: start - 4, 0xA5A5_A5A5)
        for word in 0..<8 {
            let value = littleEndian(bytes[4 * word..<4 * word + 4])
            script.expect(words: 1, at: start + 4 * UInt32(word), UInt32(value))
        }
        script.expect(words: 1, at: start + 32, 0xA5A5_A5A5)
        return script
    }
}
