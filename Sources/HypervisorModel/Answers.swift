// What happens when a device model has notified Xen of an answer. dmop.md section 5.

import XenABI

extension Hypervisor {
    /// The device model has notified the port of a vCPU.
    func answered(_ domain: Domain, _ vcpu: VCPUID) {}
}
