// The command's output on its way to our stdout: every byte, however slow its reader, and why no more can be written.
// Not for what the program says itself (StandardError).
public import Foundation
import Glibc
import Synchronization

/// Writes to stdout.
public enum StandardOutput {
    private static let failed = Mutex<String?>(nil)

    /// Why stdout took no more, in a sentence; nil when it did, or when nobody reads it any more, which is no failure.
    public static var failure: String? { failed.withLock { $0 } }

    /// Writes all of `bytes`, waiting as long as that takes; false when that can't be done.
    @Sendable public static func write(_ bytes: Data) -> Bool {
        switch writeAll(bytes, to: 1) {
        case 0: return true
        case EPIPE: return false
        case let number:
            failed.withLock { $0 = "cannot write to stdout: \(reason(number))" }
            return false
        }
    }

    private static func reason(_ number: Int32) -> String {
        // SAFETY: strerror's text is copied before anybody else can ask for one.
        unsafe String(cString: strerror(number))
    }

    /// Writes to `descriptor`, be it non-blocking or not; returns 0 or the error's number.
    static func writeAll(_ bytes: Data, to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            // SAFETY: the call reads `count` bytes of the data, during the call.
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                wait(for: POLLOUT, on: descriptor)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }

    /// Waits until a descriptor can be written to (POLLOUT) or read from (POLLIN), or has an error to tell.
    static func wait(for event: Int32, on descriptor: Int32) {
        var request = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        // SAFETY: poll reads and writes the one structure, during the call.
        while unsafe poll(&request, 1, -1) < 0, errno == EINTR {}
    }
}
