// Where the log's lines go, as the options say. Source: xenstored.md 14.4. Not for: what a line looks like (DaemonLog).

internal import DaemonShell

extension Options {
    /// The sink of the log.
    var logSink: any LogSink { StandardLogSink() }
}
