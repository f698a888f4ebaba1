// Refusals that a test asks for, between a device model and the hypervisor.
// Not for: refusals that a guest or a device model can bring about; those the hypervisor gives by itself.

internal import XenABI
internal import XenPlatform

/// Operations to refuse.
final class InjectedRefusals {
    var byOperation: [DMOpcode: XenErrorCode] = [:]

    /// The platform, but for what is refused.
    func platform(_ platform: Platform) -> Platform {
        Platform(
            calls: RefusingCalls(platform.calls, self), memory: platform.memory, events: platform.events,
            grants: platform.grants, states: platform.states, clock: platform.clock,
            statistics: platform.statistics)
    }
}

/// DM_OP, but for what is refused: that does not reach the hypervisor.
private final class RefusingCalls: DeviceModelCalls {
    private let calls: any DeviceModelCalls
    private let refusals: InjectedRefusals

    init(_ calls: any DeviceModelCalls, _ refusals: InjectedRefusals) {
        self.calls = calls
        self.refusals = refusals
    }

    func dmOp(
        _ domain: DomainID, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(XenError) {
        // The opcodes are small numbers: the first byte has them.
        if !refusals.byOperation.isEmpty, operation.count > 0 {
            let opcode = DMOpcode(rawValue: UInt32(operation[0]))
            if let code = refusals.byOperation[opcode] { throw XenError(code, opcode.name, domain: domain) }
        }
        try calls.dmOp(domain, &operation, &data)
    }

    func restrict(to domain: DomainID) throws(XenError) { try calls.restrict(to: domain) }
}
