// Rings: when they are served, how they are attached and let go (xenstored.md 8.6, 9.2).
// Not for: what Xen says of domains (StoreServer+Domains), the ring itself (GuestRing).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls
internal import XenABI
internal import XenPlatform
internal import XenstoreCore

extension StoreServer {
    /// The channel of a ring has fired. It stays masked until the round is over.
    func ringFired(_ client: StoreRing) {
        client.hasFired = true
        fired.append(client)
        enqueue(client)
    }

    func enqueue(_ client: StoreRing) {
        if client.isReady || client.isClosed { return }
        client.isReady = true
        line(up: .ring(client), servedLast: client.servedRound)
    }

    func touch(_ client: StoreRing) {
        // A turn that is under way sees for itself what there is to send.
        if client.isTouched || client.isClosed || client.isInTurn { return }
        client.isTouched = true
        touched.append(.ring(client))
        loop.stayAwake()
    }

    /// A turn of a ring: requests out of it, messages into it.
    func serve(_ client: StoreRing) {
        client.isReady = false
        client.servedRound = round
        let turn = self.turn(client, requestCountMax: TurnLimit.transactionRequestCount)
        // A turn that was over for others, and with it the ring's requests: whoever adds one tells of it.
        let hasMore = turn.wantsMore || client.wasCutShort && client.ring?.hasRequests == true
        guard hasMore, !client.isReady, !client.isClosed else { return }
        client.isReady = true
        line(up: .ring(client), servedLast: round)
    }

    /// Messages into a ring; nothing is read. True when the turn was cut short.
    @discardableResult
    func flush(_ client: StoreRing) -> Bool {
        client.isTouched = false
        let turn = turn(client, requestCountMax: 0)
        // Whatever is left, or comes: the guest has seen an index move and says nothing, and the core tells of output
        // only after it was once asked in vain.
        guard turn.wasCutShort, !client.isClosed else { return false }
        touch(client)
        return true
    }

    private func turn(_ client: StoreRing, requestCountMax: Int) -> RingTurn {
        guard let ring = client.ring, !client.isClosed, !client.isInTurn else { return RingTurn() }
        client.isInTurn = true
        defer { client.isInTurn = false }
        client.limit = TurnLimit()
        client.wasCutShort = false
        client.lookCount = 0
        client.lookTime = .now
        client.turnTime = now
        if !client.hasFired { return ring.turn(client, requestCountMax: requestCountMax) }
        client.hasFired = false
        return ring.wake(client, requestCountMax: requestCountMax)
    }

    /// What was under way on a ring is dropped: reconnected, or ignored from now on.
    func ringDropped(_ client: StoreRing, _ error: RingError?) {
        if client.isClosed { return }
        core.event(.connectionReset(client.id), now: now, into: &effects)
        if let error {
            note(.warning, "the ring is ignored: \(error.words)", client.domain)
            trace?.note("domain \(client.domain): ring ignored, error \(error.rawValue)")
        } else {
            trace?.note("domain \(client.domain) reconnects")
        }
        drain()
    }

    /// Lets the channels that have fired fire again, with one call; not yet those of rings that have their next turn
    /// without that.
    func unmaskFired() {
        if fired.isEmpty { return }
        let ports = fired.compactMap { $0.isReady ? nil : $0.channel.port }
        fired.removeAll { !$0.isReady || $0.isClosed }
        guard let platform, !ports.isEmpty else { return }
        do throws(XenError) {
            try platform.events.unmask(ports)
        } catch {
            log.write(fromGuest: .error, kind: "unmask", "xen", "\(error)")
        }
    }

    /// Does what an INTRODUCE asks for, and tells the core (9.2).
    func introduce(_ domain: UInt16, _ port: UInt32) {
        guard platform != nil else { return introduced(domain, true) }
        if let client = rings[domain] { return introduced(domain, attachAgain(client, port)) }
        guard let memory = mapRing(of: domain), let channel = bindChannel(to: domain, memory, port) else {
            return introduced(domain, false)
        }
        let ring = makeRing(domain, memory, channel)
        introduced(domain, true)
        if let id = core.ring(of: domain) { attach(domain, id, ring, channel) } else { channel.unbind() }
    }

    private func introduced(_ domain: UInt16, _ succeeded: Bool) {
        core.event(.introduced(domain: domain, succeeded: succeeded), now: now, into: &effects)
    }

    private func makeRing(_ domain: UInt16, _ memory: any RingMemory, _ channel: RingChannel) -> GuestRing {
        GuestRing(
            DomainID(domain), memory, channel, features: RingFeatures(rawValue: core.features(of: domain)))
    }

