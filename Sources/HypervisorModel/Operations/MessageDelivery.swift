// Ops 13 and 14: events for a vCPU, and message-signalled interrupts. dmop.md sections 3.13 and 3.14.
// Not for: taking them, which is the guest's.

internal import XenABI

extension Hypervisor {
    /// Op 13. Vector, type and instruction length are not checked. dmop.md 3.13.
    func injectEvent(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.InjectEvent.self)
        try check(frame.hasZeroPads(DMOP.InjectEvent.self), .einval, "3.13 pad")
        try check(payload.vcpu.rawValue < UInt32(call.domain.vcpus.count), .einval, "3.13 no such vCPU")
        let vcpu = call.domain.vcpus[Int(payload.vcpu.rawValue)]
        try check(vcpu.pendingEvent == nil, .ebusy, "3.13 an event is pending")
        vcpu.pendingEvent = InjectedEvent(
            type: payload.type, vector: payload.vector, errorCode: payload.errorCode, extra: payload.extra)
    }

    /// Op 14. dmop.md 3.14.
    func injectMSI(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.InjectMSI.self)
        let domain = call.domain
        let message = MSIMessage(address: payload.address, data: payload.data)
        try check(frame.hasZeroPads(DMOP.InjectMSI.self), .einval, "3.14 pad")
        guard message.vector != 0 else {
            // Before 4.20 a number with a sign: one with the highest bit set is below 0.
            let isNegative = Int32(bitPattern: message.pirq) < 0 && release.version < .v4_20
            try check(message.pirq != 0 && !isNegative, .erange, "3.14 vector 0, pirq 0 or negative")
            try check(message.pirq < domain.shape.pirqCount, .einval, "3.14 pirq out of range")
            return
        }
        try deliver(message, to: domain)
    }

    /// Brings a message to the local APICs that it reaches.
    func deliver(_ message: MSIMessage, to domain: Domain) throws(Refusal) {
        switch message.deliveryMode {
        case 0:
            for vcpu in domain.vcpus where message.reaches(vcpu) { vcpu.receive(message.vector) }
        case 1:
            guard let vcpu = lowestPriority(of: domain, for: message) else {
                throw Refusal(.esrch, "3.14 no APIC takes it")
            }
            vcpu.receive(message.vector)
        default:
            throw Refusal(.einval, "3.14 delivery mode")
        }
    }

    /// Among the vCPUs that a message reaches, the first of those with the lowest priority.
    private func lowestPriority(of domain: Domain, for message: MSIMessage) -> VirtualCPU? {
        var best: VirtualCPU?
        for vcpu in domain.vcpus where message.reaches(vcpu) {
            if best.map({ vcpu.priority < $0.priority }) ?? true { best = vcpu }
        }
        return best
    }
}

/// What a device would write to raise an MSI, taken apart. The upper address bits are not compared with 0xfee.
struct MSIMessage {
    let vector: UInt8
    let deliveryMode: UInt32
    let destination: UInt8
    let isLogical: Bool
    /// What vector 0 names instead.
    let pirq: UInt32

    init(address: UInt64, data: UInt32) {
        vector = UInt8(truncatingIfNeeded: data)
        deliveryMode = (data >> 8) & 7
        destination = UInt8(truncatingIfNeeded: address >> 12)
        isLogical = address & 4 != 0
        pirq = UInt32(truncatingIfNeeded: address >> 32) & 0xffff_ff00 | UInt32(destination)
    }

    /// Whether a local APIC is enabled and meant.
    func reaches(_ vcpu: VirtualCPU) -> Bool {
        guard vcpu.isAPICEnabled else { return false }
        if isLogical { return vcpu.logicalID & destination != 0 }
        return destination == 0xff || UInt32(destination) == vcpu.apicID
    }
}

extension VirtualCPU {
    /// The class of the highest interrupt that waits.
    fileprivate var priority: UInt8 { (interrupts.max() ?? 0) >> 4 }

    /// An interrupt that waits already is not noted twice: a local APIC has a bit for each vector.
    fileprivate func receive(_ vector: UInt8) {
        if !interrupts.contains(vector) { interrupts.append(vector) }
    }
}
