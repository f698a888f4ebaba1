// Where the log's lines go, as the options say. Source: xenstored.md 14.4. Not for: what a line looks like (DaemonLog).

internal import DaemonShell
internal import SystemCalls

extension Options {
    /// The sink of the log: the system log and, in the foreground, standard error too. Where the service manager has
    /// both in one journal, standard error alone.
    func logSink(isInJournal: Bool) -> any LogSink {
        if staysInForeground, isInJournal { return StandardLogSink.errorOnly() }
        let system = SystemLogSink(name: "xenstored")
        return staysInForeground ? LogSinks([StandardLogSink.errorOnly(), system]) : system
    }

    /// Whether standard output and error lead to the journal.
    static var isInJournal: Bool { environmentVariable("JOURNAL_STREAM") != nil }
}
