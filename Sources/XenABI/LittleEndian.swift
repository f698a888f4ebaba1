// Little-endian integers in spans of bytes, bounds-checked. The only place that knows the byte order.
// Byte by byte in the source; the optimiser makes one load or store of each.

extension Span<UInt8> {
    @inlinable @inline(__always)
    internal func u8(at offset: Int) -> UInt8 { self[offset] }

    @inlinable @inline(__always)
    internal func u16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) | UInt16(self[offset &+ 1]) &<< 8
    }

    @inlinable @inline(__always)
    internal func u32(at offset: Int) -> UInt32 {
        let low = UInt32(self[offset]) | UInt32(self[offset &+ 1]) &<< 8
        return low | UInt32(self[offset &+ 2]) &<< 16 | UInt32(self[offset &+ 3]) &<< 24
    }

    @inlinable @inline(__always)
    internal func u64(at offset: Int) -> UInt64 {
        let low = UInt64(self[offset]) | UInt64(self[offset &+ 1]) &<< 8
        let middle = UInt64(self[offset &+ 2]) &<< 16 | UInt64(self[offset &+ 3]) &<< 24
        let upper = UInt64(self[offset &+ 4]) &<< 32 | UInt64(self[offset &+ 5]) &<< 40
        let top = UInt64(self[offset &+ 6]) &<< 48 | UInt64(self[offset &+ 7]) &<< 56
        return low | middle | upper | top
    }
}

extension MutableSpan<UInt8> {
    @inlinable @inline(__always)
    internal mutating func put(_ value: UInt8, at offset: Int) { self[offset] = value }

    @inlinable @inline(__always)
    internal mutating func put(_ value: UInt16, at offset: Int) {
        self[offset] = UInt8(truncatingIfNeeded: value)
        self[offset &+ 1] = UInt8(truncatingIfNeeded: value &>> 8)
    }

    @inlinable @inline(__always)
    internal mutating func put(_ value: UInt32, at offset: Int) {
        self[offset] = UInt8(truncatingIfNeeded: value)
        self[offset &+ 1] = UInt8(truncatingIfNeeded: value &>> 8)
        self[offset &+ 2] = UInt8(truncatingIfNeeded: value &>> 16)
        self[offset &+ 3] = UInt8(truncatingIfNeeded: value &>> 24)
    }

    @inlinable @inline(__always)
    internal mutating func put(_ value: UInt64, at offset: Int) {
        put(UInt32(truncatingIfNeeded: value), at: offset)
        put(UInt32(truncatingIfNeeded: value &>> 32), at: offset &+ 4)
    }

    /// Zeroes `count` bytes: a pad.
    @inlinable @inline(__always)
    internal mutating func zero(_ count: Int, at offset: Int) {
        for index in offset..<(offset &+ count) { self[index] = 0 }
    }
}
