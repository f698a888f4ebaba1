// Replacing a file with state, and keeping copies of what could not be read. Source: varstored.md 11.4, 11.5, 13.2.
// Not for: reading and locking (StateFile).

internal import SystemCalls

extension StateFile {
    /// Puts these bytes in the file's place: the new file is on the disk when this returns. At every moment of it, and
    /// after a failure before its last step, the name stands for the whole old file or the whole new one. Two fsyncs:
    /// of the file, of the folder.
    /// - Throws: `tooLong` beyond `writtenByteCountMax`; `system`: whether the new file lasts is then not known, but
    ///   it is the old one unless the folder's fsync was what failed.
    public func replace(with bytes: [UInt8]) throws(BackendFailure) { try replace(name, with: bytes) }

    /// As `replace(with:)`; where the folder may not be written to (EACCES, EPERM, EROFS), the file itself is, if it is
    /// there: a toolstack may have made it for us, in a folder of its own. That is not one step, but all there is. Its
    /// first bytes, by which who resumes from it knows it, come last: a file that was cut off is none. For save files
    /// only.
    public func save(_ bytes: [UInt8]) throws(BackendFailure) {
        do throws(BackendFailure) {
            try replace(with: bytes)
        } catch {
            guard case .system(let reason) = error, Self.folderRefusals.contains(reason.code) else { throw error }
            do throws(SystemError) {
                try writeInPlace(bytes.span, otherwise: reason)
            } catch {
                throw .system(error)
            }
        }
    }

    private func writeInPlace(_ bytes: Span<UInt8>, otherwise reason: SystemError) throws(SystemError) {
        // Each has a place of its own to write at.
        let rest = try openInPlace(otherwise: reason)
        let first = try openInPlace(otherwise: reason)
        try rest.truncate(to: 0)
        let mark = min(Self.markByteCount, bytes.count)
        var marked = [UInt8](repeating: 0, count: bytes.count)
        for index in mark..<bytes.count { marked[index] = bytes[index] }
        try write(rest, marked.span)
        try write(first, bytes.extracting(first: mark))
    }

    /// Throws `reason`, which says more, when there is no file to write to.
    private func openInPlace(otherwise reason: SystemError) throws(SystemError) -> OwnedDescriptor {
        do throws(SystemError) {
            let file = try calls.openForWriting(name)
            if try file.isRegularFile() { return file }
        } catch {
            throw reason
        }
        throw reason
    }

    /// Bytes at the beginning of a file by which it is known.
    private static var markByteCount: Int { 4 }

    /// EPERM, EACCES, EROFS.
    private static var folderRefusals: [Int32] { [1, 13, 30] }

    /// Keeps a copy beside the file, as `<name>.quarantine-<n>`, n from 1 to 4: the first that is free. The name of the
    /// copy, or of one that holds the same already; nil when all four are taken, which stay as they are.
    /// - Throws: as `replace(with:)`.
    public func quarantine(_ bytes: [UInt8]) throws(BackendFailure) -> String? {
        for number in 1...Self.quarantineCountMax {
            let copy = "\(name).quarantine-\(number)"
            let kept: [UInt8]?
            do throws(BackendFailure) {
                kept = try read(copy, byteCountMax: bytes.count)
            } catch {
                // A longer one, a link, one that can't be read: it is somebody's, and not the same.
                continue
            }
            if let kept {
                if kept == bytes { return copy }
                continue
            }
            try replace(copy, with: bytes)
            return copy
        }
        return nil
    }

    /// Whether the folder lets us make files now; nil: it does, else the refusal. Makes the temporary file and removes
    /// it, and with it what a process has left that was killed in the middle of writing. For who holds the lock.
    func refusalOfFolder() -> SystemError? {
        do throws(SystemError) {
            try removeTemporary()
            try calls.make(temporary).close()
            try calls.remove(temporary)
            return nil
        } catch {
            return error
        }
    }

    /// Always the same name, so that left-over files don't pile up.
    private var temporary: String { name + ".new" }

    private func removeTemporary() throws(SystemError) {
        do throws(SystemError) {
            try calls.remove(temporary)
        } catch {
            if error.code != Self.notThere { throw error }
        }
    }

    private func replace(_ name: String, with bytes: [UInt8]) throws(BackendFailure) {
        guard bytes.count <= Self.writtenByteCountMax else {
            throw .tooLong(byteCount: bytes.count, byteCountMax: Self.writtenByteCountMax)
        }
        do throws(SystemError) {
            try removeTemporary()
            try writeTemporary(bytes.span)
            try calls.rename(temporary, to: name)
        } catch {
            // What is left of it is worth nothing; that it can't be removed says no more than the first error.
            try? calls.remove(temporary)
            throw .system(error)
        }
        do throws(SystemError) {
            try calls.synchronizeFolder()
        } catch {
            throw .system(error)
        }
    }

    private func writeTemporary(_ bytes: Span<UInt8>) throws(SystemError) {
        try write(calls.make(temporary), bytes)
    }

    private func write(_ file: borrowing OwnedDescriptor, _ bytes: Span<UInt8>) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = try calls.write(file, bytes.extracting(droppingFirst: done))
            // No file takes nothing without saying why; if one did, this must not go on for ever.
            guard count > 0 else { throw SystemError(Self.inputOutput, "write") }
            done += count
        }
        try calls.synchronize(file)
    }

    /// EIO.
    private static var inputOutput: Int32 { 5 }
}
