// Watches a running boot: the console line by line, the command's output byte by byte, and why it is over.
import Dispatch
import Foundation
import Synchronization

/// What is known about a boot so far; fed by two reading threads and the end of QEMU, waited for by the main thread.
final class BootWatch: Sendable {
    /// As many lines of the console are shown after a failure.
    static let tailLines = 20
    /// Seconds for the rest of a crash's messages, and for QEMU to leave after the status.
    private static let (crashGrace, leaveGrace) = (1.0, 5.0)

    struct Facts {
        var console: Console
        var marks: [String: Double] = [:]
        var tail: [String] = []
        var status: Int32?
        var crash: String?
        var crashedAt: ContinuousClock.Instant?
        var signal: Int32?
        var outputClosed = false
        var left = false
        var machineEnded = false
    }

    private let facts: Mutex<Facts>
    private let news = DispatchSemaphore(value: 0)
    private let start = ContinuousClock.now
    private let log: FileHandle
    private let progress: ProgressLine
    private let begun: @Sendable (BootWatch) -> Void

    /// `begun` is called when the command is about to begin.
    init(
        key: String, log: FileHandle, progress: ProgressLine, begun: @escaping @Sendable (BootWatch) -> Void = { _ in }
    ) {
        facts = Mutex(Facts(console: Console(key: key)))
        self.log = log
        self.progress = progress
        self.begun = begun
    }

    /// Seconds since the start of QEMU.
    var elapsed: Double { (ContinuousClock.now - start).seconds }

    /// The facts as they are now.
    var now: (marks: [String: Double], tail: [String]) { facts.withLock { ($0.marks, $0.tail) } }

    /// Bytes of the console; none at its end.
    func console(_ bytes: Data) {
        let begins = facts.withLock { facts in
            let before = facts.marks["begin"]
            for event in bytes.isEmpty ? facts.console.finish() : facts.console.feed(bytes) { take(event, &facts) }
            return before == nil && facts.marks["begin"] != nil
        }
        if begins { begun(self) }
        news.signal()
    }

    private func take(_ event: ConsoleEvent, _ facts: inout Facts) {
        switch event {
        case .line(let line):
            let stamped = String(format: "%8.3f ", elapsed) + line
            // Xen tells of each piece of a new domain's state, which helps nobody; the log has it.
            if !line.hasPrefix("(XEN) HVM") { facts.tail.append(stamped) }
            if facts.tail.count > Self.tailLines { facts.tail.removeFirst() }
            try? log.write(contentsOf: Data((stamped + "\n").utf8))  // a log that can't be written stops nothing
            if progress.verbosity == .verbose { progress.note(stamped) }
        case .reached(let name):
            facts.marks[name] = elapsed
            switch name {
            case "init": progress.stage("dom0 is up")
            case "begin": progress.clear()
            default: break
            }
        case .status(let status):
            if facts.status == nil { facts.status = status }
        case .failed(let what):
            note(crash: "the \(what) did not start in dom0", &facts)
        case .crashed(let line):
            note(crash: line, &facts)
        }
    }

    private func note(crash: String, _ facts: inout Facts) {
        guard facts.crash == nil else { return }
        facts.crash = crash
        facts.crashedAt = .now
    }

    /// QEMU is gone.
    func machineEnded() { tell { $0.machineEnded = true } }
    /// A signal came.
    func interrupted(_ signal: Int32) { tell { $0.signal = signal } }
    /// Our own output can't be written any more.
    func outputClosed() { tell { $0.outputClosed = true } }
    /// The user wants to leave at once.
    func left() { tell { $0.left = true } }

    private func tell(_ change: (inout Facts) -> Void) {
        facts.withLock { change(&$0) }
        news.signal()
    }

    /// Waits until QEMU has ended or has to be ended, at most `timeout` seconds from its start.
    func waitForEnd(timeout: Double) {
        var leaveBy: Double?
        while true {
            let limit = facts.withLock { facts -> Double? in
                if facts.machineEnded || facts.signal != nil || facts.outputClosed || facts.left { return nil }
                if facts.status != nil {
                    leaveBy = leaveBy ?? elapsed + Self.leaveGrace
                } else if facts.crash != nil {
                    leaveBy = leaveBy ?? elapsed + Self.crashGrace
                }
                return min(timeout, leaveBy ?? timeout)
            }
            guard let limit, limit > elapsed else { return }
            _ = news.wait(timeout: .now() + min(limit - elapsed, 3600))
        }
    }

    /// How the boot ended, once QEMU is gone and both streams were read to their ends.
    func outcome(timedOut: Bool, machineStatus: Int32) -> LabOutcome {
        facts.withLock { facts in
            if let signal = facts.signal { return .interrupted(signal) }
            if let status = facts.status { return .exited(status) }
            if facts.outputClosed { return .outputClosed }
            if facts.left { return .left }
            if let crash = facts.crash { return .crashed(crash) }
            if timedOut { return .timedOut }
            return .crashed("QEMU ended with status \(machineStatus) before the command did")
        }
    }
}
