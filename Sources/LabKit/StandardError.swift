// What the program says on stderr, from a thread that nobody waits for: a stderr that stands still must keep neither a
// timeout nor a signal from being noticed. Not for the command's output, which must all arrive.
import Dispatch
import Foundation
import Synchronization

/// Writes text to stderr, in order, without waiting.
public enum StandardError {
    /// What is written beyond this while nobody reads is dropped.
    private static let pendingBytesMax = 1 << 20

    private static let pending = Mutex(0)
    private static let queue = DispatchQueue(label: "stderr")

    /// Has `text` written soon.
    public static func write(_ text: String) {
        let data = Data(text.utf8)
        let fits = pending.withLock { bytes in
            guard bytes + data.count <= pendingBytesMax else { return false }
            bytes += data.count
            return true
        }
        guard fits else { return }
        queue.async {
            try? FileHandle.standardError.write(contentsOf: data)  // stderr that is gone is no reason to stop
            pending.withLock { $0 -= data.count }
        }
    }

    /// Waits until all of it is written, at most `seconds`.
    public static func drain(within seconds: Double = 2) {
        let written = DispatchSemaphore(value: 0)
        queue.async { written.signal() }
        _ = written.wait(timeout: .now() + seconds)
    }
}
