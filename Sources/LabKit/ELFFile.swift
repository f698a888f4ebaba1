// Reads in an x86-64 ELF file what the dynamic linker would look for. ldd would not do: it asks this machine's dynamic
// linker, which may refuse a newer release's program or answer with libraries of this machine. ELF-64 Object File
// Format, and the x86-64 psABI. Not a loader, and not for debug information.
import Foundation

/// What a program or library asks the dynamic linker for.
struct ELFFile: Equatable {
    /// PT_INTERP, the dynamic linker that a program names.
    private(set) var interpreter: String?
    /// The DT_NEEDED entries of PT_DYNAMIC, in their order.
    private(set) var needed: [String] = []

    /// Why a file can't be read as an x86-64 ELF program or library.
    enum Problem: Error, Equatable {
        /// It is something else.
        case notELF
        /// A part lies outside the file, or a name without its end.
        case damaged
    }

    /// Program header types and dynamic tags.
    private enum Code {
        static let (load, dynamic, interpreter): (UInt64, UInt64, UInt64) = (1, 2, 3)
        static let (end, needed, stringTable, stringTableBytes): (UInt64, UInt64, UInt64, UInt64) = (0, 1, 5, 10)
    }

    private struct Segment {
        static let bytes = 56
        var type: UInt64
        var address: UInt64
        var content: Range<Int>
    }

    init(_ bytes: Data) throws(Problem) {
        let file = Bytes(bytes)
        // e_ident: magic, ELFCLASS64, ELFDATA2LSB; e_machine EM_X86_64.
        guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]), (try? file.number(18, 2)) == 62 else {
            throw .notELF
        }
        let segments = try Self.segments(of: file)
        if let segment = segments.first(where: { $0.type == Code.interpreter }) {
            interpreter = try file.name(at: segment.content.lowerBound, before: segment.content.upperBound)
        }
        guard let dynamic = segments.first(where: { $0.type == Code.dynamic }) else { return }
        var (offsets, table, tableBytes): ([UInt64], UInt64?, UInt64?) = ([], nil, nil)
        var entry = dynamic.content.lowerBound
        entries: while dynamic.content.upperBound - entry >= 16 {
            let value = try file.number(entry + 8, 8)
            switch try file.number(entry, 8) {
            case Code.end: break entries
            case Code.needed: offsets.append(value)
            case Code.stringTable: table = value
            case Code.stringTableBytes: tableBytes = value
            default: break
            }
            entry += 16
        }
        guard !offsets.isEmpty else { return }
        guard let table, let tableBytes, let names = Self.place(of: table, tableBytes, segments) else { throw .damaged }
        for offset in offsets {
            guard let offset = Int(exactly: offset), offset < names.count else { throw .damaged }
            needed.append(try file.name(at: names.lowerBound + offset, before: names.upperBound))
        }
    }

    private static func segments(of file: Bytes) throws(Problem) -> [Segment] {
        // e_phoff, e_phentsize, e_phnum
        let start = try file.number(32, 8)
        guard try file.number(54, 2) == Segment.bytes else { throw .damaged }
        let count = Int(try file.number(56, 2))
        let headers = try file.range(start, UInt64(count * Segment.bytes))
        var segments: [Segment] = []
        for header in stride(from: headers.lowerBound, to: headers.upperBound, by: Segment.bytes) {
            let type = try file.number(header, 4)
            guard [Code.load, Code.dynamic, Code.interpreter].contains(type) else { continue }
            segments.append(
                Segment(
                    type: type, address: try file.number(header + 16, 8),
                    content: try file.range(try file.number(header + 8, 8), try file.number(header + 32, 8))))
        }
        return segments
    }

    /// Where `count` bytes at a virtual address are in the file.
    private static func place(of address: UInt64, _ count: UInt64, _ segments: [Segment]) -> Range<Int>? {
        for segment in segments where segment.type == Code.load && address >= segment.address {
            guard let offset = Int(exactly: address - segment.address), offset < segment.content.count,
                let count = Int(exactly: count), count <= segment.content.count - offset
            else { continue }
            let start = segment.content.lowerBound + offset
            return start..<start + count
        }
        return nil
    }
}

/// Numbers and names in a file's bytes, none outside of it.
private struct Bytes {
    let data: Data

    init(_ data: Data) { self.data = data }

    /// A little-endian number of `count` bytes.
    func number(_ offset: Int, _ count: Int) throws(ELFFile.Problem) -> UInt64 {
        guard offset >= 0, offset <= data.count - count else { throw .damaged }
        let start = data.startIndex + offset
        return data[start..<start + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    func range(_ offset: UInt64, _ count: UInt64) throws(ELFFile.Problem) -> Range<Int> {
        guard let offset = Int(exactly: offset), let count = Int(exactly: count), offset <= data.count,
            count <= data.count - offset
        else { throw .damaged }
        return offset..<offset + count
    }

    /// A name that ends with a zero byte before `limit`.
    func name(at offset: Int, before limit: Int) throws(ELFFile.Problem) -> String {
        let bytes = data[data.startIndex + offset..<data.startIndex + limit]
        guard let end = bytes.firstIndex(of: 0), let name = String(bytes: bytes[..<end], encoding: .utf8),
            !name.isEmpty
        else { throw .damaged }
        return name
    }
}
