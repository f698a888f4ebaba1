// The daemon while it serves: its signals and its end. Source: xenstored.md 14.4.
// Not for: starting (Start.swift), requests (XenstoreServer).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls
internal import XenstoreServer

/// A server that serves until a signal ends it.
final class Daemon: DescriptorHandler {
    let server: StoreServer
    private let signals: SignalDescriptor
    private let log: DaemonLog
    /// The trace log, which writes when there is a file.
    let trace: TraceLog
    /// The commands of the socket and of SIGUSR1.
    let commands = ControlCommands()
    /// The endpoint of the metrics.
    var metrics: MetricsEndpoint?
    /// The pid file, locked for as long as this lives.
    var pidFile: PIDFileOwner?

    init(_ server: StoreServer, trace: TraceLog, signals: consuming SignalDescriptor, log: DaemonLog) {
        self.server = server
        self.trace = trace
        self.signals = signals
        self.log = log
        commands.trace = trace
        commands.rings = server
        server.control = commands
    }

    /// From here on signals are served.
    func watchSignals() throws(SystemError) {
        _ = try server.loop.watch(signals.descriptor.rawValue, self)
    }

    /// Serves; answers with the program's status when it is over.
    func run() -> Int32 {
        do throws(SystemError) {
            try server.loop.run()
        } catch {
            log.write(.error, "xenstored", "ends: the event loop has failed: \(error)")
            return 1
        }
        server.sendWhatCanBeSent()
        trace.flush()
        return 0
    }

    private func tellStatistics() {
        for line in commands.statisticsLines(server.core) { log.write(.information, "stats", line) }
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        while let signal = try? signals.next() {
            switch signal {
            case .hangUp: trace.reopen()
            case .user1: tellStatistics()
            default:
                let name = signal == .interrupt ? "SIGINT" : "SIGTERM"
                log.write(.information, "xenstored", "ends: a signal came", [("signal", name)])
                loop.stop()
            }
        }
    }
}
