// `xenstore top` on a terminal: keys, signals, its size, and the terminal as it was on every way out.
// Not for: what is shown (TopTable).

internal import SystemCalls

/// Waits for signals and keys.
struct TopWaiting: ~Copyable {
    enum Outcome: Equatable {
        case timeout
        case key
        case signal(Int32)
        /// The terminal has another size, or is ours again after a stop.
        case terminal
    }

    private static let windowChanged = Signal(rawValue: 28)  // SIGWINCH
    private static let continued = Signal(rawValue: 18)  // SIGCONT
    private static let quit = Signal(rawValue: 3)  // SIGQUIT
    private static let keysToken: UInt64 = 1

    private let signals: SignalDescriptor
    private let poll: EventPoll

    init() throws(SystemError) {
        let signals = try SignalDescriptor([
            .interrupt, .terminate, .hangUp, Self.quit, Self.windowChanged, Self.continued,
        ])
        let poll = try EventPoll()
        try poll.add(signals.descriptor.rawValue, .readable, token: 0)
        self.signals = signals
        self.poll = poll
    }

    /// Waits for keys too, from now on.
    func add(_ keys: TerminalKeys) throws(SystemError) {
        try poll.add(keys.descriptor, .readable, token: Self.keysToken)
    }

    /// Waits for what comes first.
    func wait(until moment: MonotonicTime) throws(SystemError) -> Outcome {
        let count = try poll.wait(milliseconds: MonotonicTime.now.milliseconds(until: moment))
        if let signal = try signals.next() {
            return signal == Self.windowChanged || signal == Self.continued ? .terminal : .signal(signal.rawValue)
        }
        for index in 0..<count where poll.event(at: index).token == Self.keysToken { return .key }
        // A wait that was cut short goes on.
        return MonotonicTime.now >= moment ? .timeout : .terminal
    }
}

/// A live table on the terminal.
struct TopScreen: ~Copyable {
    private let options: TopOptions
    private let waiting: TopWaiting
    private static let footer = "q quits"

    init(_ options: TopOptions, _ waiting: consuming TopWaiting) {
        self.options = options
        self.waiting = waiting
    }

    /// Shows it until a key or a signal ends it, or all rounds were shown. Answers the program's exit status.
    func run(_ first: TopLook, _ firstSize: TerminalSize) throws(SystemError) -> Int32 {
        var look = first
        var size = firstSize
        // Another screen, without a cursor; the user's own is as it was afterwards.
        write("\u{1B}[?1049h\u{1B}[?25l")
        let keys = TerminalKeys()
        defer {
            keys?.restore()
            write("\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l")
        }
        if let keys { try waiting.add(keys) }
        var left = options.rounds
        var next = MonotonicTime.now.advanced(byMilliseconds: options.interval)
        while show(look, size) {
            switch try waiting.wait(until: next) {
            case .timeout:
                if left == 0 { return 0 }
                left = left.map { $0 - 1 }
                // While there is no server its last figures stay.
                try? look.take()
                next = MonotonicTime.now.advanced(byMilliseconds: options.interval)
            case .signal(let number): return 128 + number
            case .terminal:
                keys?.letThrough()
                size = TerminalSize.ofOutput() ?? size
            case .key:
                let pressed = keys?.read() ?? []
                if pressed.isEmpty || pressed.contains(UInt8(ascii: "q")) { return 0 }
            }
        }
        return 0
    }

    /// False when nobody can see it any more.
    private func show(_ look: TopLook, _ size: TerminalSize) -> Bool {
        write(TopTable.screen(look.lines, titles: TopTable.summaryLineCount, size, footer: Self.footer))
    }

    @discardableResult
    private func write(_ text: String) -> Bool { (try? StandardStream.output.write(text)) != nil }
}
