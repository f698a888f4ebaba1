// The daemon while it serves: its signals and its end. Source: xenstored.md 14.4.
// Not for: starting (Start.swift), requests (XenstoreServer).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls
internal import XenstoreServer

/// A server that serves until a signal ends it.
final class Daemon: DescriptorHandler {
    private let server: StoreServer
    private let signals: SignalDescriptor
    private let log: DaemonLog
    /// The trace log, which writes when there is a file.
    let trace: TraceLog
    /// The pid file, locked for as long as this lives.
    var pidFile: PIDFileOwner?

    init(_ server: StoreServer, trace: TraceLog, signals: consuming SignalDescriptor, log: DaemonLog) {
        self.server = server
        self.trace = trace
        self.signals = signals
        self.log = log
    }

    /// From here on signals are served.
    func watchSignals() throws(SystemError) {
        _ = try server.loop.watch(signals.descriptor.rawValue, self)
    }

    /// Serves; answers with the program's status when it is over.
    func run() -> Int32 {
        do throws(SystemError) {
            try server.loop.run()
            // What was asked before the end is answered, as far as there is room: one round that waits for nobody.
            try server.loop.turn(milliseconds: 0)
        } catch {
            log.write(.error, "xenstored", "ends: the event loop has failed: \(error)")
            return 1
        }
        trace.flush()
        return 0
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        while let signal = try? signals.next() {
            switch signal {
            case .hangUp: trace.reopen()
            case .user1: break
            default:
                let name = signal == .interrupt ? "SIGINT" : "SIGTERM"
                log.write(.information, "xenstored", "ends: a signal came", [("signal", name)])
                loop.stop()
            }
        }
    }
}
