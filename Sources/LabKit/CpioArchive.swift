// Writes the cpio format that the kernel unpacks as an initramfs ("newc", cpio(5)). Not a reader, and not a copier of
// folders: the caller names every member.
import Foundation

/// An archive under construction, written to a file as it grows.
struct CpioArchive: ~Copyable {
    /// The low 12 bits of a mode.
    typealias Permissions = UInt32

    private static let folderType: UInt32 = 0o040000
    private static let fileType: UInt32 = 0o100000
    private static let linkType: UInt32 = 0o120000
    /// cpio(5): sizes are 32-bit.
    static let memberBytesMax = Int(UInt32.max)

    private let file: FileHandle
    private var nextNode: UInt32 = 1
    private var folders: Set<String> = []
    /// Bytes written so far.
    private(set) var bytes = 0

    /// An archive that is written to `file`, from its current position on.
    init(_ file: FileHandle) { self.file = file }

    /// Adds a file of these bytes at `path` (no leading slash needed), and the folders above it.
    mutating func add(_ content: Data, at path: String, permissions: Permissions) throws(LabError) {
        let path = try addFolders(above: path)
        try member(path, mode: Self.fileType | permissions, content: content)
    }

    /// Adds a file of this machine; a permission of nil keeps its executable bit.
    mutating func add(file url: URL, at path: String) throws(LabError) {
        let content: Data
        do { content = try Data(contentsOf: url, options: .mappedIfSafe) } catch {
            throw LabError(.badInput, "cannot read \(url.path): \(shortReason(of: error))")
        }
        let executable = FileManager.default.isExecutableFile(atPath: url.path)
        try add(content, at: path, permissions: executable ? 0o755 : 0o644)
    }

    /// Adds a symbolic link.
    mutating func add(link path: String, to target: String) throws(LabError) {
        let path = try addFolders(above: path)
        try member(path, mode: Self.linkType | 0o777, content: Data(target.utf8))
    }

    /// Adds a folder and those above it, each once.
    mutating func add(folder path: String) throws(LabError) {
        let path = try addFolders(above: path)
        guard folders.insert(path).inserted else { return }
        try member(path, mode: Self.folderType | 0o755, content: Data())
    }

    /// Ends the archive; another archive may follow in the same file.
    consuming func finish() throws(LabError) {
        nextNode = 0
        try member("TRAILER!!!", mode: 0, content: Data())
    }

    private mutating func addFolders(above path: String) throws(LabError) -> String {
        let parts = path.split(separator: "/").map(String.init)
        guard !parts.isEmpty, !parts.contains(".."), !parts.contains(".") else {
            throw LabError(.badInput, "\"\(path)\" is not a place for a file in dom0")
        }
        for count in 1..<max(parts.count, 1) {
            let folder = parts[..<count].joined(separator: "/")
            if folders.insert(folder).inserted {
                try member(folder, mode: Self.folderType | 0o755, content: Data())
            }
        }
        return parts.joined(separator: "/")
    }

    private mutating func member(_ name: String, mode: UInt32, content: Data) throws(LabError) {
        guard content.count <= Self.memberBytesMax else {
            throw LabError(.badInput, "\(name) is larger than 4 GiB, the most that a boot archive can hold")
        }
        let nameBytes = Array(name.utf8) + [0]
        // cpio(5), "New ASCII Format": magic, then 13 fields of 8 hexadecimal digits.
        let fields: [UInt32] = [
            nextNode, mode, 0, 0, mode & 0o170000 == Self.folderType ? 2 : 1, 0, UInt32(content.count), 0, 0, 0, 0,
            UInt32(nameBytes.count), 0,
        ]
        var header = Data("070701".utf8)
        for field in fields {
            let digits = String(field, radix: 16, uppercase: true)
            header.append(contentsOf: String(repeating: "0", count: 8 - digits.count).utf8)
            header.append(contentsOf: digits.utf8)
        }
        header.append(contentsOf: nameBytes)
        pad(&header)
        nextNode += nextNode == 0 ? 0 : 1
        try write(header)
        try write(content)
        let odd = content.count % 4
        if odd != 0 { try write(Data(repeating: 0, count: 4 - odd)) }
    }

    private func pad(_ data: inout Data) {
        while data.count % 4 != 0 { data.append(0) }
    }

    private mutating func write(_ data: Data) throws(LabError) {
        try file.writeAll(data)
        bytes += data.count
    }
}
