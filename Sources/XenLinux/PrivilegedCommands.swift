// /dev/xen/privcmd: DM_OP, restriction, hypercalls. One descriptor also for mapping, so that a restriction covers both.
// Not for: mapping itself (see PrivilegedCommands+Mapping).

internal import SystemCalls
public import XenABI
public import XenPlatform

/// DM_OP and mapping by privcmd. Source: dmop.md section 9.
public final class PrivilegedCommands: DeviceModelCalls {
    let descriptor: OwnedDescriptor
    /// Undoes the mappings, which outlive this object.
    let mappings = LinuxMappings()

    init(owning descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// One DM_OP: exactly one system call, no allocation. Source: dmop.md section 9.1.
    public func dmOp(
        _ domain: DomainID, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(XenError) {
        var argument: [16 of UInt8] = .init(repeating: 0)
        var span = argument.mutableSpan
        PrivcmdDMOP(domain: domain, count: data.isEmpty ? 1 : 2, buffers: 0).encode(into: &span)
        do throws(SystemError) {
            _ = try descriptor.control(
                PrivcmdCall.dmOp, &span, vectorAt: PrivcmdOffset.buffersOfDMOP, &operation, &data)
        } catch {
            throw XenError(error, Self.name(of: operation.span), domain: domain)
        }
    }

    /// Limits DM_OP and mapping to one domain, and ends hypercalls. Source: dmop.md section 9.3.
    public func restrict(to domain: DomainID) throws(XenError) {
        do throws(SystemError) {
            _ = try descriptor.send(PrivcmdCall.restrict, PrivcmdRestrict(domain: domain))
        } catch {
            throw XenError(error, "IOCTL_PRIVCMD_RESTRICT", domain: domain)
        }
    }

    /// Any hypercall; addresses among its arguments are of hypercall memory.
    func hypercall(_ call: PrivcmdHypercall) throws(SystemError) -> Int32 {
        try descriptor.send(PrivcmdCall.hypercall, call)
    }

    /// The operation's name, from the first 4 bytes of buffer 0.
    private static func name(of operation: Span<UInt8>) -> StaticString {
        guard operation.count >= 4 else { return "dm_op" }
        var number: UInt32 = 0
        for index in 0..<4 { number |= UInt32(operation[index]) << (8 * UInt32(index)) }
        return DMOpcode(number).name
    }
}

/// Where the addresses lie in the arguments, in bytes; the codecs keep these to themselves. Source: dmop.md section 9.
enum PrivcmdOffset {
    static let buffersOfDMOP = 8
    static let framesOfMMAPBatch = 16
    static let errorsOfMMAPBatch = 24
}
