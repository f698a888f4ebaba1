// The memory of a calling process that is none: pieces at made-up addresses, and mappings of privcmd among them.
// Not for: checks of the kernel's (PrivcmdAudit).

internal import HypervisorModel
internal import XenPlatform

/// What is at a process' addresses.
struct ModelMemory {
    /// A mapping of privcmd, by page.
    struct Mapping {
        let area: PrivcmdArea
        var pages: [FrameResult?]
        var byteCount: Int { pages.count * 4096 }
    }

    private(set) var pieces: [CallerBuffer] = []
    private(set) var mappings: [UInt64: Mapping] = [:]
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
        guard let (base, mapping) = mapping(at: address), byteCount <= 4096 * mapping.pages.count else { return nil }
        var bytes: [UInt8] = []
        for index in 0..<byteCount {
            let offset = Int(address - base) + index
            guard offset < mapping.byteCount, case .mapped(let run, let page)? = mapping.pages[offset / 4096] else {
                return nil
            }
            bytes.append(UInt8(run.pages.load(byteCount: 1, at: page * 4096 + offset % 4096)))
        }
        return bytes
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
        for index in bytes.indices {
            let offset = Int(address - base) + index
            guard offset < mapping.byteCount, case .mapped(let run, let page)? = mapping.pages[offset / 4096] else {
                return false
            }
            run.pages.store(UInt64(bytes[index]), byteCount: 1, at: page * 4096 + offset % 4096)
        }
        return true
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
    mutating func add(_ area: PrivcmdArea) -> UInt64 {
        let address = reserve(area.pageCount * 4096)
        mappings[address] = Mapping(area: area, pages: [FrameResult?](repeating: nil, count: area.pageCount))
        return address
    }

    /// The mapping that an address lies in, and where it begins.
    func mapping(at address: UInt64) -> (base: UInt64, Mapping)? {
        for (base, mapping) in mappings where address >= base && address - base < UInt64(mapping.byteCount) {
            return (base, mapping)
        }
        return nil
    }

    /// Pages of a mapping have been filled.
    mutating func fill(_ base: UInt64, at first: Int, _ results: [FrameResult]) {
        for (index, result) in results.enumerated() { mappings[base]?.pages[first + index] = result }
    }

    /// munmap. False: nothing is mapped there.
    mutating func unmap(_ address: UInt64) -> Bool { mappings.removeValue(forKey: address) != nil }
}
