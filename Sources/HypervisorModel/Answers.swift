// What happens when a device model has notified Xen of an answer. dmop.md section 5.

import XenABI

extension Hypervisor {
    /// The device model has notified the port of a vCPU.
    func answered(_ domain: Domain, _ vcpu: VCPUID) {}

    /// A server is destroyed: its pending requests complete as unclaimed (dmop.md 15.2).
    func abandonRequests(of server: IOREQServerRecord, in domain: Domain) {}
}
