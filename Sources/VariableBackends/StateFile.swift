// A file with state of ours, replaced whole or not at all. Source: varstored.md 11.4, 11.5, 13.2.
// Not for: what is in it (UEFIVariables); when it is written (VariableService).

internal import SystemCalls

/// A name in a folder that is held open: what the daemon keeps of a path when it gives up its root and its rights.
///
/// Nothing goes through a symbolic link: reading one is refused, and replacing one replaces the link itself. The errnos
/// that it names are Linux' own.
public final class StateFile {
    /// What is written at most, in bytes: beyond RLIMIT_FSIZE the kernel would end the process. Source: varstored.md
    /// 12.5.
    public static var writtenByteCountMax: Int { 262_144 }
    /// Copies of bad blobs that are kept beside a file. Source: varstored.md 11.4.
    public static var quarantineCountMax: Int { 4 }

    /// The path as it was given, for the log.
    public let path: String
    let name: String
    let calls: any FileCalls
    /// ENOENT, EBUSY and ELOOP.
    static let notThere: Int32 = 2
    private static let isBusy: Int32 = 16
    private static let isLink: Int32 = 40

    /// Holds the folder of `path` open. The file itself need not be there.
    /// - Throws: `badPath` for a path without a name at its end; what opening the folder answers.
    public init(path: String) throws(BackendFailure) {
        let (folderPath, name) = try Self.split(path)
        do throws(SystemError) {
            let folder = try FolderCalls(path: folderPath)
            (self.path, self.name, self.calls) = (path, name, folder)
        } catch {
            throw .system(error)
        }
    }

    /// As `init(path:)`, with calls that a test has made its own.
    init(name: String, calls: any FileCalls) { (path, self.name, self.calls) = (name, name, calls) }

    private static func split(_ path: String) throws(BackendFailure) -> (folder: String, name: String) {
        let bytes = Array(path.utf8)
        guard !bytes.contains(0) else { throw .badPath(path) }
        let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
        let name = String(decoding: slash.map { bytes[($0 + 1)...] } ?? bytes[...], as: UTF8.self)
        guard !name.isEmpty, name != ".", name != ".." else { throw .badPath(path) }
        guard let slash else { return (".", name) }
        return (slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self), name)
    }

    /// The whole file; nil when there is none.
    /// - Throws: `tooLong` beyond `byteCountMax` bytes, of which not many more are read; `notAFile`; `system`.
    public func read(byteCountMax: Int) throws(BackendFailure) -> [UInt8]? {
        try read(name, byteCountMax: byteCountMax)
    }

    func read(_ name: String, byteCountMax: Int) throws(BackendFailure) -> [UInt8]? {
        let bytes: [UInt8]?
        do throws(SystemError) {
            let file = try calls.openForReading(name)
            bytes = try file.isRegularFile() ? Self.readAll(file, stoppingBeyond: byteCountMax) : nil
        } catch {
            if error.code == Self.notThere { return nil }
            throw error.code == Self.isLink ? .notAFile(name) : .system(error)
        }
        guard let bytes else { throw .notAFile(name) }
        guard bytes.count <= byteCountMax else { throw .tooLong(byteCount: bytes.count, byteCountMax: byteCountMax) }
        return bytes
    }

    private static func readAll(
        _ file: borrowing OwnedDescriptor, stoppingBeyond byteCountMax: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while bytes.count <= byteCountMax {
            var span = buffer.mutableSpan
            let count = try file.read(into: &span)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Takes the lock beside the file, `<name>.lock`, which is made if it is not there and is never removed. It is held
    /// for as long as the answer lives.
    /// - Throws: `locked` when another process, or this one, holds it; `notAFile`; `system`.
    public func lock() throws(BackendFailure) -> FileLock {
        do throws(SystemError) {
            let file = try calls.openLock(name + ".lock")
            if try file.isRegularFile() {
                if try file.lockForWriting() { return FileLock(file) }
                throw SystemError(Self.isBusy, "fcntl")
            }
        } catch {
            switch error.code {
            case Self.isBusy: throw .locked(path: path + ".lock")
            case Self.isLink: break
            default: throw .system(error)
            }
        }
        throw .notAFile(name + ".lock")
    }
}

/// A lock on a file. The kernel gives it back when the process ends, however that comes.
public final class FileLock {
    private let file: OwnedDescriptor

    init(_ file: consuming OwnedDescriptor) { self.file = file }
}