    /// Attaches the ring of a domain that is there at start, when grant 1 can be mapped and Xen has written a port
    /// (14.3, step 8).
    func attachFound(_ domain: UInt16) {
        guard rings[domain] == nil, let memory = mapRing(of: domain, isQuiet: true),
            GuestRing.port(on: memory) != nil, let channel = bindChannel(to: domain, memory, 0)
        else { return }
        let ring = makeRing(domain, memory, channel)
        let id = core.introduceFound(domain, now: now, into: &effects)
        if let id { attach(domain, id, ring, channel) } else { channel.unbind() }
        drain()
    }

    /// Serves a ring from now on.
    func attach(_ domain: UInt16, _ id: ConnectionID, _ ring: GuestRing, _ channel: RingChannel) {
        connect(placeRing(domain, id, ring, channel))
    }

    @discardableResult
    func placeRing(
        _ domain: UInt16, _ id: ConnectionID, _ ring: GuestRing?, _ channel: RingChannel
    ) -> StoreRing {
        let client = StoreRing(domain, id, ring, channel, self)
        rings[domain] = client
        place(.ring(client), id)
        trace?.note("connection \(id.index) begins, domain \(domain)")
        return client
    }

    func connect(_ client: StoreRing) {
        guard let port = client.channel.port else { return }
        platform?.dispatcher.connect(port, .byHandler, to: client)
        // What lies in the ring already has perhaps been told of before.
        enqueue(client)
    }

    func disconnect(_ client: StoreRing) {
        if let port = client.channel.port { platform?.dispatcher.disconnect(port) }
        client.channel.unbind()
    }

    /// INTRODUCE of an introduced domain: the channel and the page anew, the ring from its beginning. The channel goes
    /// first, as the guest's end of it may be the one that is to be bound again.
    private func attachAgain(_ client: StoreRing, _ port: UInt32) -> Bool {
        disconnect(client)
        guard let memory = mapRing(of: client.domain) else {
            client.ring?.fail(.channel, client)
            return false
        }
        client.ring?.close()
        client.ring = nil
        guard let channel = bindChannel(to: client.domain, memory, port) else {
            ignore(client, memory)
            return false
        }
        client.channel = channel
        client.ring = makeRing(client.domain, memory, channel)
        connect(client)
        return true
    }

    /// A page without a channel: ignored with error 1.
    func ignore(_ client: StoreRing, _ memory: any RingMemory) {
        guard let platform else { return }
        memory.store(0, to: .error)
        let features = RingFeatures(rawValue: core.features(of: client.domain))
        let ring = GuestRing(
            DomainID(client.domain), memory, RingChannel(unbound: platform.events), features: features,
            start: .continued(request: [], response: []))
        client.ring = ring
        ring.fail(.channel, client)
    }

    /// The domain is released or dead: page and port are freed.
    func detach(_ domain: UInt16) {
        guestLines.forget(domain)
        guard let client = rings.removeValue(forKey: domain) else { return }
        client.isClosed = true
        disconnect(client)
        client.ring?.close()
        client.ring = nil
        if case .ring(let other) = self.client(client.id), other === client { place(nil, client.id) }
        trace?.note("connection \(client.id.index) ends, domain \(domain)")
    }

    func mapRing(of domain: UInt16, isQuiet: Bool = false) -> (any RingMemory)? {
        guard let platform else { return nil }
        do throws(XenError) {
            return MappedRing(try platform.grants.mapGrant(DomainID(domain), GrantReference(1)))
        } catch {
            if !isQuiet { note(.warning, "the ring can't be mapped: \(error)", domain) }
            return nil
        }
    }

    /// Binds the port that Xen has written on the page, else the one that INTRODUCE has named.
    private func bindChannel(to domain: UInt16, _ memory: any RingMemory, _ port: UInt32) -> RingChannel? {
        guard let platform, !DomainID(domain).isReserved else { return nil }
        do throws(XenError) {
            let port = GuestRing.port(on: memory) ?? EventPort(port)
            return RingChannel(platform.events, try platform.events.bindInterdomain(DomainID(domain), port: port))
        } catch {
            note(.warning, "the channel of the ring can't be bound: \(error)", domain)
            return nil
        }
    }
}

extension RingError {
    var words: StaticString {
        switch self {
        case .channel: "its event channel is broken (error 1)"
        case .indices: "its indices are wrong (error 2)"
        case .messageTooLong: "a message is too long (error 3)"
        }
    }
}
