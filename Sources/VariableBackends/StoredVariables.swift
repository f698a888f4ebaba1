// What a backend hands over at the start, and the protocol by which it does. Source: varstored.md 13, 13.6.
// Not for: what the blob says (UEFIVariables), writing (VariableBackend).

public import VariableService

/// What the toolstack knows of a guest's Secure Boot certificates. Source: varstored.md 13.6.
public enum CertificateState: Equatable, Sendable {
    /// The toolstack has no such state, or the backend no toolstack.
    case absent
    /// Nothing is to be done.
    case ok
    /// There are newer ones.
    case updateAvailable
    /// They are to be brought up to date at this start.
    case updateOnBoot
}

/// What a backend has kept.
public struct StoredVariables: Equatable, Sendable {
    /// The blob as it was found, unchecked; nil at the first boot.
    public var blob: [UInt8]?
    /// What the toolstack asks for.
    public var certificates: CertificateState

    /// A blob, or none, and what the toolstack asks for.
    public init(blob: [UInt8]?, certificates: CertificateState) {
        self.blob = blob
        self.certificates = certificates
    }
}

/// A backend that can be asked for what it has kept.
public protocol LoadableBackend: VariableBackend {
    /// What is kept. Takes 20 s at most, in which it may turn the event loop; `shouldStop` is asked at least every
    /// 100 ms, and true ends it with `stopped`. Before the first write, and not from within a handler of the loop.
    func load(shouldStop: () -> Bool) throws(BackendFailure) -> StoredVariables
}
