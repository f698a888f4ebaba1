// `do_dm_op`: the order of checks before an operation, and what is copied back after it. dmop.md section 1.
// Not for: what an operation does (Operations/), nor the kernel's checks (PrivcmdAudit).

public import XenABI

/// What an operation knows of its call.
struct OperationCall {
    let caller: Caller
    let domain: Domain
    let bufferCount: UInt32
    /// What the round before has handed out; nil in the first round. dmop.md 1.5.
    var progress: OperationProgress?
}

/// How far an operation has come, in the fields of its payload.
struct OperationProgress: Equatable {
    var opcode: DMOpcode
    var first: UInt64
    var second: UInt64 = 0
    var third: UInt64 = 0
}

extension Hypervisor {
    /// DM_OP. `operation` is buffer 0, `data` buffer 1, where there is one.
    public func dmOp(
        by caller: Caller, on target: DomainID, bufferCount: UInt32, _ operation: inout MutableSpan<UInt8>,
        _ data: inout MutableSpan<UInt8>
    ) throws(Refusal) {
    }
}
