// Errors of the file system in the lab's words, and the few file operations that need them.
import Foundation
import Glibc

extension LabError {
    /// A disk that took no more; `folder` is a folder on it, and `needed` the bytes that the work there takes, where
    /// that is known.
    static func diskFull(
        _ folder: URL? = nil, needed: Int? = nil,
        remedy: String = "make room there, or name another cache folder by XDG_CACHE_HOME"
    ) -> LabError {
        let place = folder.map { " at \($0.path)" } ?? ""
        let free = folder?.freeBytes.map { ", \($0 / 1_000_000) MB are free" } ?? ""
        let numbers = needed.map { ": \($0 / 1_000_000 + 1) MB are needed\(free)" } ?? ""
        return LabError(.diskFull, "the disk is full\(place)\(numbers)", remedy: remedy)
    }

    /// An error of Foundation with the file at `url`, with the full disk told apart.
    static func file(_ error: any Error, _ doing: String, at url: URL? = nil, remedy: String? = nil) -> LabError {
        if isDiskFull(error) {
            let folder = url?.deletingLastPathComponent()
            return remedy.map { diskFull(folder, remedy: "make room there, or \($0)") } ?? diskFull(folder)
        }
        return LabError(.failed, "cannot \(doing): \(shortReason(of: error))", remedy: remedy)
    }
}

private func isDiskFull(_ error: any Error) -> Bool {
    let error = error as NSError
    if error.domain == NSPOSIXErrorDomain, error.code == Int(ENOSPC) || error.code == Int(EDQUOT) { return true }
    if error.domain == NSCocoaErrorDomain, error.code == CocoaError.fileWriteOutOfSpace.rawValue { return true }
    guard let underlying = error.userInfo[NSUnderlyingErrorKey] as? any Error else { return false }
    return isDiskFull(underlying)
}

/// The short reason in an error of Foundation.
func shortReason(of error: any Error) -> String {
    let error = error as NSError
    if let underlying = error.userInfo[NSUnderlyingErrorKey] as? any Error { return shortReason(of: underlying) }
    let text = error.localizedDescription
    let prefix = "The operation could not be completed. "
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
}

extension FileHandle {
    /// Writes all of `data`.
    func writeAll(_ data: Data) throws(LabError) {
        do { try write(contentsOf: data) } catch {
            let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(fileDescriptor)")
            let url = path.map { URL(fileURLWithPath: $0) }
            throw .file(error, "write\(path.map { " \($0)" } ?? "")", at: url)
        }
    }

    /// A new, empty file, open for writing.
    static func creating(_ url: URL) throws(LabError) -> FileHandle {
        do {
            try Data().write(to: url)
            return try FileHandle(forWritingTo: url)
        } catch { throw .file(error, "create \(url.path)", at: url) }
    }

    static func reading(_ url: URL) throws(LabError) -> FileHandle {
        do { return try FileHandle(forReadingFrom: url) } catch { throw .file(error, "read \(url.path)") }
    }
}

extension URL {
    func makeFolder() throws(LabError) {
        do { try FileManager.default.createDirectory(at: self, withIntermediateDirectories: true) } catch {
            throw .file(error, "make the folder \(path)", at: self, remedy: Self.otherCache)
        }
    }

    private static let otherCache = "name another cache folder by XDG_CACHE_HOME"

    /// As `makeFolder`, but a folder that is new is its owner's alone.
    func makePrivateFolder() throws(LabError) {
        if exists { return }
        try deletingLastPathComponent().makeFolder()
        // SAFETY: the path is read during the call.
        guard unsafe mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        let error = NSError(domain: NSPOSIXErrorDomain, code: Int(errno))
        throw .file(error, "make the folder \(path)", at: self, remedy: Self.otherCache)
    }

    /// Puts a new file there, in the place of whatever has the name; a link is not followed.
    func replace(with text: String) throws(LabError) {
        let fresh = deletingLastPathComponent().appendingPathComponent("\(lastPathComponent).new-\(getpid())")
        fresh.remove()
        defer { fresh.remove() }
        // SAFETY: the path is read during the call.
        let descriptor = unsafe open(fresh.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw .file(NSError(domain: NSPOSIXErrorDomain, code: Int(errno)), "create \(fresh.path)", at: fresh)
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.writeAll(Data(text.utf8))
        // SAFETY: both paths are read during the call.
        guard unsafe rename(fresh.path, path) == 0 else {
            throw .file(NSError(domain: NSPOSIXErrorDomain, code: Int(errno)), "write \(path)", at: self)
        }
    }

    /// The bytes that an ordinary user may still write to the disk of this folder; nil when that is not known.
    var freeBytes: Int? {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
        return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
    }

    /// Throws when the disk of this folder has less than `bytes` free.
    func checkFreeBytes(_ bytes: Int) throws(LabError) {
        if let free = freeBytes, free < bytes { throw .diskFull(self, needed: bytes) }
    }

    /// Gives the file a second name, so that it lasts when the first is removed; where the file system has no hard
    /// links, a symbolic one has to do.
    func link(at place: URL) throws(LabError) {
        if (try? FileManager.default.linkItem(at: self, to: place)) != nil { return }
        do { try FileManager.default.createSymbolicLink(at: place, withDestinationURL: self) } catch {
            throw .file(error, "link to \(path)", at: place)
        }
    }

    /// Removes the file or folder; that it is not there is fine.
    func remove() {
        try? FileManager.default.removeItem(at: self)
    }

    var isFolder: Bool { (try? resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true }

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    func entries() -> [URL] {
        (try? FileManager.default.contentsOfDirectory(at: self, includingPropertiesForKeys: nil)) ?? []
    }
}
