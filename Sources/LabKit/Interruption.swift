// Ctrl-C and its kin: every child process is killed, and the work under way ends with LabError.interrupted.
// Not for a corbel that is killed itself (SIGKILL): setpriv in ChildProcess sees to that.
import Dispatch
import Glibc
import Synchronization

/// Knows whether a signal asked us to stop, and which children must go when it does.
public final class Interruption: Sendable {
    private struct State {
        var signal: Int32?
        var children: Set<pid_t> = []
        var action: (@Sendable (Int32) -> Void)?
    }

    private let state = Mutex(State())

    /// An interruption that nothing but `interrupt(signal:)` triggers.
    public init() {}

    /// Makes SIGINT, SIGTERM, SIGHUP and SIGQUIT interrupt; to be called once, for the life of the program.
    public func listen() {
        // A reader of our output that went away is an error of the write, not the end of the program.
        _ = signal(SIGPIPE) { _ in }
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            let former = signal(number, SIG_IGN)
            // nohup's wish. A shell without job control makes its children ignore SIGINT, which is nobody's.
            if number == SIGHUP, Self.isIgnored(former) { continue }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler holds the source, and the source its handler: both last as long as the program.
            source.setEventHandler { [self] in withExtendedLifetime(source) { interrupt(signal: number) } }
            source.activate()
        }
    }

    private static func isIgnored(_ handler: sighandler_t?) -> Bool {
        // SAFETY: a pointer's bits are looked at as a number; nothing is called.
        unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Stops everything as if `signal` had come.
    public func interrupt(signal: Int32) {
        let action = state.withLock { state in
            if state.signal == nil { state.signal = signal }
            for child in state.children { killGroup(child) }
            return state.action
        }
        action?(signal)
    }

    /// Throws when a signal has come.
    public func check() throws(LabError) {
        if let received { throw .interrupted(received) }
    }

    /// The signal that came; nil when none did.
    var received: Int32? { state.withLock { $0.signal } }

    /// Has `action` called when a signal comes, at once if it already has; nil takes it back.
    func whenInterrupted(_ action: (@Sendable (Int32) -> Void)?) {
        let already = state.withLock { state in
            state.action = action
            return state.signal
        }
        if let already { action?(already) }
    }

    /// From here on the process group `child` is killed by an interruption.
    func adopt(_ child: pid_t) {
        state.withLock { state in
            state.children.insert(child)
            if state.signal != nil { killGroup(child) }
        }
    }

    func release(_ child: pid_t) {
        state.withLock { _ = $0.children.remove(child) }
    }
}

/// Foundation's Process makes each child the leader of a process group of its own.
func killGroup(_ leader: pid_t) {
    _ = kill(-leader, SIGKILL)
}
