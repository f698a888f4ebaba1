// Ops 1, 2, 5 and 6: the life of an ioreq server. dmop.md sections 3.1, 3.2, 3.5 and 3.6.
// Not for: what it claims (Operations/Ranges, Operations/MemoryTypes).

internal import XenABI

extension Hypervisor {
    func remove(_ server: IOREQServerRecord, from domain: Domain) {}
}
