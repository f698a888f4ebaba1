// Bytes in spans and arrays: little-endian numbers, copies, comparison, hash. The only file of this library with unsafe
// code, each under the check that makes it safe. Not for: what the bytes mean.

extension Span<UInt8> {
    /// The 8 bytes at `offset` as a little-endian number. Traps when they are not inside, so callers check before.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count &- 8)
        // SAFETY: the 8 bytes from offset lie inside, as was just checked.
        return UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// The 4 bytes at `offset` as a little-endian number. Traps when they are not inside, so callers check before.
    @inline(__always)
    func half(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= count &- 4)
        // SAFETY: the 4 bytes from offset lie inside, as was just checked.
        return UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
    }

    /// A copy of the bytes of `range`, which lies inside.
    func copy(_ range: Range<Int>) -> [UInt8] {
        let part = extracting(range)
        let count = part.count
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // SAFETY: the buffer has room for count bytes, and part has as many.
            unsafe part.withUnsafeBufferPointer { source in
                if count > 0 { _ = unsafe buffer.update(fromContentsOf: source) }
            }
            initialized = count
        }
    }

    /// Whether the bytes of both are the same.
    func equals(_ other: Span<UInt8>) -> Bool {
        if count != other.count { return false }
        var place = 0
        while place &+ 8 <= count {
            if word(at: place) != other.word(at: place) { return false }
            place &+= 8
        }
        while place < count {
            if self[place] != other[place] { return false }
            place &+= 1
        }
        return true
    }

    /// Whether a guest may make a variable of this name: even length, no NUL unit. Source: varstored.md 3.3.
    var isStrictName: Bool {
        if count & 1 != 0 { return false }
        var place = 0
        while place < count {
            if self[place] | self[place &+ 1] == 0 { return false }
            place &+= 2
        }
        return true
    }

    /// A hash of the bytes, mixed with `seed`. Not secret: tables that use it are bounded, so collisions cost little.
    func hash(_ seed: UInt64) -> UInt64 {
        var hash = seed ^ UInt64(truncatingIfNeeded: count)
        var place = 0
        while place &+ 8 <= count {
            hash = (hash ^ word(at: place)).mixed
            place &+= 8
        }
        var rest: UInt64 = 0
        while place < count {
            rest = rest &<< 8 | UInt64(self[place])
            place &+= 1
        }
        return (hash ^ rest).mixed
    }
}

extension UInt64 {
    /// The bits spread over the whole word.
    @inline(__always)
    var mixed: UInt64 {
        let product = multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}

extension [UInt8] {
    /// Appends a number, little-endian.
    mutating func put(_ value: UInt64) {
        var value = value
        for _ in 0..<8 {
            append(UInt8(truncatingIfNeeded: value))
            value &>>= 8
        }
    }

    /// Appends a number, little-endian.
    mutating func put(_ value: UInt32) {
        var value = value
        for _ in 0..<4 {
            append(UInt8(truncatingIfNeeded: value))
            value &>>= 8
        }
    }

    /// Appends a number, little-endian.
    mutating func put(_ value: UInt16) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value &>> 8))
    }
}

extension MutableSpan<UInt8> {
    /// Writes a number, little-endian. Traps when there is no room, so callers check before.
    @inline(__always)
    mutating func put(_ value: UInt64, at offset: Int) {
        precondition(offset >= 0 && offset <= count &- 8)
        var bytes = unsafe mutableBytes
        // SAFETY: the 8 bytes from offset lie inside, as was just checked.
        unsafe bytes.storeBytes(of: value.littleEndian, toUncheckedByteOffset: offset, as: UInt64.self)
    }

    /// Writes a number, little-endian. Traps when there is no room, so callers check before.
    @inline(__always)
    mutating func put(_ value: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset <= count &- 4)
        var bytes = unsafe mutableBytes
        // SAFETY: the 4 bytes from offset lie inside, as was just checked.
        unsafe bytes.storeBytes(of: value.littleEndian, toUncheckedByteOffset: offset, as: UInt32.self)
    }

    /// Writes bytes. Traps when there is no room, so callers check before.
    mutating func copy(_ source: Span<UInt8>, at offset: Int) {
        let end = offset &+ source.count
        precondition(offset >= 0 && end <= count)
        if source.isEmpty { return }
        unsafe withUnsafeMutableBufferPointer { target in
            unsafe source.withUnsafeBufferPointer { source in
                // SAFETY: the range lies inside of the target, as was just checked, and is as long as the source.
                _ = unsafe target.extracting(offset..<end).update(fromContentsOf: source)
            }
        }
    }
}
