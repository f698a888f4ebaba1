// Reads what FrameBuffer writes: a PNG of 8-bit RGB whose deflate blocks are stored. Every sum in it is checked.
// Not for: any other PNG.

/// A decoded picture.
public struct StoredPNG: Equatable {
    public let width: Int
    public let height: Int
    /// Row by row, 0xRRGGBB.
    public let pixels: [UInt32]

    /// nil: it is not such a file, or a length or a sum in it is wrong.
    public init?(_ file: [UInt8]) {
        guard file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else { return nil }
        var rest = file.dropFirst(8)
        guard let header = Self.chunk("IHDR", from: &rest), header.count == 13, header.suffix(5) == [8, 2, 0, 0, 0],
            let stream = Self.chunk("IDAT", from: &rest), let end = Self.chunk("IEND", from: &rest),
            end.isEmpty, rest.isEmpty, let rows = Self.inflate(stream)
        else { return nil }
        width = Int(Self.number(header.prefix(4)))
        height = Int(Self.number(header.dropFirst(4).prefix(4)))
        let rowBytes = 1 + width * 3
        guard width > 0, height > 0, rows.count == height * rowBytes else { return nil }
        var pixels: [UInt32] = []
        for row in 0..<height {
            let line = rows[row * rowBytes..<(row + 1) * rowBytes]
            guard line.first == 0 else { return nil }  // no filter
            for column in 0..<width {
                pixels.append(line.dropFirst(1 + column * 3).prefix(3).reduce(0) { $0 << 8 | UInt32($1) })
            }
        }
        self.pixels = pixels
    }

    /// The pixel at a place that lies in the picture.
    public subscript(column: Int, row: Int) -> UInt32 { pixels[row * width + column] }

    /// The next chunk's data, if it has the type and its sum is right.
    private static func chunk(_ type: String, from rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard rest.count >= 12 else { return nil }
        let count = Int(number(rest.prefix(4)))
        guard rest.count >= 12 + count, rest.dropFirst(4).starts(with: type.utf8) else { return nil }
        let covered = rest.dropFirst(4).prefix(4 + count)
        guard number(rest.dropFirst(8 + count).prefix(4)) == crc(covered) else { return nil }
        rest = rest.dropFirst(12 + count)
        return covered.dropFirst(4)
    }

    /// CRC-32 by long division, a bit at a time, highest power first: not the way the encoder goes.
    private static func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var remainder: UInt32 = .max
        for byte in bytes {
            for bit in 0..<8 {
                let input = UInt32(byte >> bit & 1)
                let isOdd = remainder >> 31 ^ input == 1
                remainder = remainder << 1 ^ (isOdd ? 0x04C1_1DB7 : 0)
            }
        }
        var reflected: UInt32 = 0
        for bit in 0..<32 where remainder >> bit & 1 == 1 { reflected |= 1 << (31 - bit) }
        return ~reflected
    }

    /// A zlib stream of stored blocks.
    private static func inflate(_ stream: ArraySlice<UInt8>) -> [UInt8]? {
        guard stream.count >= 6, let first = stream.first, first & 0x0F == 8 else { return nil }
        guard number(stream.prefix(2)) % 31 == 0 else { return nil }
        var rest = stream.dropFirst(2)
        var bytes: [UInt8] = []
        var isLast = false
        while !isLast {
            let head = Array(rest.prefix(5))
            guard head.count == 5, head[0] <= 1 else { return nil }
            isLast = head[0] == 1
            let count = Int(head[1]) | Int(head[2]) << 8
            guard Int(head[3]) | Int(head[4]) << 8 == ~count & 0xFFFF, rest.count >= 5 + count else { return nil }
            bytes += rest.dropFirst(5).prefix(count)
            rest = rest.dropFirst(5 + count)
        }
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return rest.count == 4 && number(rest) == high << 16 | low ? bytes : nil
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}
