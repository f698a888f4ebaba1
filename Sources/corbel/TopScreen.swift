// `corbel top` on a terminal: keys, signals, its size, and the terminal as it was on every way out.
// Not for: what is shown (TopKit).
import Foundation
import LabKit
import SystemCalls
import TopKit

/// Waits for signals and keys. To be made before there is a second thread, which would get the signals.
final class TopWaiting {
    enum Outcome: Equatable {
        case timeout
        case key
        case signal(Int32)
        /// The terminal has another size, or is ours again after a stop.
        case terminal
    }

    private static let windowChanged = Signal(rawValue: SIGWINCH)
    private static let continued = Signal(rawValue: SIGCONT)

    private let signals: SignalDescriptor

    init() throws {
        signals = try SignalDescriptor([
            .interrupt, .terminate, .hangUp, Signal(rawValue: SIGQUIT), Self.windowChanged, Self.continued,
        ])
    }

    /// Waits for so many seconds; with `keys`, for something on stdin too.
    func wait(seconds: Double, keys: Bool = false) throws -> Outcome {
        let ready = try waitUntilReadable(
            signals.descriptor.rawValue, or: keys ? 0 : nil, milliseconds: Int32(max(seconds, 0) * 1000))
        if let signal = try signals.next() {
            let isTerminal = signal == Self.windowChanged || signal == Self.continued
            return isTerminal ? .terminal : .signal(signal.rawValue)
        }
        return ready.contains(.second) ? .key : .timeout
    }
}

/// A live table on the terminal.
struct TopScreen {
    private let waiting: TopWaiting
    private let interval: Double
    private var look: TopLook
    private let terminal = Terminal()

    init(_ waiting: TopWaiting, interval: Double, _ look: TopLook) {
        self.waiting = waiting
        self.interval = interval
        self.look = look
    }

    /// Shows it until a key or a signal ends it. Answers the program's exit status.
    mutating func run(_ first: TerminalSize) throws -> Int32 {
        var size = first
        // Another screen, without a cursor; the user's own is as it was afterwards.
        write("\u{1B}[?1049h\u{1B}[?25l")
        terminal.passKeys()
        defer {
            terminal.restore()
            write("\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l")
        }
        var view = try look.take()
        var next = MonotonicTime.now.seconds + interval
        while show(view, size) {
            switch try waiting.wait(seconds: next - MonotonicTime.now.seconds, keys: Terminal.isThere) {
            case .timeout:
                view = try look.take()
                next = MonotonicTime.now.seconds + interval
            case .signal(let number): return 128 + number
            case .terminal:
                terminal.passKeysAgain()
                size = TerminalSize(of: 1) ?? size
            case .key:
                let keys = Terminal.read(bytesMax: 64)
                if keys.isEmpty { return 0 }  // the terminal is gone
                for key in keys where !look.press(key) { return 0 }
                view = look.view
            }
        }
        return 0
    }

    /// False when nobody can see it any more.
    private func show(_ view: TopView, _ size: TerminalSize) -> Bool {
        write(view.screen(rows: size.rows, columns: size.columns, footer: look.footer))
    }

    @discardableResult
    private func write(_ text: String) -> Bool { StandardOutput.write(Data(text.utf8)) }
}

extension MonotonicTime {
    fileprivate var seconds: Double { Double(nanoseconds) / 1e9 }
}
