// The memory of a calling process that is none: pieces at made-up addresses, and mappings of privcmd among them.
// Not for: checks of the kernel's (PrivcmdAudit).

internal import HypervisorModel

/// A mapping of privcmd in a made-up process.
protocol MadeUpMapping: AnyObject {
    /// Bytes.
    var byteCount: Int { get }
    /// A byte; nil: nothing is mapped there.
    func load(_ offset: Int) -> UInt8?
    /// Changes a byte; false: nothing is mapped there.
    func store(_ offset: Int, _ byte: UInt8) -> Bool
}

/// What is at a process' addresses.
struct ModelMemory {
    private(set) var pieces: [CallerBuffer] = []
    private var mappings: [UInt64: any MadeUpMapping] = [:]
    private var next: UInt64 = 0x7F00_0000_0000

    /// A fresh piece of zeros.
    mutating func allocate(byteCount: Int, isReadOnly: Bool) -> UInt64 {
        let address = reserve(byteCount)
        pieces.append(
            CallerBuffer(
                address: address, byteCount: byteCount, access: isReadOnly ? .readOnly : .writable,
                bytes: [UInt8](repeating: 0, count: byteCount)))
        return address
    }

    /// An address for so many bytes; nothing is beside it.
    private mutating func reserve(_ byteCount: Int) -> UInt64 {
        defer { next += UInt64(byteCount + 0x10000) / 0x10000 * 0x10000 }
        return next
    }

    /// Bytes that can be read; nil when one of them can't.
    func load(_ address: UInt64, byteCount: Int) -> [UInt8]? {
        if let (piece, offset) = place(address, byteCount) {
            return Array(pieces[piece].bytes[offset..<(offset + byteCount)])
        }
        guard let (base, mapping) = mapping(at: address) else { return nil }
        let first = Int(address - base)
        guard byteCount <= mapping.byteCount - first else { return nil }
        let bytes = (0..<byteCount).compactMap { mapping.load(first + $0) }
        return bytes.count == byteCount ? bytes : nil
    }

    /// Bytes from an address on, as far as they can be read.
    func readable(_ address: UInt64, atMost byteCount: Int) -> [UInt8] {
        guard let (piece, offset) = place(address, 0) else { return [] }
        return Array(pieces[piece].bytes[offset...].prefix(byteCount))
    }

    /// What a kernel finds where it looks for a buffer.
    func buffer(_ address: UInt64, byteCount: Int) -> CallerBuffer {
        guard let (piece, _) = place(address, 0) else {
            return CallerBuffer(address: address, byteCount: byteCount, access: .unmapped)
        }
        return CallerBuffer(
            address: address, byteCount: byteCount, access: pieces[piece].access,
            bytes: readable(address, atMost: byteCount))
    }

    /// Writes bytes. False, and nothing changed, when one of them can't be written.
    mutating func store(_ address: UInt64, _ bytes: [UInt8], byKernel: Bool) -> Bool {
        if let (piece, offset) = place(address, bytes.count) {
            guard pieces[piece].access == .writable else { return false }
            for index in bytes.indices { pieces[piece].bytes[offset + index] = bytes[index] }
            return true
        }
        guard let (base, mapping) = mapping(at: address) else { return false }
        let first = Int(address - base)
        guard bytes.count <= mapping.byteCount - first else { return false }
        return bytes.indices.allSatisfy { mapping.store(first + $0, bytes[$0]) }
    }

    /// Puts memory that a hypercall has changed back.
    mutating func replace(_ pieces: [CallerBuffer]) { self.pieces = pieces }

    private func place(_ address: UInt64, _ byteCount: Int) -> (piece: Int, offset: Int)? {
        for index in pieces.indices {
            let piece = pieces[index]
            guard address >= piece.address, address - piece.address < UInt64(piece.bytes.count) else { continue }
            let offset = Int(address - piece.address)
            return byteCount <= piece.bytes.count - offset ? (index, offset) : nil
        }
        return nil
    }

    // MARK: Mappings

    /// Puts a mapping of privcmd somewhere.
    mutating func add(_ mapping: any MadeUpMapping) -> UInt64 {
        let address = reserve(mapping.byteCount)
        mappings[address] = mapping
        return address
    }

    /// The mapping that an address lies in, and where it begins.
    func mapping(at address: UInt64) -> (base: UInt64, mapping: any MadeUpMapping)? {
        for (base, mapping) in mappings where address >= base && address - base < UInt64(mapping.byteCount) {
            return (base, mapping)
        }
        return nil
    }

    /// munmap. False: nothing is mapped there.
    mutating func unmap(_ address: UInt64) -> Bool { mappings.removeValue(forKey: address) != nil }
}
