// What an operation knows of its call, and how long ones go on in rounds. dmop.md section 1.5.

public import XenABI

/// A call of DM_OP, before its first round or between two. How far it has come is in the caller's payload, as on real
/// Xen; what Xen has handed out there is remembered. `Hypervisor.goOn` does a round.
public struct OperationRun {
    /// Who calls.
    let caller: Caller
    /// On which domain.
    let target: DomainID
    let bufferCount: UInt32
    /// Bytes of buffer 1 that can be read, where not all can.
    var readableDataBytes = Int.max
    /// What the round before has handed out; nil before the first.
    var progress: OperationProgress?
    /// `uniqueID` of the domain of that round, which is not kept alive by this.
    var domainUniqueID: UInt64?

    /// A call about to begin.
    public init(by caller: Caller, on target: DomainID, bufferCount: UInt32) {
        self.caller = caller
        self.target = target
        self.bufferCount = bufferCount
    }
}

/// A call of DM_OP that has been let in.
struct OperationCall {
    /// Frames that an operation does in one round.
    static let framesPerRound: UInt64 = 256

    let caller: Caller
    let domain: Domain
    let bufferCount: UInt32
    /// Bytes of buffer 1 that can be read, where not all can.
    let readableDataBytes: Int
    /// What the round before has handed out; nil in the first round.
    var progress: OperationProgress?

    /// Whether an operation may be the next round: after the first, only the one that is under way.
    func mayGoOn(_ opcode: DMOpcode) -> Bool { progress == nil || progress?.opcode == opcode }

    /// Whether the progress in a payload is what the round before has handed out. In a first round it is input, except
    /// for `opaque`, which has to be 0.
    func hasHandedOut(_ found: OperationProgress) -> Bool {
        guard let progress else { return found.opaque == 0 }
        return found == progress
    }
}

/// How far an operation has come, in the fields of its payload. dmop.md section 2, fields marked P.
struct OperationProgress: Equatable {
    var opcode: DMOpcode
    /// Frames or extents left.
    var count: UInt64 = 0
    /// The next frame, and the next destination.
    var first: UInt64 = 0
    var second: UInt64 = 0
    /// A number that has a meaning for Xen only.
    var opaque: UInt64 = 0
}
