// What the variable service asks of whoever keeps its blobs: a protocol. Source: varstored.md 13.
// Not for: how they are kept (VariableBackends); when (PersistenceQueue).

/// Why a blob is written. Source: varstored.md 13.6.
public enum WriteReason: Equatable, Sendable {
    /// No change to PK, KEK, db or dbx since the last write.
    case ordinary
    /// One of them has changed.
    case keysChanged
    /// The certificates were brought up to date at the start, as the toolstack has asked.
    case certificatesUpdated
}

/// What became of a write or a notification.
public enum BackendOutcome: Equatable, Sendable {
    /// It is kept, and stays kept.
    case confirmed
    /// It is not, or nobody knows; a few words for the log, without data of the guest.
    case failed(String)
}

/// Keeps the guest's non-volatile variables. Never waits: what takes time goes on in the event loop. One call at a
/// time: the next one starts after the outcome of the one before, or after `abandon()`.
public protocol VariableBackend: AnyObject {
    /// Writes a finished blob (varstored.md 11.1). `then` is called once, perhaps before this returns.
    func write(_ blob: [UInt8], for reason: WriteReason, then: @escaping (BackendOutcome) -> Void)

    /// Tells the operator that an image was refused. Source: varstored.md 13.5.
    func notifySecureBootFailure(then: @escaping (BackendOutcome) -> Void)

    /// Gives up what is under way: its `then` is not called any more.
    func abandon()
}
