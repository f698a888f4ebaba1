// Reading and writing of little-endian numbers in a packet's bytes, checked: the only place here that knows the order.
// Not for: what the numbers mean.

/// Why a packet is not what it claims to be.
public struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    /// In a few words.
    public var reason: StaticString
    /// Where in the packet, in bytes.
    public var offset: Int

    /// A reason and a place.
    public init(_ reason: StaticString, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public static func == (left: WireError, right: WireError) -> Bool { left.offset == right.offset }

    public var description: String { "\(reason.description) at byte \(offset)" }
}

/// Reads a packet from front to back. Never reads beyond its end.
public struct WireReader {
    private let bytes: [UInt8]
    private let end: Int
    /// Where the next number is read.
    public private(set) var offset: Int

    /// Reads the bytes of `range`, which lies within `bytes`.
    public init(_ bytes: [UInt8], _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "a packet outside of its bytes")
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// Bytes that are left.
    public var remaining: Int { end - offset }

    /// A number of 1 byte.
    public mutating func u8() throws(WireError) -> UInt8 { UInt8(truncatingIfNeeded: try number(1)) }
    /// A number of 2 bytes.
    public mutating func u16() throws(WireError) -> UInt16 { UInt16(truncatingIfNeeded: try number(2)) }
    /// A number of 4 bytes.
    public mutating func u32() throws(WireError) -> UInt32 { UInt32(truncatingIfNeeded: try number(4)) }
    /// A number of 8 bytes.
    public mutating func u64() throws(WireError) -> UInt64 { try number(8) }

    /// A count of things that have `byteCount` bytes each at least: no more than there is room for, nor than `max`.
    public mutating func count(of byteCount: Int, max: Int) throws(WireError) -> Int {
        let start = offset
        let count = Int(try u32())
        if count > max || count > remaining / byteCount { throw WireError("more than there can be", at: start) }
        return count
    }

    /// Skips bytes that must be 0.
    public mutating func pad(_ count: Int) throws(WireError) {
        for _ in 0..<count where try u8() != 0 { throw WireError("a pad that is not 0", at: offset - 1) }
    }

    /// The next `count` bytes.
    public mutating func bytes(_ count: Int) throws(WireError) -> [UInt8] {
        if count < 0 || count > remaining { throw WireError("too short", at: end) }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    /// A text: its size in bytes, and the bytes. What is no UTF-8 is replaced.
    public mutating func text() throws(WireError) -> String {
        String(decoding: try bytes(try count(of: 1, max: WireLimits.packetByteCount)), as: UTF8.self)
    }

    /// Throws unless everything was read.
    public func finish() throws(WireError) {
        if offset != end { throw WireError("too long", at: offset) }
    }

    private mutating func number(_ count: Int) throws(WireError) -> UInt64 {
        if count > remaining { throw WireError("too short", at: end) }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        offset += count
        return value
    }
}

/// Writes a packet.
public struct WireWriter {
    /// What was written.
    public private(set) var bytes: [UInt8] = []

    /// Nothing yet.
    public init() {}

    /// Begins anew, and keeps the room.
    public mutating func begin() { bytes.removeAll(keepingCapacity: true) }

    /// A number of 1 byte.
    public mutating func put(_ value: UInt8) { bytes.append(value) }
    /// A number of 2 bytes.
    public mutating func put(_ value: UInt16) { put(UInt64(value), 2) }
    /// A number of 4 bytes.
    public mutating func put(_ value: UInt32) { put(UInt64(value), 4) }
    /// A number of 8 bytes.
    public mutating func put(_ value: UInt64) { put(value, 8) }
    /// Zeroes.
    public mutating func pad(_ count: Int) { for _ in 0..<count { bytes.append(0) } }
    /// Bytes as they are.
    public mutating func put(_ more: [UInt8]) { bytes.append(contentsOf: more) }
    /// A text: its size in bytes, and the bytes.
    public mutating func put(_ text: String) {
        put(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Replaces the 4 bytes at `offset`, which are written already.
    public mutating func replace(_ value: UInt32, at offset: Int) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
    }

    private mutating func put(_ value: UInt64, _ count: Int) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }
}
