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
    private let pidFile: PIDFileOwner
    private let log: DaemonLog
    private let trace: TraceLog

    init(
        _ server: StoreServer, trace: TraceLog, signals: consuming SignalDescriptor, pidFile: PIDFileOwner,
        log: DaemonLog
    ) {
        self.server = server
        self.trace = trace
        self.signals = signals
        self.pidFile = pidFile
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
                log.write(.information, "xenstored", "ends: a signal came", [("signal", "\(signal.rawValue)")])
                loop.stop()
            }
        }
    }
}
