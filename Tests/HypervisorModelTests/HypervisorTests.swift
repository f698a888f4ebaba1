// Domains of the model.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Hypervisor") struct HypervisorTests {
    @Test("a domain gets the lowest id above all in use, and each a unique id of its own")
    func domainIDs() throws {
        let xen = Hypervisor()
        let first = try xen.createDomain(DomainShape())
        let second = try xen.createDomain(DomainShape(), id: DomainID(7))
        let third = try xen.createDomain(DomainShape())
        #expect([first.id, second.id, third.id] == [DomainID(1), DomainID(7), DomainID(8)])
        #expect(Set([first, second, third].map(\.uniqueID)).count == 3)
        #expect(throws: Refusal(.eexist, "")) { try xen.createDomain(DomainShape(), id: DomainID(7)) }
        #expect(throws: Refusal(.einval, "")) { try xen.createDomain(DomainShape(), id: .invalid) }
    }

    @Test("a release is read as it is written", arguments: ["4.9.0", "4.11", "4.17", "4.17-xsa506", "4.14+xsa506"])
    func releases(text: String) { #expect(Release(text)?.description == text) }
}
