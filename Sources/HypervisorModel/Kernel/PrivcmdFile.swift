// An open /dev/xen/privcmd: DM_OP and RESTRICT. dmop.md sections 9.1 and 9.3.
// Not for: the checks (PrivcmdAudit), mapping (PrivcmdFile+Mapping), hypercalls (PrivcmdFile+Hypercall).

public import XenABI

/// An open /dev/xen/privcmd. Each has a restriction of its own.
public final class PrivcmdFile {
    let kernel: LinuxKernel
    /// The kernel's checks, with this file's restriction.
    public private(set) var audit: PrivcmdAudit

    init(_ kernel: LinuxKernel, _ audit: PrivcmdAudit) {
        self.kernel = kernel
        self.audit = audit
    }

    /// DM_OP. `buffers` has fewer than `count` elements when the caller's descriptors can't be read. Buffers are
    /// written to as Xen does.
    public func dmOp(
        _ domain: DomainID, count: UInt16, buffers: inout [CallerBuffer]
    ) throws(Refusal) {
        guard var call = try beginDMOP(domain, count: count, buffers: buffers) else { return }
        defer { call.copyBack(to: &buffers) }
        while try goOn(&call, roundsMax: .max) {}
    }

    /// DM_OP for a caller in this process: the same checks, without copies. An empty `data` is not sent.
    public func dmOp(
        _ domain: DomainID, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(Refusal) {
        do throws(Refusal) {
            try audit.checkDMOP(on: domain, operationBytes: operation.count, dataBytes: data.count)
            try kernel.hypervisor.dmOp(
                by: kernel.caller, on: domain, bufferCount: data.isEmpty ? 1 : 2, &operation, &data)
        } catch {
            throw logged(error, "IOCTL_PRIVCMD_DM_OP", domain)
        }
    }

    /// RESTRICT; nil: the argument is unreadable.
    public func restrict(to domain: DomainID?) throws(Refusal) {
        do throws(Refusal) {
            try audit.restrict(to: domain)
        } catch {
            throw logged(error, "IOCTL_PRIVCMD_RESTRICT", domain)
        }
    }

    /// An ioctl of a number that privcmd does not have.
    public func unknownControl(_ number: UInt32) throws(Refusal) {
        throw logged(Refusal(.enotty, "9 unknown ioctl"), "ioctl privcmd", nil)
    }

    /// An ioctl whose argument is unreadable. The restriction comes first only where no argument is needed to know it.
    public func unreadableControl(_ number: UInt32) throws(Refusal) {
        switch number {
        case PrivcmdCall.hypercall:
            do throws(Refusal) { try audit.checkHypercall() } catch { throw logged(error, "ioctl privcmd", nil) }
        case PrivcmdCall.mmapBatch, PrivcmdCall.mmapBatchV2, PrivcmdCall.dmOp, PrivcmdCall.restrict,
            PrivcmdCall.mmapResource:
            break
        default: try unknownControl(number)
        }
        throw logged(Refusal(.efault, "9 argument unreadable"), "ioctl privcmd", nil)
    }

    /// Tells the observer of a refusal, and hands it on. dmop.md section 9.6.
    func logged(_ refusal: Refusal, _ call: StaticString, _ target: DomainID?) -> Refusal {
        kernel.hypervisor.observer?.refused(call, by: refusal, caller: kernel.caller.domain, target: target)
        return refusal
    }
}
