// Until the branch with the kernel is merged, which has these in Kernel/Hypervisor+DomainStates.swift.

internal import XenABI

extension Hypervisor {
    func stateChanged(_ id: DomainID) { raise(.domainException) }

    func lastMappingGone(_ domain: Domain) {
        guard domain.life.isDying, self.domain(domain.id) === domain else { return }
        forget(domain.id)
        stateChanged(domain.id)
    }
}
