// Errors of the file system in the lab's words, and the few file operations that need them.
import Foundation
import Glibc

extension LabError {
    /// A disk that took no more; `folder` is a folder on it, and `needed` the bytes that the work there takes.
    static func diskFull(_ folder: URL? = nil, needed: Int = 400_000_000) -> LabError {
        let megabytes = needed / 1_000_000 + 1
        let free = folder?.freeBytes.map { ", \($0 / 1_000_000) MB are free" } ?? ""
        let place = folder.map { " at \($0.path)" } ?? ""
        return LabError(
            .diskFull, "the disk is full\(place): \(megabytes) MB are needed\(free)",
            remedy: "make room there, or name another cache folder by XDG_CACHE_HOME")
    }

    /// An error of Foundation, with the full disk told apart.
    static func file(_ error: any Error, _ doing: String, remedy: String? = nil) -> LabError {
        if isDiskFull(error) { return diskFull() }
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
        do { try write(contentsOf: data) } catch { throw .file(error, "write") }
    }

    /// A new, empty file, open for writing.
    static func creating(_ url: URL) throws(LabError) -> FileHandle {
        do {
            try Data().write(to: url)
            return try FileHandle(forWritingTo: url)
        } catch { throw .file(error, "create \(url.path)") }
    }

    static func reading(_ url: URL) throws(LabError) -> FileHandle {
        do { return try FileHandle(forReadingFrom: url) } catch { throw .file(error, "read \(url.path)") }
    }
}

extension URL {
    func makeFolder() throws(LabError) {
        do { try FileManager.default.createDirectory(at: self, withIntermediateDirectories: true) } catch {
            throw .file(error, "make the folder \(path)", remedy: "name another cache folder by XDG_CACHE_HOME")
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
            throw .file(error, "link to \(path)")
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
