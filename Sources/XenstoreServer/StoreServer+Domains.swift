// What Xen says of domains, told to the core; and the beginning of a server that has Xen (xenstored.md 9.3, 9.6,
// 14.3).
// Not for: what follows from a domain's end (XenstoreCore).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls
internal import XenABI
internal import XenPlatform
internal import XenstoreCore

/// The event channels' descriptor, and the interrupt that tells of domains.
final class EventWatch: DescriptorHandler, PortHandler {
    private unowned let server: StoreServer

    init(_ server: StoreServer) { self.server = server }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) { server.takeEvents() }

    func portFired(_ port: EventPort) { server.domainsChanged() }
}

extension StoreServer {
    /// Binds VIRQ_DOM_EXC, attaches the own ring and those of all domains that are there (xenstored.md 14.3, steps 5
    /// to 8), and watches the event channels from now on. Does nothing without Xen.
    public func begin() throws(StoreStartError) {
        guard let platform else { return }
        try watchEvents()
        if let source = platform.ownRing { try attachOwnRing(source) }
        for state in domains.present where state.exists && !state.isDying && !state.isDead {
            let domain = state.domain.rawValue
            if domain != core.storeDomain { attachFound(domain) }
        }
    }

    /// The part of `begin` that a program does too which takes over from another one: the interrupt and the event
    /// channels, no rings.
    public func watchEvents() throws(StoreStartError) {
        guard let platform else { return }
        try domains.begin(storeDomain: core.storeDomain)
        if domains.isIndirect { log.write(.warning, "xen", DomainLookup.indirectText) }
        let handler = EventWatch(self)
        if let port = domains.interruptPort { connectInterrupt(port, platform) }
        do throws(SystemError) {
            eventWatch = try loop.watch(platform.events.descriptor, handler)
        } catch {
            throw StoreStartError("event channels can't be waited for: \(error)")
        }
    }

    /// Has VIRQ_DOM_EXC lead to a batch of changes.
    func connectInterrupt(_ port: EventPort, _ platform: StorePlatform) {
        platform.dispatcher.connect(port, .afterHandler, to: EventWatch(self))
    }

    /// The ring of the domain that the daemon runs in (8.7).
    private func attachOwnRing(_ source: any OwnRingSource) throws(StoreStartError) {
        guard let platform else { return }
        let domain = core.storeDomain
        do throws(XenError) {
            let own = try source.ownRing()
            let port = own.port
            let memory = MappedRing(own.pages)
            let channel = RingChannel(
                platform.events, try platform.events.bindInterdomain(DomainID(domain), port: port))
            let id = domain == core.controlDomain ? core.openControlRing() : core.openSocket()
            attach(domain, id, GuestRing(DomainID(domain), memory, channel, start: .own), channel)
        } catch {
            throw StoreStartError("the store domain's own ring can't be attached: \(error)")
        }
    }

    /// Ports have fired. Each fires once until the round is over, so that there is an end.
    func takeEvents() {
        do throws(XenError) {
            while try platform?.dispatcher.process() == true {}
        } catch {
            log.write(fromGuest: .error, kind: "events", "xen", "\(error)")
        }
    }

    /// VIRQ_DOM_EXC: one batch (9.3).
    func domainsChanged() {
        if domains.isIndirect {
            core.someDomainChanged(now: now, into: &effects)
            drain()
            lookForDeaths()
        } else {
            fetchChanges()
        }
        core.event(.batchEnd, now: now, into: &effects)
        drain()
    }

    private func fetchChanges() {
        do throws(XenError) {
            while let state = try domains.nextChanged() {
                tell(state)
                drain()
            }
            hasFetchFailed = false
        } catch {
            // Once, and again when it has worked in between: it would be said for each domain that comes or goes.
            if !hasFetchFailed { log.write(.error, "xen", "domain states can't be fetched: \(error)") }
            hasFetchFailed = true
        }
    }

    /// The state of a domain, for the table of 9.5.
    func tell(_ state: XenABI.DomainState) {
        let (domain, id) = (state.domain.rawValue, state.uniqueID)
        let event: CoreEvent
        if state.isDead {
            event = .domainChanged(domain: domain, state: .dead(uniqueID: id))
        } else if state.isDying {
            event = .domainChanged(domain: domain, state: .dying(uniqueID: id))
        } else if state.isShutDown {
            event = .domainChanged(domain: domain, state: .shutDown(uniqueID: id))
        } else if state.exists {
            event = .domainChanged(domain: domain, state: .exists(uniqueID: id))
        } else {
            event = .domainChanged(domain: domain, state: .absent)
        }
        core.event(event, now: now, into: &effects)
    }
}
