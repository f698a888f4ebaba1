// The file of a trace log: lines in batches, and what becomes of them when the disk is full (xenstored.md 14.4).
// Not for: what a line says (TraceLog).

internal import DaemonShell
internal import SystemCalls

/// A file that takes lines. Nothing here waits: what can't be written now is lost, and counted.
struct TraceFile {
    /// Bytes that are written at once when so many have come before the batch's time.
    private static let batchByteCount = 65536

    private let log: DaemonLog
    private var descriptor: OwnedFile?
    private(set) var path: String?
    /// Lines that were not written yet, each with its line feed.
    private var batch: [UInt8] = []
    /// Lines lost since the last ones that were written; nil: none were.
    private var lost: UInt64?
    /// Whether the last line in the file has no end.
    private var isTorn = false

    /// A file of its own, which is closed with the last one who has it.
    private final class OwnedFile {
        let file: OwnedDescriptor
        init(_ file: consuming OwnedDescriptor) { self.file = file }
    }

    init(log: DaemonLog) { self.log = log }

    var isOpen: Bool { descriptor != nil }
    var hasLines: Bool { !batch.isEmpty }

    /// Goes on in a file of that name, at its end, which is made with mode 0600 when there is none. After an error all
    /// is as it was.
    mutating func open(_ path: String) throws(SystemError) {
        // What is no file, and has nobody at its other end, does not make us wait.
        let file = try OwnedDescriptor.open(path: path, .write, [.create, .append, .nonBlocking])
        flush()
        descriptor = OwnedFile(file)
        self.path = path
        isTorn = false
    }

    /// Opens the file's name anew: somebody has moved what was there.
    mutating func reopen() throws(SystemError) {
        if let path { try open(path) }
    }

    /// Takes a line without its end.
    mutating func add(_ line: [UInt8]) {
        if descriptor == nil { return }
        batch += line
        batch.append(UInt8(ascii: "\n"))
        if batch.count >= Self.batchByteCount { flush() }
    }

    /// Writes what waits.
    mutating func flush() {
        guard let descriptor, !batch.isEmpty else { return }
        var text: [UInt8] = isTorn ? [UInt8(ascii: "\n")] : []
        let earlier = lost
        if let earlier { text += Array("-- \(earlier) lines were lost\n".utf8) }
        let before = text.count
        text += batch
        batch.removeAll(keepingCapacity: true)
        let (count, error) = Self.write(text, to: descriptor.file)
        if count > 0 { isTorn = text[count - 1] != UInt8(ascii: "\n") }
        if let error {
            let lines = text[max(count, before)...].count { $0 == UInt8(ascii: "\n") }
            // That others were lost is said again unless that was written.
            let kept = count >= before ? 0 : earlier ?? 0
            lost = kept &+ UInt64(lines)
            if earlier == nil { tell("the trace log can't be written, its lines are lost: \(error)") }
        } else if let earlier {
            lost = nil
            tell("the trace log is written again", [("lost", "\(earlier)")])
        }
    }

    /// How many bytes were taken, and why not all.
    private static func write(_ text: [UInt8], to file: borrowing OwnedDescriptor) -> (Int, SystemError?) {
        var done = 0
        while done < text.count {
            do throws(SystemError) {
                done += try file.write(text.span.extracting(done...))
            } catch {
                return (done, error)
            }
        }
        return (done, nil)
    }

    /// A disk that is full now and then is not said to be more often than what a guest brings about.
    private func tell(_ sentence: String, _ fields: [(String, String)] = []) {
        log.write(fromGuest: .warning, kind: "trace", "trace", sentence, fields)
    }
}
