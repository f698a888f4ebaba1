// A Xen for the server: domains with a page and a channel, their states, their ports, as tests want them.
// Not for: rules of the store; the hypervisor's own model is HypervisorModel.

import ServerCalls
import SystemCalls
import XenABI
import XenPlatform
import XenstoreServer

/// A domain with a granted page and a channel that it offers to the store.
final class FakeDomain {
    let domain: UInt16
    var uniqueID: UInt64
    var page = SharedPage()
    /// Bits of `DomainState.state`.
    var state: UInt16 = 1
    var capabilities: UInt16 = 0
    /// Whether grant 1 can be mapped.
    var isGranted = true
    /// The port that it offers, and our port that is bound to it.
    let remotePort: UInt32 = 5
    var localPort: UInt32?
    /// Whether it has closed its end.
    var hasClosedPort = false
    /// How often the server has notified it.
    var notificationCount = 0
    /// Is told of each notification, in the server's thread.
    var notified: (() -> Void)?

    init(_ domain: UInt16, uniqueID: UInt64) {
        self.domain = domain
        self.uniqueID = uniqueID
    }
}

/// The page that Linux shares with the store of its own domain.
final class FakeOwnRing: OwnRingSource {
    let page = SharedPage()
    var fails = false

    func ownRing() throws(XenError) -> OwnRing {
        if fails { throw XenError(.eio, "open /proc/xen/xsd_kva") }
        return OwnRing(pages: page.map(), port: EventPort(5))
    }
}

/// Xen, and the kernel's event channels. It counts what is asked of it.
final class FakeXen {
    /// Whether it is older than 4.21: no domain states.
    let isOld: Bool
    var domains: [UInt16: FakeDomain] = [:]
    var changed: [UInt16] = []
    private var lastUniqueID: UInt64 = 0x1000
    private let readable: EventCounter
    private var lastPort: UInt32 = 0
    /// Guests may notify the server from threads of their own.
    private let ports = Monitor()
    private var pending: [UInt32] = []
    private var masked: Set<UInt32> = []
    /// Ports that are bound: to which domain, nil the virtual interrupt.
    private(set) var bound: [UInt32: UInt16?] = [:]
    /// Whether all ports are fetched at the first question: then the descriptor says nothing of those left.
    var fetchesAll = false
    private var fetched: [UInt32] = []
    var bindFails = false
    var notifyFails = false
    var statesFail: XenErrorCode?
    var portStatesFail = false
    /// The store domain's own ring; nil: none.
    var own: FakeOwnRing?
    private(set) var fetchCount = 0
    private(set) var unmaskCallCount = 0
    private(set) var existsCount = 0

    init(isOld: Bool = false) throws {
        self.isOld = isOld
        readable = try EventCounter()
    }

    /// A new domain, whatever was there under its number.
    @discardableResult
    func start(_ domain: UInt16) -> FakeDomain {
        lastUniqueID += 1
        let new = FakeDomain(domain, uniqueID: lastUniqueID)
        domains[domain] = new
        changed.append(domain)
        return new
    }

    /// Its state is another one from now on: 1 exists, 2 shut down, 4 dying, 8 dead; 0: it is gone.
    func set(_ domain: UInt16, _ state: UInt16) {
        domains[domain]?.state = state
        if state == 0 { domains[domain] = nil }
        changed.append(domain)
    }

    var platform: StorePlatform {
        StorePlatform(
            grants: self, events: self, dispatcher: EventDispatcher(self), states: isOld ? nil : self, ports: self,
            ownRing: own)
    }

    /// VIRQ_DOM_EXC.
    func raise() throws {
        for (port, domain) in bound where domain == nil { try fire(port) }
    }

    /// The guest wakes the server.
    func notify(from domain: UInt16) throws {
        if let port = domains[domain]?.localPort { try fire(port) }
    }

    private func fire(_ port: UInt32) throws {
        try ports.locked {
            if !pending.contains(port) { pending.append(port) }
            if !masked.contains(port) { try readable.signal() }
        }
    }
}

extension FakeXen: GrantMemory {
    func mapGrant(_ domain: DomainID, _ reference: GrantReference) throws(XenError) -> MappedPages {
        guard let found = domains[domain.rawValue], found.isGranted, reference == .xenstore, found.state & 12 == 0
        else { throw XenError(.einval, "IOCTL_GNTDEV_MAP_GRANT_REF", domain: domain) }
        return found.page.map()
    }
}

extension FakeXen: EventChannels, PortOwner {
    var descriptor: Int32 { readable.descriptor.rawValue }

