// A change to the store that was decided and not yet made, and what is to happen before it is made.
// Source: varstored.md 1, 6. Not for: deciding (SetDecision.swift) and making it (VariableServices.swift).

/// A change, never a copy of the store. Slots are of the store that it was decided on.
enum StoreChange: Equatable, Sendable {
    case none
    /// A new variable, at the head.
    case insert(VariableRecord)
    /// New contents for a variable that keeps its position and attributes.
    case replace(slot: Int32, data: [UInt8], timestamp: EFITime, digest: SignerDigest)
    /// More contents.
    case extend(slot: Int32, added: [UInt8], timestamp: EFITime, digest: SignerDigest)
    /// No such variable any more.
    case remove(slot: Int32)
}

/// What was decided about a request: what the caller has to do first, then the change and the reply.
/// Source: varstored.md 1, 6 (commit order).
public struct VariablePlan: Equatable, Sendable {
    /// What the caller does before the plan is completed.
    public enum Effect: Equatable, Sendable {
        /// Nothing.
        case none
        /// Write the blob (`VariableServices.backendBlob(with:)`) to the backend.
        case persist
        /// Tell the backend that Secure Boot refused an image. Source: varstored.md 3.7.
        case notify
    }

    /// What the caller does first. What comes of it goes to `VariableServices.complete(_:succeeded:)`.
    public var effect: Effect
    /// Whether PK, KEK, db or dbx change. Source: varstored.md 13.6.
    public var changesKeys: Bool
    var change: StoreChange
    /// The MOR key after the change; nil if it stays. Source: varstored.md 10.3.
    var morKey: UInt64?
    /// Whether PK comes, goes or changes, so that the modes follow. Source: varstored.md 10.2.
    var changesPK: Bool
    var reply: VariableReply
    /// How many changes the store had seen when this was decided: slots and room are of that store.
    var changeCount: UInt64

    init(_ reply: VariableReply, _ change: StoreChange = .none, _ effect: Effect = .none) {
        self.reply = reply
        self.change = change
        self.effect = effect
        changesKeys = false
        changesPK = false
        morKey = nil
        changeCount = 0
    }

    /// A status, and nothing changes.
    static func status(_ status: VariableStatus) -> VariablePlan { VariablePlan(.status(status)) }

    /// Whether the store changes.
    public var changesStore: Bool { change != .none || morKey != nil }
}
