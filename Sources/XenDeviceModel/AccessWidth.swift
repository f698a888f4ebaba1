// The width of one guest access.

/// The bytes that one access moves: 1, 2, 4 or 8.
public enum AccessWidth: UInt32, Sendable, CaseIterable {
    /// 1 byte.
    case byte = 1
    /// 2 bytes.
    case word = 2
    /// 4 bytes.
    case doubleWord = 4
    /// 8 bytes.
    case quadWord = 8

    /// Bytes.
    public var byteCount: Int { Int(rawValue) }

    /// The value of this width with every bit set: what a read answers where nobody is at home.
    public var allOnes: UInt64 { ~0 >> (64 - 8 * UInt64(rawValue)) }
}
