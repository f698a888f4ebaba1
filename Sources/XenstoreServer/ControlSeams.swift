// What control commands ask of others: the trace log, the rings, live update (xenstored.md 12).
// Not for: the commands (StoreCommands).

public import XenstoreCore

/// The switches of the trace log, as C's daemon names them (xenstored.md 12). Lines are written for `obj` and `io`; the
/// others are taken and remembered, and nothing is written for them.
public enum TraceSwitch: String, CaseIterable, Sendable {
    /// Connections and rings that come and go, and what `print` says.
    case obj
    /// Requests, replies, events.
    case io
    /// Nothing.
    case wrl
    /// Nothing.
    case acc
    /// Nothing.
    case tdb
}

/// The trace log, as `log`, `logfile`, `memreport` and `print` use it.
public protocol TraceControl: AnyObject {
    /// Whether something is written at all. Setting it on without a file does nothing.
    var isOn: Bool { get set }
    /// Whether a file is open.
    var hasFile: Bool { get }
    /// Whether a switch is on.
    func isOn(_ name: TraceSwitch) -> Bool
    /// Sets a switch.
    func set(_ name: TraceSwitch, on: Bool)
    /// Writes to another file from now on; a relative name lies in the library directory. False: it can't be opened,
    /// and all is as it was.
    func openFile(_ name: String) -> Bool
    /// Writes lines, which have no line feeds, to a file of that name, made anew, or to the log's own. False: it can't
    /// be written, or there is no log.
    func write(_ lines: [String], to file: String?) -> Bool
}

/// What the server knows of a domain's ring.
public struct RingReport: Equatable, Sendable {
    /// The local port; 0: none.
    public var port: UInt32
    /// The error field: 0 is served, 1 to 3 is ignored (xenstored.md 8.5).
    public var error: UInt32

    /// A report of these.
    public init(port: UInt32, error: UInt32) {
        self.port = port
        self.error = error
    }
}

/// Tells of rings.
public protocol RingReports: AnyObject {
    /// The ring of an introduced domain; nil: it has none.
    func ringReport(of domain: UInt16) -> RingReport?
    /// Whether Xen tells domains' states: false on Xen before 4.21, and without Xen (xenstored.md 9.6).
    var domainStateIsDirect: Bool { get }
}

/// The command `live-update` (xenstored.md 12, 13.5).
public protocol LiveUpdateCommands: AnyObject {
    /// The parameters behind `live-update`, without their NULs: the answer, or nil when `server.answer(_:_:)` gives it
    /// later.
    func liveUpdate(_ parameters: [[UInt8]], from connection: ConnectionID, on server: StoreServer) -> ControlAnswer?
}
