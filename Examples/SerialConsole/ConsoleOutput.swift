// Buffered output that never stops the guest: a line at a time, and whoever does not read loses bytes, not the guest
// its time. Not for: what the bytes are (see ConsoleText).

/// What became of a write.
enum WriteOutcome: Equatable {
    /// So many bytes were taken, at least one.
    case wrote(Int)
    /// None was taken; more will be later.
    case wouldBlock
    /// The reader is gone for good.
    case closed(reason: String)
    /// It failed, and may work another time: a full disk.
    case failed(reason: String)
}

/// Where bytes can be written without waiting.
protocol ByteSink: AnyObject {
    func write(_ bytes: Span<UInt8>) -> WriteOutcome
}

/// One output of the program.
final class ConsoleOutput {
    /// Written without waiting for the end of the line.
    static let chunkBytesMax = 4096
    /// What is kept while nobody reads: a whole boot log and more, yet nothing on a small host.
    static let pendingBytesMax = 1 << 20

    /// Called when a write would have to wait: call `flush()` once the sink takes bytes again.
    var whenBlocked: () -> Void = {}

    private let sink: any ByteSink
    private let name: String
    private let complain: (String) -> Void
    private var pending: [UInt8] = []
    private var isBlocked = false
    private var isClosed = false
    private var hasComplained = false
    /// Bytes that were given up.
    private(set) var lostByteCount = 0

    /// `complain` gets one sentence at most, when bytes are lost for the first time.
    init(_ name: String, to sink: any ByteSink, complain: @escaping (String) -> Void) {
        self.name = name
        self.sink = sink
        self.complain = complain
        pending.reserveCapacity(2 * Self.chunkBytesMax)
    }

    /// Whether something waits to be written.
    var hasPending: Bool { !pending.isEmpty }

    /// Adds what `produce` appends, and writes when a line has ended or much has come together.
    func append(_ produce: (inout [UInt8]) -> Void) {
        let before = pending.count
        produce(&pending)
        let added = pending.count - before
        if isClosed || pending.count > Self.pendingBytesMax {
            pending.removeLast(added)
            lose(added, "\(name): nobody reads; the guest goes on and what it writes is not kept")
        } else if !isBlocked && (pending.last == UInt8(ascii: "\n") || pending.count >= Self.chunkBytesMax) {
            flush()
        }
    }

    /// Writes what is pending, as far as it can be taken.
    func flush() {
        isBlocked = false
        var done = 0
        write: while done < pending.count {
            switch sink.write(pending.span.extracting(done...)) {
            case .wrote(let count):
                done += count
            case .wouldBlock:
                isBlocked = true
                break write
            case .closed(let reason):
                isClosed = true
                giveUp(after: done, reason)
                return
            case .failed(let reason):
                giveUp(after: done, reason)
                return
            }
        }
        pending.removeSubrange(..<done)
        if isBlocked { whenBlocked() }
    }

    private func giveUp(after done: Int, _ reason: String) {
        let lost = pending.count - done
        pending.removeAll(keepingCapacity: true)
        lose(lost, "\(name): \(reason); the guest goes on")
    }

    private func lose(_ count: Int, _ sentence: String) {
        lostByteCount += count
        if hasComplained { return }
        hasComplained = true
        complain(sentence)
    }
}
