// A lock between processes, held by flock(2): it goes with the process that holds it, whatever happens to it.
import Foundation
import Glibc

/// A lock on a file of its own.
final class FileLock {
    private let handle: FileHandle

    /// Takes the lock, calling `waiting` once when another process holds it.
    init(_ url: URL, interruption: Interruption, waiting: () -> Void = {}) throws(LabError) {
        if !url.exists { _ = try FileHandle.creating(url) }
        do { handle = try FileHandle(forUpdating: url) } catch { throw .file(error, "open \(url.path)") }
        var told = false
        while flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw LabError(.failed, "cannot lock \(url.path)") }
            if !told { waiting() }
            told = true
            try interruption.check()
            Thread.sleep(forTimeInterval: 0.05)  // flock has no wait that a signal of Dispatch would end
        }
    }

    /// Takes the lock unless somebody holds it, or it can't be had at all.
    init?(ifFree url: URL) {
        if !url.exists { _ = try? FileHandle.creating(url) }
        guard let handle = try? FileHandle(forUpdating: url) else { return nil }
        guard flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
        self.handle = handle
    }

    /// Lets it go; so does the end of its life.
    func close() { try? handle.close() }

    deinit { close() }
}