    func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort {
        guard !bindFails, let found = domains[domain.rawValue], found.localPort == nil,
            port.rawValue == found.remotePort
        else { throw XenError(.einval, "IOCTL_EVTCHN_BIND_INTERDOMAIN", domain: domain) }
        lastPort += 1
        found.localPort = lastPort
        found.hasClosedPort = false
        bound[lastPort] = .some(domain.rawValue)
        return BoundPort(EventPort(lastPort), owner: self)
    }

    func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort { throw XenError(.einval, "bind") }

    func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort {
        guard virq == .domainException, !bindFails else { throw XenError(.eexist, "IOCTL_EVTCHN_BIND_VIRQ") }
        lastPort += 1
        bound[lastPort] = .some(nil)
        return BoundPort(EventPort(lastPort), owner: self)
    }

    func unbind(_ port: EventPort) {
        if case .some(.some(let domain)) = bound.removeValue(forKey: port.rawValue),
            domains[domain]?.localPort == port.rawValue
        {
            domains[domain]?.localPort = nil
        }
        ports.locked {
            pending.removeAll { $0 == port.rawValue }
            masked.remove(port.rawValue)
        }
    }

    func notify(_ port: EventPort) throws(XenError) {
        guard !notifyFails, case .some(.some(let domain)) = bound[port.rawValue] else {
            throw XenError(.einval, "IOCTL_EVTCHN_NOTIFY")
        }
        guard let found = domains[domain], found.localPort == port.rawValue else { return }
        found.notificationCount += 1
        found.notified?()
    }

    func unmask(_ port: EventPort) throws(XenError) { try unmask([port]) }

    func unmask(_ ports: [EventPort]) throws(XenError) {
        unmaskCallCount += 1
        self.ports.locked {
            for port in ports { masked.remove(port.rawValue) }
            if pending.contains(where: { !masked.contains($0) }) { signal() }
        }
    }

    func next() throws(XenError) -> EventPort? {
        ports.lock()
        defer { ports.unlock() }
        if fetchesAll && fetched.isEmpty {
            fetched = pending.filter { !masked.contains($0) }
            masked.formUnion(fetched)
            pending.removeAll { fetched.contains($0) }
            _ = try? readable.drain()
        }
        if !fetched.isEmpty { return EventPort(fetched.removeFirst()) }
        guard let place = pending.firstIndex(where: { !masked.contains($0) }) else {
            do throws(SystemError) {
                _ = try readable.drain()
            } catch {
                throw XenError(.eio, "read /dev/xen/evtchn")
            }
            return nil
        }
        let port = pending.remove(at: place)
        masked.insert(port)
        return EventPort(port)
    }

    private func signal() {
        do throws(SystemError) {
            try readable.signal()
        } catch {
            preconditionFailure("an event counter takes signals")
        }
    }

    func restrict(to domain: DomainID) throws(XenError) {}

    func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome { .timeout }
}

extension FakeXen: DomainStates {
    func state(of domain: DomainID) throws(XenError) -> DomainState {
        if let statesFail { throw XenError(statesFail, "domctl 90") }
        if domain == DomainID(0) { return DomainState(domain: domain, state: 1, capabilities: 1, uniqueID: 1) }
        guard let found = domains[domain.rawValue] else { throw XenError(.esrch, "domctl 90", domain: domain) }
        return answer(found)
    }

    func pollChanged() throws(XenError) -> DomainState? {
        fetchCount += 1
        if let statesFail { throw XenError(statesFail, "domctl 90") }
        guard !changed.isEmpty else { return nil }
        let domain = changed.removeFirst()
        changed.removeAll { $0 == domain }
        if let found = domains[domain] { return answer(found) }
        return DomainState(domain: DomainID(domain), state: 0, capabilities: 0, uniqueID: 0)
    }

    private func answer(_ found: FakeDomain) -> DomainState {
        DomainState(
            domain: DomainID(found.domain), state: found.state, capabilities: found.capabilities,
            uniqueID: found.uniqueID)
    }
}

extension FakeXen: PortStates {
    func state(of port: EventPort) throws(XenError) -> PortState {
        if portStatesFail { throw XenError(.eperm, "EVTCHNOP_status") }
        guard let domain = bound[port.rawValue] else { return .closed }
        guard let domain else { return .other }
        guard let found = domains[domain], found.localPort == port.rawValue, !found.hasClosedPort else {
            return .unbound
        }
        return .interdomain(DomainID(domain))
    }

    func exists(_ domain: DomainID) -> Bool {
        existsCount += 1
        return domain == DomainID(0) || domains[domain.rawValue] != nil
    }
}
