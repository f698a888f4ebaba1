// `xenstore top`: its options, and one look after the other, as a table that stays or as text.
// Not for: terminals (TopScreen).

internal import SystemCalls
internal import XenstoreClient

/// How to look.
struct TopOptions: Equatable {
    /// Text, one table below the other, without terminal control.
    var isBatch = false
    /// Milliseconds between two looks.
    var interval: Int32 = 1000
    /// How many tables; nil: without end.
    var rounds: Int?

    /// How to call it.
    static let usage = "[-h] [-b] [-d SECONDS] [-n ROUNDS]"

    /// Reads the options; nil for a call that is to be told how.
    init?(_ arguments: [[UInt8]]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let text = String(decoding: argument, as: UTF8.self)
            switch text.prefix(2) {
            case "-b" where text.utf8.count == 2: isBatch = true
            case "-d", "-n":
                guard
                    let value = text.utf8.count > 2 ? String(text.dropFirst(2)) : rest.popFirst().map(ToolSession.text)
                else { return nil }
                if text.hasPrefix("-d") {
                    guard let seconds = Double(value), (0.1...3600).contains(seconds) else { return nil }
                    interval = Int32(seconds * 1000)
                } else {
                    guard let count = Int(value), count > 0 else { return nil }
                    rounds = count
                }
            default: return nil
            }
        }
    }
}

/// Looks at a server again and again.
struct TopCommand {
    let call: ToolCall
    let console: Console

    /// Does it all. Answers the exit status: 128 and its number for a signal.
    func run() -> Int32 {
        guard let options = TopOptions(call.arguments) else {
            console.warn(Array("Usage: ".utf8) + call.usageName + Array(" \(TopOptions.usage)".utf8))
            return 1
        }
        ignoreBrokenPipes()
        var look = TopLook(TopSource.ofHost(variable: environmentVariable))
        do throws(TopFailure) {
            try look.take()
        } catch {
            console.warn(Array(look.source.explain(error).utf8))
            return 1
        }
        do throws(SystemError) {
            let waiting = try TopWaiting()
            if !options.isBatch, let size = TerminalSize.ofOutput() {
                return try TopScreen(options, waiting).run(look, size)
            }
            return try printTables(&look, options, waiting)
        } catch {
            console.warn(Array("\(error)".utf8))
            return 1
        }
    }

    /// Each table tells of the time between two looks, so that the first one comes after that.
    private func printTables(
        _ look: inout TopLook, _ options: TopOptions, _ waiting: borrowing TopWaiting
    ) throws(SystemError) -> Int32 {
        var left = options.rounds
        while left != 0 {
            let next = MonotonicTime.now.advanced(byMilliseconds: options.interval)
            while true {
                let outcome = try waiting.wait(until: next)
                if case .signal(let number) = outcome { return 128 + number }
                if outcome == .timeout { break }
            }
            do throws(TopFailure) {
                try look.take()
                StandardStream.output.print(look.lines)
            } catch {
                // It may be back for the next one.
                console.warn(Array(error.sentence.utf8))
            }
            left = left.map { $0 - 1 }
        }
        return 0
    }
}

/// The last look at a server, and the one before it.
struct TopLook {
    /// Who is asked.
    let source: TopSource
    private var last: (figures: StoreFigures, time: MonotonicTime)?
    private var rates: StoreRates?
    private var failure: String?

    /// Nothing was looked at yet.
    init(_ source: TopSource) { self.source = source }

    /// Looks. Throws when there is nothing to see; the next look is compared with the last one that has seen something.
    mutating func take() throws(TopFailure) {
        do throws(TopFailure) {
            let figures = try source.figures()
            let now = MonotonicTime.now
            let seconds = last.map { Double(now.nanoseconds - $0.time.nanoseconds) / 1e9 } ?? 0
            rates = StoreRates(figures, before: last?.figures, seconds: seconds)
            last = (figures, now)
            failure = nil
        } catch {
            failure = error.sentence
            throw error
        }
    }

    /// What there is to show; while there is no server, what was there last, and a line that says so.
    var lines: [String] {
        (rates.map { TopTable($0).lines } ?? [])
            + (failure.map { ["no answer, these are the last figures: \($0)"] } ?? [])
    }
}

extension StandardStream {
    /// Lines and an empty one. An output that is closed ends the program as a signal would.
    fileprivate func print(_ lines: [String]) {
        do throws(SystemError) {
            try write(lines.joined(separator: "\n") + "\n\n")
        } catch {
            exitProgram(1)
        }
    }
}
