// Follows a file that QEMU writes, as it grows: the command's output on its way to our stdout. A file, because QEMU
// would drop what a pipe does not take at once. Not for the console, which is a pipe.
import Dispatch
import Foundation
import Synchronization

/// Hands a growing file's bytes on, in order, each once.
final class OutputFollower: Sendable {
    /// Seconds between looks at the file: nothing tells us that it grew.
    private static let interval = 0.01
    private static let pieceBytesMax = 1 << 16

    private let handle: FileHandle
    private let take: @Sendable (Data) -> Bool
    private let last = Mutex(false)
    private let ended = DispatchSemaphore(value: 0)

    /// Follows the new file at `url`; `take` returns false when it wants no more.
    init(_ url: URL, take: @escaping @Sendable (Data) -> Bool) throws(LabError) {
        try FileHandle.creating(url).closeFile()
        handle = try .reading(url)
        self.take = take
    }

    /// Begins, on a thread of its own; `onRefusal` is called when nobody takes the output any more.
    func start(onRefusal: @escaping @Sendable () -> Void) {
        Thread.detachNewThread { [self] in
            defer { ended.signal() }
            while true {
                // Asked before the look: after the writer's end one more look sees all.
                let isLast = last.withLock { $0 }
                while let bytes = try? handle.read(upToCount: Self.pieceBytesMax), !bytes.isEmpty {
                    guard take(bytes) else { return onRefusal() }
                }
                if isLast { return }
                Thread.sleep(forTimeInterval: Self.interval)
            }
        }
    }

    /// To be called when the writer has ended: waits until all was handed on, at most `seconds`, and not after a
    /// signal: a reader that stands still must not keep us when we are told to end.
    func finish(within seconds: Double, unless interruption: Interruption) {
        last.withLock { $0 = true }
        let start = ContinuousClock.now
        while ended.wait(timeout: .now() + 0.05) == .timedOut {
            if interruption.received != nil || (ContinuousClock.now - start).seconds >= seconds { return }
        }
    }
}
