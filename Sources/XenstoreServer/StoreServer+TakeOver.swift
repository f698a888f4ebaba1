// A store and its clients from another program: what follows when its state was read (xenstored.md 13.4, 13.5, step 7).
// And what the program before does to the server for it.
// Not for: the state file.

internal import DaemonShell
internal import SystemCalls
internal import XenABI
internal import XenPlatform
public import XenstoreCore
internal import XenstoreWire

extension StoreServer {
    /// Serves all clients of a state that the core has just restored, with the effects of that. Call it when the event
    /// channels are watched. A client whose descriptor is none is ended; a ring that can't be mapped is ignored.
    public func takeOver(_ state: RestoredState, _ restored: [Effect]) {
        for line in state.lines { log.write(.warning, "live-update", line) }
        for client in state.clients {
            switch client.transport {
            case .socket(let number): takeOver(socket: number, client)
            case .ring(let domain, _, let port): takeOver(ring: domain, port, client)
            }
        }
        effects.append(contentsOf: restored)
        drain()
        askForAllDomains()
        log.write(.information, "live-update", "goes on", [("clients", "\(state.clients.count)")])
    }

    private func takeOver(socket number: Int32, _ client: StateClient) {
        do throws(SystemError) {
            let descriptor = try OwnedDescriptor.inherited(number)
            try adopt(socket: descriptor, as: client.id, input: client.input, output: client.output)
        } catch {
            log.write(.error, "live-update", "a connection was lost", [("error", error.description)])
            core.event(.connectionClosed(client.id), now: now, into: &effects)
            drain()
        }
    }

    private func takeOver(ring domain: UInt16, _ port: UInt32, _ client: StateClient) {
        var bound: BoundPort?
        do throws(XenError) {
            if port != 0 { bound = try platform?.inherited?.adopt(EventPort(port)) }
        } catch {
            note(.warning, "the channel of the ring can't be taken over: \(error)", domain)
        }
        let request = deliver(client)
        adopt(ring: domain, as: client.id, port: bound, request: request, response: client.output)
    }

    /// A ring has no place for whole requests: they are handled first. What is left is one that is not whole.
    private func deliver(_ client: StateClient) -> [UInt8] {
        var parser = XenstoreFrameParser()
        var offset = 0
        let bytes = client.input
        do throws(XenstoreFrameError) {
            while true {
                let isWhole: Bool? = try parser.next(in: bytes.span, at: &offset) { header, payload in
                    core.handle(client.id, header, payload, now: now, into: &effects)
                    return true
                }
                if isWhole == nil { return parser.unfinished }
            }
        } catch {
            // The ring finds out by itself.
            return Array(bytes[offset...])
        }
    }

    /// The page of the store domain's own ring.
    func mapOwnRing() -> (any RingMemory)? {
        guard let source = platform?.ownRing else { return nil }
        do throws(XenError) {
            let own = try source.ownRing()
            return MappedRing(own.pages)
        } catch {
            log.write(.error, "xen", "the store domain's own ring can't be mapped: \(error)")
            return nil
        }
    }

    /// Asks Xen for each known domain: what came about while nobody listened (13.5).
    func askForAllDomains() {
        guard let platform else { return }
        if domains.isIndirect {
            // A shutdown leaves no trace that could be asked for.
            core.someDomainChanged(now: now, into: &effects)
            drain()
            lookForDeaths()
        } else if let states = platform.states {
            for domain in core.knownDomains {
                do throws(XenError) {
                    tell(try states.state(of: DomainID(domain)))
                } catch {
                    if error.code != .esrch { continue }
                    core.event(.domainChanged(domain: domain, state: .absent), now: now, into: &effects)
                }
                drain()
            }
        }
        core.event(.batchEnd, now: now, into: &effects)
        drain()
    }

    // MARK: Before another program takes over

    /// All clients and descriptors as they go into a snapshot. Call it at rest (`whenAtRest`), when nobody is read.
    public var stateOutline: StateOutline {
        var outline = StateOutline()
        outline.listening = listeningDescriptor ?? -1
        outline.events = platform?.events.descriptor ?? -1
        outline.clients = servedClients.map { client in
            let transport: StateTransport
            switch client.kind {
            case .socket(let number): transport = .socket(descriptor: number)
            case .ring(let domain, let port, _, _):
                transport = .ring(domain: domain, target: nil, port: port?.rawValue ?? 0)
            }
            return StateClient(
                id: client.id, transport: transport, input: client.input, output: client.output,
                unfinishedByteCount: client.partByteCount)
        }
        return outline
    }

    /// Handles what was held back, so that it need not be carried.
    func settle() {
        core.settle(now: now, into: &effects)
        drain()
    }

    /// Ends all open transactions without their changes.
    func endTransactions() {
        core.endTransactions(now: now, into: &effects)
        drain()
    }

    /// Gives VIRQ_DOM_EXC up: the next program binds it.
    func releaseInterrupt() {
        if let port = domains.interruptPort { platform?.dispatcher.disconnect(port) }
        domains.end()
    }

    /// Binds VIRQ_DOM_EXC again, as there is no next program.
    func bindInterruptAgain() {
        guard let platform else { return }
        do throws(StoreStartError) {
            try domains.begin(storeDomain: core.storeDomain)
            if let port = domains.interruptPort { connectInterrupt(port, platform) }
        } catch {
            log.write(.error, "xen", error.description)
        }
        askForAllDomains()
    }
}
