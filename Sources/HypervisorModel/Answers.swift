// What happens when a device model has notified Xen of an answer, and what a vCPU finds then. dmop.md section 5.
// A notification wakes the vCPU; the vCPU looks at the slot when it next runs.

internal import XenABI

extension Hypervisor {
    /// The device model has notified the port of a vCPU.
    func answered(_ domain: Domain, _ vcpu: VCPUID) {
        guard Int(vcpu.rawValue) < domain.vcpus.count else { return }
        let vcpu = domain.vcpus[Int(vcpu.rawValue)]
        guard vcpu.wait.servers != 0 else { return }
        vcpu.wake()
    }

    /// A server goes away: each request that it has not answered ends as one that nobody has claimed. An answer that
    /// the vCPU has not fetched is lost, and a read gives 0. dmop.md sections 3.6 and 15.2.
    func abandonRequests(of server: IOREQServerRecord, in domain: Domain) {
        let bit = UInt8(1) << UInt8(truncatingIfNeeded: server.id.rawValue & 7)
        for vcpu in domain.vcpus where vcpu.wait.servers & bit != 0 {
            let isLost = server.slot(of: vcpu.id, in: domain)?.state == .responseReady
            vcpu.wait.servers &= ~bit
            vcpu.wait.data = isLost ? 0 : ~0
            vcpu.wait.isAbandoned = !isLost
            vcpu.wake()
        }
    }
}

extension VirtualCPU {
    func wake() {
        wait.isWoken = true
        wakeSink?.woken(self)
    }

    /// Looks at the slots of the servers that have to answer. false: the domain was crashed.
    func collectAnswers(in domain: Domain) -> Bool {
        wait.isWoken = false
        var left = wait.servers
        while left != 0 {
            let number = left.trailingZeroBitCount
            left &= left &- 1
            guard collectAnswer(of: IOREQServerID(UInt16(number)), in: domain) else { return false }
        }
        return true
    }

    private func collectAnswer(of id: IOREQServerID, in domain: Domain) -> Bool {
        let bit = UInt8(1) &<< UInt8(truncatingIfNeeded: id.rawValue)
        guard let slot = domain.server(id)?.slot(of: self.id, in: domain) else {
            settle(bit, data: ~0)
            return true
        }
        // The state first: what was written before it is visible after it.
        switch slot.state {
        case .responseReady:
            let answer = slot.copy
            slot.setState(.none)
            if !wait.request.isAnswered(by: answer) { reportMisuse("5.1 fields of the slot changed") }
            settle(bit, data: answer.data)
        case .none:
            reportMisuse("5.1 NONE instead of an answer")
            settle(bit, data: ~0)
        case .ready:
            if wait.inProcess & bit != 0 { reportMisuse("5.1 state moved back to READY") }
            wait.inProcess &= ~bit
        case .inProcess:
            wait.inProcess |= bit
        default:
            reportMisuse("5.1 state 4 or more while pending")
            wait.servers = 0
            domain.hypervisor.shutDown(domain, .crash)
            return false
        }
        return true
    }

    private func settle(_ bit: UInt8, data: UInt64) {
        wait.servers &= ~bit
        wait.data = data
    }

    /// A device model has broken a rule: told and counted.
    func reportMisuse(_ what: StaticString) {
        misuseCount &+= 1
        domain.hypervisor.observer?.misuse(what, domain: domain.id, vcpu: id)
    }
}

extension IOREQ {
    /// Whether the fields that only Xen sets are still what they were.
    fileprivate func isAnswered(by answer: IOREQ) -> Bool {
        address == answer.address && size == answer.size && count == answer.count && type == answer.type
            && isRead == answer.isRead && dataIsPointer == answer.dataIsPointer && descending == answer.descending
    }
}
