// The registers of a device as bytes, with what the guest may change of each.
// Not for: what a register does; the device looks after each write.

/// A block of little-endian registers that the guest may access with any width at any offset, parts of registers
/// included. For each bit the device says whether the guest can write it, clear it by writing 1, or only read it.
///
/// Two sides look at it: the guest by `read(offset:width:)` and `write(offset:width:value:)`, which never trap; the
/// device by the subscript, which sees and sets every bit.
public struct RegisterFile: Sendable {
    private var values: [UInt8]
    private var writable: [UInt8]
    private var clearable: [UInt8]

    /// A block of `byteCount` bytes, all 0 and read-only.
    public init(byteCount: Int) {
        values = [UInt8](repeating: 0, count: byteCount)
        writable = values
        clearable = values
    }

    /// Bytes in the block.
    public var byteCount: Int { values.count }

    /// Sets a register up: its value, the bits that the guest can write, and those that it clears by writing 1 to
    /// them. An offset outside of the block traps: it is the device's, not the guest's.
    public mutating func define(
        _ offset: Int, _ width: AccessWidth = .doubleWord, value: UInt64 = 0, writable: UInt64 = 0,
        clearable: UInt64 = 0
    ) {
        self[offset, width] = value
        for index in 0..<width.byteCount {
            self.writable[offset + index] = Self.byte(index, of: writable)
            self.clearable[offset + index] = Self.byte(index, of: clearable)
        }
    }

    /// The device's own view of a register. An offset outside of the block traps.
    public subscript(offset: Int, width: AccessWidth = .doubleWord) -> UInt64 {
        get {
            (0..<width.byteCount).reduce(0) { $0 | UInt64(values[offset + $1]) << UInt64(8 * $1) }
        }
        set {
            for index in 0..<width.byteCount { values[offset + index] = Self.byte(index, of: newValue) }
        }
    }

    /// What the guest reads; beyond the block all ones.
    public func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<width.byteCount {
            let byte = position(offset, index).map { values[$0] } ?? 0xFF
            value |= UInt64(byte) << UInt64(8 * index)
        }
        return value
    }

    /// The guest writes: changes what it may change. Beyond the block nothing happens.
    public mutating func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        for index in 0..<width.byteCount {
            guard let place = position(offset, index) else { continue }
            let byte = Self.byte(index, of: value)
            let kept = values[place] & ~writable[place] & ~(byte & clearable[place])
            values[place] = kept | byte & writable[place]
        }
    }

    private func position(_ offset: UInt64, _ index: Int) -> Int? {
        let (place, overflow) = offset.addingReportingOverflow(UInt64(index))
        return !overflow && place < UInt64(values.count) ? Int(place) : nil
    }

    private static func byte(_ index: Int, of value: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
}
