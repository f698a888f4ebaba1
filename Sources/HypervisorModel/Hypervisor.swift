// The hypervisor: its domains, and what they share. Everything happens on one thread at a time: callers see to that.
// Not for: what an operation does (Operations/), or the kernel's checks (PrivcmdAudit).

public import XenABI

/// A model of Xen, as far as device models see it.
public final class Hypervisor {
    /// Which Xen this is.
    public let release: Release
    /// Where pages come from.
    public let pageSource: any PageSource
    /// Told what happens, where somebody wants to know.
    public var observer: (any ModelObserver)?

    /// Domains that there are, dom0 among them, by id.
    public private(set) var domains: [DomainID: Domain] = [:]
    /// The same by number, as each event asks for two of them.
    private var domainsByNumber: [Domain?] = []
    /// For tests: a caller who rewrites buffer 0 while an operation is between two rounds. dmop.md section 1.5.
    var betweenRounds: ((inout MutableSpan<UInt8>) -> Void)?
    private var nextUniqueID: UInt64 = 1
    /// Domains whose state has changed since it was last asked for; nil while nobody has bound VIRQ_DOM_EXC.
    var changedDomains: Set<DomainID>?

    /// A hypervisor with a dom0 and no guests.
    public init(release: Release = .standard, pageSource: any PageSource = HeapPages()) {
        self.release = release
        self.pageSource = pageSource
        keep(Domain(DomainID(0), .control, uniqueID: 0, on: self))
    }

    /// The domain of this id; nil when there is none.
    public func domain(_ id: DomainID) -> Domain? {
        let number = Int(id.rawValue)
        return number < domainsByNumber.count ? domainsByNumber[number] : nil
    }

    private func keep(_ domain: Domain) {
        let number = Int(domain.id.rawValue)
        // Changed as a whole: looking one up then needs no check for overlapping changes.
        var known = domainsByNumber
        domainsByNumber = []
        while known.count <= number { known.append(nil) }
        known[number] = domain
        domainsByNumber = known
        domains[domain.id] = domain
    }

    /// All domains but dom0, by id.
    public var guests: [Domain] { domains.values.filter { $0.id.rawValue != 0 }.sorted { $0.id < $1.id } }

    /// Makes a domain. `id` nil: the lowest above all in use. Refused: EEXIST, or EINVAL for a reserved id or a shape
    /// that no domain has.
    @discardableResult
    public func createDomain(_ shape: DomainShape, id: DomainID? = nil) throws(Refusal) -> Domain {
        let id = id ?? DomainID((domains.keys.map(\.rawValue).max() ?? 0) + 1)
        try check(!id.isReserved, .einval, "19 reserved id")
        try check(domains[id] == nil, .eexist, "a domain of this id exists")
        try check((1...Int(UInt16.max)).contains(shape.vcpuCount), .einval, "a domain has a vCPU at least")
        try check(shape.frameCount <= DomainShape.framesMax, .einval, "more memory than the model gives a domain")
        let domain = Domain(id, shape, uniqueID: nextUniqueID, on: self)
        nextUniqueID += 1
        keep(domain)
        stateChanged(id)
        return domain
    }

    /// Forgets a domain that has died: see Hypervisor+Shutdown.
    func forget(_ id: DomainID) {
        guard domains.removeValue(forKey: id) != nil else { return }
        var known = domainsByNumber
        known[Int(id.rawValue)] = nil
        domainsByNumber = known
    }
}

/// Told what the model does: for logs, traces, expectations.
public protocol ModelObserver: AnyObject {
    /// A call was refused. `call` names it.
    func refused(_ call: StaticString, by refusal: Refusal, caller: DomainID, target: DomainID?)
    /// A device model broke a rule of section 5.1, and what came of it.
    func misuse(_ what: StaticString, domain: DomainID, vcpu: VCPUID)
}
