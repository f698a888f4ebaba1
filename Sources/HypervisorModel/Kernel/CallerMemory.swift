// What a caller's addresses lead to: memory of a process that the model never touches, as copies.
// Not for: what is checked of it (PrivcmdAudit).

/// A piece of a caller's memory.
public struct CallerBuffer: Hashable, Sendable {
    /// What the kernel can do with it.
    public enum Access: UInt8, Sendable {
        /// Ordinary memory.
        case writable
        /// Reading only: it can't be pinned for writing.
        case readOnly
        /// Nothing is mapped there.
        case unmapped
    }

    /// Where it starts, in the caller's address space.
    public var address: UInt64
    /// Bytes, as the caller says.
    public var byteCount: Int
    /// What is there.
    public var access: Access
    /// Its contents, where it is accessible: `byteCount` of them. Fewer make it unmapped.
    public var bytes: [UInt8]

    /// A piece of memory with everything known of it.
    public init(address: UInt64, byteCount: Int, access: Access, bytes: [UInt8] = []) {
        self.address = address
        self.byteCount = byteCount
        self.access = access
        self.bytes = bytes
    }

    /// Ordinary memory with these contents.
    public init(_ bytes: [UInt8], at address: UInt64 = 0x10_0000) {
        self.init(address: address, byteCount: bytes.count, access: .writable, bytes: bytes)
    }

    /// Whether all of it lies where a process' memory may lie. `limit`: the first address that is the kernel's.
    func isUserRange(below limit: UInt64) -> Bool {
        let (end, overflow) = address.addingReportingOverflow(UInt64(max(0, byteCount)))
        return !overflow && end <= limit
    }

    /// Whether the kernel can pin it for writing.
    var isPinnable: Bool { access == .writable && bytes.count == byteCount && byteCount > 0 }
}

/// The pieces of a caller's memory that a hypercall may reach. dmop.md section 9.2.
public struct CallerMemory: Sendable {
    /// The pieces; they don't overlap.
    public var pieces: [CallerBuffer]

    /// Memory of these pieces; everything else is unmapped.
    public init(_ pieces: [CallerBuffer] = []) { self.pieces = pieces }

    /// Bytes that a hypercall's buffer may have here: Xen has no limit, but nothing needs more.
    static let bytesMax = 1 << 20

    /// Copies bytes out; nil when one of them can't be read.
    func read(_ address: UInt64, byteCount: Int) -> [UInt8]? {
        guard let (piece, offset) = place(address, byteCount) else { return nil }
        return Array(pieces[piece].bytes[offset..<(offset + byteCount)])
    }

    /// Copies out the bytes from an address on that can be read; none when the first can't.
    func readable(_ address: UInt64, atMost byteCount: Int) -> [UInt8] {
        guard let (piece, offset) = place(address, 0) else { return [] }
        return Array(pieces[piece].bytes[offset...].prefix(byteCount))
    }

    /// Copies bytes in. False, and nothing changed, when one of them can't be written.
    mutating func write(_ address: UInt64, _ bytes: [UInt8]) -> Bool {
        guard let (piece, offset) = place(address, bytes.count), pieces[piece].access == .writable else { return false }
        for index in bytes.indices { pieces[piece].bytes[offset + index] = bytes[index] }
        return true
    }

    private func place(_ address: UInt64, _ byteCount: Int) -> (piece: Int, offset: Int)? {
        for index in pieces.indices where pieces[index].access != .unmapped {
            let piece = pieces[index]
            guard address >= piece.address, address - piece.address <= UInt64(piece.bytes.count) else { continue }
            let offset = Int(address - piece.address)
            if byteCount <= piece.bytes.count - offset { return (index, offset) }
        }
        return nil
    }
}
