// Lengths and depth of DER, read from tags and lengths alone. Not for: its meaning; SwiftASN1 parses it.

/// The outer shape of DER values.
enum DERShape {
    /// One tag and its length: where the content is, and whether further values are in it.
    private struct Header {
        var content: Range<Int>
        var isConstructed: Bool

        /// Reads at `start`; nil when the value does not lie wholly in the bytes, or its length is not a DER one.
        init?(_ bytes: ArraySlice<UInt8>, at start: Int) {
            var index = start
            guard index < bytes.endIndex else { return nil }
            let tag = bytes[index]
            index += 1
            if tag & 0x1F == 0x1F {
                while index < bytes.endIndex, bytes[index] >= 0x80 { index += 1 }
                index += 1
            }
            guard index < bytes.endIndex else { return nil }
            let first = bytes[index]
            index += 1
            var length = Int(first)
            if first >= 0x80 {
                let count = Int(first & 0x7F)
                // Nothing that we read has lengths of more than four bytes.
                guard (1...4).contains(count), bytes.endIndex - index >= count else { return nil }
                length = bytes[index..<index + count].reduce(0) { $0 << 8 | Int($1) }
                guard length >= 0x80, length >> (8 * (count - 1)) != 0 else { return nil }
                index += count
            }
            guard length <= bytes.endIndex - index else { return nil }
            content = index..<index + length
            isConstructed = tag & 0x20 != 0
        }
    }

    /// Bytes of the first value in `bytes`, tag and length counted; nil when it does not lie wholly in them.
    static func byteCount(ofFirstValueIn bytes: ArraySlice<UInt8>) -> Int? {
        Header(bytes, at: bytes.startIndex).map { $0.content.upperBound - bytes.startIndex }
    }

    /// How deep values lie in each other: 1 for a value without children. Each tag is looked at once.
    static func nesting(of bytes: ArraySlice<UInt8>) -> Int {
        var ends: [Int] = []
        var deepest = 0
        var index = bytes.startIndex
        while let header = Header(bytes, at: index) {
            while let end = ends.last, index >= end { ends.removeLast() }
            deepest = max(deepest, ends.count + 1)
            if header.isConstructed {
                ends.append(header.content.upperBound)
                index = header.content.lowerBound
            } else {
                index = header.content.upperBound
            }
        }
        return deepest
    }
}
