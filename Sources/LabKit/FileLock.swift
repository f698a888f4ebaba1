// A lock between processes, held by flock(2): it goes with the process that holds it, whatever happens to it.
import Foundation
import Glibc

/// A lock on a file of its own.
final class FileLock: Sendable {
    /// Who else may hold it at the same time.
    enum Kind: Sendable {
        /// Nobody.
        case exclusive
        /// Others that share it.
        case shared
    }

    private let handle: FileHandle

    /// Takes the lock, calling `waiting` once when another process holds it.
    init(
        _ url: URL, _ kind: Kind = .exclusive, interruption: Interruption, waiting: () -> Void = {}
    ) throws(LabError) {
        var told = false
        while true {
            let handle = try Self.open(url)
            while flock(handle.fileDescriptor, (kind == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
                guard errno == EWOULDBLOCK || errno == EINTR else { throw LabError(.failed, "cannot lock \(url.path)") }
                if !told { waiting() }
                told = true
                try interruption.check()
                Thread.sleep(forTimeInterval: 0.05)  // flock has no wait that a signal of Dispatch would end
            }
            // A file that was removed meanwhile is nobody else's lock.
            guard Self.isStill(handle) else { continue }
            self.handle = handle
            return
        }
    }

    /// Takes the lock unless somebody holds it, or it can't be had at all.
    init?(ifFree url: URL) {
        guard let handle = try? Self.open(url), flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0,
            Self.isStill(handle)
        else { return nil }
        self.handle = handle
    }

    private static func open(_ url: URL) throws(LabError) -> FileHandle {
        if !url.exists { _ = try FileHandle.creating(url) }
        do { return try FileHandle(forUpdating: url) } catch { throw .file(error, "open \(url.path)") }
    }

    private static func isStill(_ handle: FileHandle) -> Bool {
        let own = "/proc/self/fd/\(handle.fileDescriptor)"
        return (try? FileManager.default.destinationOfSymbolicLink(atPath: own))?.hasSuffix(" (deleted)") != true
    }

    /// Lets others share an exclusive lock; it may be lost and taken anew on the way.
    func share() { _ = flock(handle.fileDescriptor, LOCK_SH) }

    /// Lets it go; so does the end of its life.
    func close() { try? handle.close() }

    deinit { close() }
}
