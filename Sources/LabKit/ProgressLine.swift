// Tells a person on a terminal what goes on: one line on stderr that changes, and is gone when there is output. Not a
// log: with --quiet, and without a terminal, there is nothing.
import Foundation
import Glibc
import Synchronization

/// How much the lab says on stderr beside errors.
public enum Verbosity: Sendable {
    /// Nothing.
    case quiet
    /// Stages and their times, when stderr is a terminal.
    case normal
    /// The console too, terminal or not.
    case verbose
}

/// The line on stderr that shows the stage and the time it has taken.
public final class ProgressLine: Sendable {
    private struct State {
        var stage: String?
        var detail: (@Sendable () -> String)?
        var since = ContinuousClock.now
        var shown = false
    }

    private let state = Mutex(State())
    private let animated: Bool
    /// How much to say.
    public let verbosity: Verbosity
    /// Whether stages and summaries are to be shown at all.
    public let speaks: Bool

    /// Progress on stderr.
    public init(_ verbosity: Verbosity, terminal: Bool? = nil) {
        self.verbosity = verbosity
        let terminal = (terminal ?? (isatty(2) == 1)) && verbosity != .quiet
        speaks = terminal || verbosity == .verbose
        animated = terminal && !["", "dumb"].contains(ProcessInfo.processInfo.environment["TERM"] ?? "")
        guard animated else { return }
        Thread.detachNewThread { [weak self] in
            while let self {
                self.show()
                Thread.sleep(forTimeInterval: 0.2)
            }
        }
    }

    /// Begins a stage; `detail` is asked again and again.
    func stage(_ name: String, detail: (@Sendable () -> String)? = nil) {
        state.withLock { state in
            state.stage = name
            state.detail = detail
            state.since = .now
            if speaks, !animated { StandardError.write("corbel: \(name)\n") }
        }
        show()
    }

    /// Takes the line away, for output to come.
    func clear() {
        state.withLock { state in
            state.stage = nil
            Self.wipe(&state)
        }
        // Else the wiping would come after the first line of output, and wipe that.
        if animated { StandardError.drain(within: 0.2) }
    }

    /// A line that stays.
    public func note(_ text: String) {
        state.withLock { state in
            Self.wipe(&state)
            StandardError.write(text + "\n")
        }
    }

    private func show() {
        guard animated else { return }
        state.withLock { state in
            guard let stage = state.stage else { return }
            let elapsed = (ContinuousClock.now - state.since).seconds
            let detail = state.detail.map { ", \($0())" } ?? ""
            // A line that is wider than the terminal could not be wiped.
            let text = "corbel: \(stage)\(detail) (\(tenths(elapsed)) s)".prefix(
                (TerminalSize(of: 2)?.columns ?? 80) - 1)
            StandardError.write("\r\u{1b}[K\(text)")
            state.shown = true
        }
    }

    private static func wipe(_ state: inout State) {
        if state.shown { StandardError.write("\r\u{1b}[K") }
        state.shown = false
    }
}

extension Duration {
    /// In seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

/// Seconds with one decimal.
func tenths(_ seconds: Double) -> String { String(format: "%.1f", seconds) }
