// Integers in byte arrays, little-endian, bounds-checked: reading beyond the end gives nil, never a trap.

extension [UInt8] {
    func u16(at offset: Int) -> UInt16? {
        guard offset >= 0, offset <= count - 2 else { return nil }
        return UInt16(self[offset]) | UInt16(self[offset + 1]) << 8
    }

    func u32(at offset: Int) -> UInt32? {
        guard let low = u16(at: offset), let high = u16(at: offset + 2) else { return nil }
        return UInt32(low) | UInt32(high) << 16
    }

    func u64(at offset: Int) -> UInt64? {
        guard let low = u32(at: offset), let high = u32(at: offset + 4) else { return nil }
        return UInt64(low) | UInt64(high) << 32
    }

    /// `length` bytes from `offset` on, or nil when they aren't all there.
    func bytes(at offset: Int, _ length: Int) -> [UInt8]? {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { return nil }
        return Array(self[offset..<offset + length])
    }

    mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        for index in 0..<value.bitWidth / 8 { append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}
