// Watches a running boot: the console line by line, the command's output byte by byte, and why it is over.
import Dispatch
import Foundation
import Synchronization

/// What is known about a boot so far; fed by two reading threads and the end of QEMU, waited for by the main thread.
final class BootWatch: Sendable {
    /// As many of dom0's programs that died for want of memory are named.
    private static let shortagesMax = 5
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
        var failure: String?
        var shortages: [MemoryShortage] = []
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
    var now: (marks: [String: Double], tail: [String], shortages: [MemoryShortage]) {
        facts.withLock { ($0.marks, $0.tail, $0.shortages) }
    }

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
            explain(line, &facts)
        case .reached(let name):
            guard facts.marks[name] == nil else { break }  // each is said three times (Lab/lab-mark)
            facts.marks[name] = elapsed
            switch name {
            case "init": progress.stage("dom0 is up")
            case "begin": progress.clear()
            default: break
            }
        case .status(let status):
            if facts.status == nil { facts.status = status }
        case .failed(let what):
            facts.failure = facts.failure ?? "\(what) did not start in dom0"
        case .crashed(let line):
            facts.crash = facts.crash ?? line
        }
    }

    /// What a line says about the reason of a failure, seen or to come.
    private func explain(_ line: String, _ facts: inout Facts) {
        // Xen says why in the next line.
        if let crash = facts.crash, crash.contains("Panic on CPU "), crash.hasSuffix(":"), line.hasPrefix("(XEN) ") {
            facts.crash = "\(crash) \(line.dropFirst(6))"
        }
        guard let shortage = MemoryShortage(line), !facts.shortages.contains(shortage),
            facts.shortages.count < Self.shortagesMax
        else { return }
        facts.shortages.append(shortage)
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
    /// `trouble` is asked each second for a reason to end it.
    func waitForEnd(timeout: Double, trouble: () -> String? = { nil }) {
        var leaveBy: Double?
        var (hasTrouble, nextLook) = (false, elapsed + 1)
        while true {
            let limit = facts.withLock { facts -> Double? in
                if facts.machineEnded || hasTrouble || facts.signal != nil || facts.outputClosed || facts.left {
                    return nil
                }
                if facts.status != nil {
                    leaveBy = leaveBy ?? elapsed + Self.leaveGrace
                } else if facts.crash != nil || facts.failure != nil {
                    leaveBy = leaveBy ?? elapsed + Self.crashGrace
                }
                return min(timeout, leaveBy ?? timeout)
            }
            guard let limit, limit > elapsed else { return }
            _ = news.wait(timeout: .now() + max(0, min(limit, nextLook) - elapsed))
            guard elapsed >= nextLook else { continue }
            nextLook = elapsed + 1
            if let reason = trouble() {
                tell { $0.failure = reason }
                hasTrouble = true
            }
        }
    }

    /// How the boot ended, once QEMU is gone and both streams were read to their ends.
    func outcome(timedOut: Bool, machineStatus: Int32) -> LabOutcome {
        facts.withLock { facts in
            if let signal = facts.signal { return .interrupted(signal) }
            if let status = facts.status {
                // Lab/guest-run gives up waiting with this mark and status.
                return status == 124 && facts.marks["not-serving"] != nil ? .timedOut : .exited(status)
            }
            if facts.outputClosed { return .outputClosed }
            if facts.left { return .left }
            if let failure = facts.failure { return .failed(failure) }
            if let crash = facts.crash { return .crashed(crash) }
            if timedOut { return .timedOut }
            let way =
                machineStatus > 128
                ? "was killed by signal \(machineStatus - 128)" : "ended with status \(machineStatus)"
            return .failed("QEMU \(way) before the command ended")
        }
    }
}
