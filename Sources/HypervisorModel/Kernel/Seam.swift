// Until the branch with the operations is merged.

import XenABI

extension Hypervisor {
    func dmOp(
        by caller: Caller, on target: DomainID, bufferCount: UInt32, _ operation: inout MutableSpan<UInt8>,
        _ data: inout MutableSpan<UInt8>
    ) throws(Refusal) {
        throw Refusal(.eopnotsupp, "not merged")
    }

    func resourcePages(by caller: Caller, _ request: ResourceRequest) throws(Refusal) -> [FrameResult] {
        throw Refusal(.enoent, "not merged")
    }

    func resourceSize(by caller: Caller, _ request: ResourceRequest) throws(Refusal) -> UInt64 { 2 }
}

extension Domain {
    func foreignPage(of frame: GuestFrame) -> (PageRun, Int)? { nil }
}
