// Reading and writing a file at a position, as a disk is: nobody's reading moves anybody else's.
// Not for: streams (see OwnedDescriptor).

internal import CSystem

extension OwnedDescriptor {
    /// Reads `bytes.count` bytes of a file, from byte `offset` on, and says how many there were: fewer only when the
    /// file ends before. Throws EINVAL for a negative offset, ESPIPE for what has no positions.
    public func read(at offset: Int, into bytes: inout MutableSpan<UInt8>) throws(SystemError) -> Int {
        // SAFETY: each call is given the part of the span that is left, which is ours alone.
        try unsafe bytes.withUnsafeMutableBufferPointer { target throws(SystemError) in
            var done = 0
            while done < target.count {
                let rest = unsafe UnsafeMutableBufferPointer(rebasing: target[done...])
                let count = try plain("pread") { unsafe pread(rawValue, rest.baseAddress, rest.count, offset + done) }
                if count == 0 { break }
                done += count
            }
            return done
        }
    }

    /// As `read(at:into:)`: up to `byteCount` bytes, which is at least 0, as an array.
    public func read(at offset: Int, byteCount: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var span = bytes.mutableSpan
        let count = try read(at: offset, into: &span)
        return count == byteCount ? bytes : Array(bytes.prefix(count))
    }

    /// Writes all bytes to a file, from byte `offset` on, and makes it longer where that is needed. Throws EINVAL for
    /// a negative offset, ESPIPE for what has no positions, ENOSPC on a full disk.
    public func writeAll(at offset: Int, _ bytes: Span<UInt8>) throws(SystemError) {
        // SAFETY: each call is given the part of the span that is left.
        try unsafe bytes.withUnsafeBufferPointer { source throws(SystemError) in
            var done = 0
            while done < source.count {
                let rest = unsafe UnsafeBufferPointer(rebasing: source[done...])
                done += try plain("pwrite") { unsafe pwrite(rawValue, rest.baseAddress, rest.count, offset + done) }
            }
        }
    }
}

/// Puts a file with these bytes in the place of the one at `path`, if there is one, in one step: whoever opens it sees
/// the old file or the new one. The bytes go to `path` with `.new` at its end first; what lies there is removed, and
/// nothing of anybody else's is opened, so that a folder for all to write to is no trap. Throws EEXIST when somebody
/// puts something there in between. Nothing is made to last beyond a crash of the machine.
public func replaceFile(
    path: String, with bytes: Span<UInt8>, permissions: UInt32 = 0o600
) throws(SystemError) {
    let temporary = path + ".new"
    do throws(SystemError) {
        try removeFile(path: temporary)
    } catch {
        if error.code != ENOENT { throw error }
    }
    let options: OpenOptions = [.create, .exclusive, .noFollow]
    let file = try OwnedDescriptor.open(path: temporary, .write, options, permissions: permissions)
    do throws(SystemError) {
        try file.writeAll(bytes)
        try renameFile(from: temporary, to: path)
    } catch {
        // What is left of it is worth nothing; that it can't be removed either says no more than the first error.
        try? removeFile(path: temporary)
        throw error
    }
}
