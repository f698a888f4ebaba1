// What every structure of the ABI can do: be read from bytes and written to bytes.
// Not for: structures of variable length; those are arrays of these.

/// A structure with a fixed little-endian layout.
///
/// Reserved bytes (pads) are written as 0 and dropped when read; `hasZeroPads(in:)` tells whether they were 0.
public protocol WireLayout: Equatable, Sendable {
    /// The structure's name in Xen's or Linux' headers, for errors.
    static var layoutName: StaticString { get }
    /// Bytes of the structure, pads included.
    static var byteCount: Int { get }
    /// Reads the fields from the first `byteCount` bytes. Fewer bytes are a bug of the caller's and trap.
    init(trusting bytes: Span<UInt8>)
    /// Writes exactly `byteCount` bytes from index 0 on, pads included. Fewer bytes are a bug of the caller's and trap.
    func encode(into bytes: inout MutableSpan<UInt8>)
}

extension WireLayout {
    /// Reads the fields from the first `byteCount` bytes; what follows is not looked at.
    /// Throws `truncated` when there are fewer.
    @inlinable
    public init(decoding bytes: Span<UInt8>) throws(LayoutError) {
        guard bytes.count >= Self.byteCount else {
            throw .truncated(Self.layoutName, needed: Self.byteCount, had: bytes.count)
        }
        self.init(trusting: bytes)
    }

    /// The structure as `byteCount` bytes of its own. Allocates; hot paths use `encode(into:)`.
    public var encodedBytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        var span = bytes.mutableSpan
        encode(into: &span)
        return bytes
    }

    /// Whether every byte that has no meaning is 0 in the structure at the start of `bytes`, as Xen demands of most.
    /// Throws `truncated` when there are fewer than `byteCount` bytes.
    public static func hasZeroPads(in bytes: Span<UInt8>) throws(LayoutError) -> Bool {
        let value = try Self(decoding: bytes)
        // Only pads are lost between reading and writing, so equal bytes mean zero pads.
        var canonical = InlineArray<144, UInt8>(repeating: 0)
        var target = canonical.mutableSpan
        value.encode(into: &target)
        for index in 0..<byteCount where target[index] != bytes[index] { return false }
        return true
    }
}

/// Bytes that can't be the structure that they were read as. Two errors are equal when their codes are.
public struct LayoutError: Error, Equatable, Sendable {
    /// What was wrong.
    public enum Code: UInt8, Sendable {
        /// There were fewer bytes than the structure has.
        case truncated
    }

    /// What was wrong.
    public var code: Code
    /// The structure, by its name in the headers.
    public var layout: StaticString
    /// Bytes that the structure has.
    public var neededByteCount: Int
    /// Bytes that were there.
    public var actualByteCount: Int

    /// `had` bytes were there where `layout` needs `needed`.
    public static func truncated(_ layout: StaticString, needed: Int, had: Int) -> LayoutError {
        LayoutError(code: .truncated, layout: layout, neededByteCount: needed, actualByteCount: had)
    }

    public static func == (left: LayoutError, right: LayoutError) -> Bool { left.code == right.code }
}

extension LayoutError: CustomStringConvertible {
    /// "ioreq: 12 bytes where 32 are needed".
    public var description: String {
        "\(layout.description): \(actualByteCount) bytes where \(neededByteCount) are needed"
    }
}
