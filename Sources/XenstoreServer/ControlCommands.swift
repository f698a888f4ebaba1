// The control commands of the server (xenstored.md 12). Those of C's daemon keep their name and form; `stats`,
// `domains`, `watches`, `transactions` and `check repair` are ours. A wrong number or form of parameters is EINVAL.
// Not for: live update, the trace log (ControlSeams has what is asked of them).

public import SystemCalls
public import XenstoreCore

/// Answers CONTROL.
public final class ControlCommands: StoreControl {
    /// The trace log; without one `log`, `logfile` and `memreport` without a file are EINVAL.
    public var trace: (any TraceControl)?
    /// Tells of rings.
    public var rings: (any RingReports)?
    /// Answers `live-update`; without one it is EINVAL.
    public var liveUpdate: (any LiveUpdateCommands)?
    /// The time in milliseconds, of the clock that the core is given.
    let now: () -> UInt64
    /// The check under way.
    var check: CheckTurns?

    /// The commands; `now` is the clock that the core is given, in milliseconds.
    public init(now: @escaping () -> UInt64 = { MonotonicTime.now.nanoseconds / 1_000_000 }) { self.now = now }

    /// One command, as `help` has it.
    private struct Command: Sendable {
        var name: String
        var words: String
        var run: @Sendable (ControlCommands, ControlWords, StoreServer) -> ControlAnswer
    }

    private static let commands = [
        Command(name: "check", words: "[repair]: counts the store's nodes, tells differences to the log") {
            $0.check($1, $2)
        },
        Command(name: "domains", words: ": all known domains") { $0.domains($1, $2) },
        Command(name: "help", words: ": this list") { $0.help($1, $2) },
        Command(name: "live-update", words: "-f FILE | -c WORDS | -s [-t S] [-F] [-v 1|2] | -a: another program") {
            _, _, _ in .wrong
        },
        Command(name: "log", words: "[on|off|+NAME|-NAME]: the trace log and its switches") { $0.log($1, $2) },
        Command(name: "logfile", words: "FILE: where the trace log goes") { $0.logFile($1, $2) },
        Command(name: "memreport", words: "[FILE]: sizes of tables, to the file or the trace log") {
            $0.memoryReport($1, $2)
        },
        Command(name: "print", words: "TEXT: a line for the log") { $0.print($1, $2) },
        Command(name: "quota", words: "[DOMID | set NAME N | max [-r]]: quotas, counts, highest counts") {
            $0.quota($1, $2)
        },
        Command(name: "quota-soft", words: "[set NAME N]: quotas above which the log is told") { $0.softQuota($1, $2) },
        Command(name: "stats", words: "[DOMID]: what was counted, of all or of one domain") { $0.statistics($1, $2) },
        Command(name: "transactions", words: ": open transactions") { $0.transactions($1, $2) },
        Command(name: "watches", words: "DOMID: a domain's watches") { $0.watches($1, $2) },
    ]

    /// Answers a command.
    public func control(
        _ payload: [UInt8], from connection: ConnectionID, on server: StoreServer
    ) -> ControlAnswer? {
        guard let words = ControlWords(payload) else { return .wrong }
        let name = String(decoding: words.command, as: UTF8.self)
        if name == "live-update", let liveUpdate {
            return liveUpdate.liveUpdate(words.parameters, from: connection, on: server)
        }
        guard let command = Self.commands.first(where: { $0.name == name }) else { return .wrong }
        return command.run(self, words, server)
    }

    private func help(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        if !words.parameters.isEmpty { return .wrong }
        return .lines(Self.commands.map { $0.name + ($0.words.hasPrefix(":") ? "" : " ") + $0.words })
    }
}
