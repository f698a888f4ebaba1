// The server: one loop, sockets and rings in, the core's decisions out (xenstored.md 8.6, 10, 14.5).
// Not for: any rule about a request (XenstoreCore), options and files of the daemon (the program).

public import DaemonShell
public import EventLoop
public import SystemCalls
public import XenstoreCore

/// Serves one store on one loop.
public final class StoreServer {
    /// The store.
    public let core: XenstoreCore
    /// The loop that all is served on.
    public let loop: EventLoop
    /// The log.
    public let log: DaemonLog
    /// Xen; nil: sockets only (`--no-domain-init`).
    public let platform: StorePlatform?
    /// Answers CONTROL; without one each is refused with EINVAL.
    public var control: (any StoreControl)?
    /// The trace log, while it is on.
    public var trace: (any StoreTrace)?

    /// A server of a store that serves nobody yet.
    public init(_ core: XenstoreCore, loop: EventLoop, log: DaemonLog, platform: StorePlatform?) {
        self.core = core
        self.loop = loop
        self.log = log
        self.platform = platform
    }

    /// Takes connections of a listening socket from now on.
    public func listen(_ socket: consuming StreamSocket) throws(SystemError) {}

    /// Binds VIRQ_DOM_EXC, attaches the own ring and those of all domains that are there (xenstored.md 14.3, steps 5
    /// to 8), and watches the event channels from now on.
    public func begin() throws(StoreStartError) {}

    /// Answers a CONTROL for which `StoreControl.control` had no answer yet. Does nothing when the connection is gone.
    public func answer(_ connection: ConnectionID, _ answer: ControlAnswer) {}
}

/// Why a server can't begin.
public struct StoreStartError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, as a sentence.
    public var description: String

    /// An error with its sentence.
    public init(_ sentence: String) { description = sentence }
}
