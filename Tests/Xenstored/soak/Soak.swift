// A store, its clients, and a hypervisor of a few lines: what a random run plays on.
// Not for: which requests come (Soak+Requests), how domains live (Soak+Domains).

internal import XenstoreCore
internal import XenstoreWire

/// A client as the run sees it.
final class SoakClient {
    var id: ConnectionID
    /// Nil: a socket; 0: the control domain's ring.
    let domain: UInt16?
    var transactions: [UInt32] = []
    var watchCount = 0
    /// Replies and events are taken only when a part of the run ends.
    let isSlow: Bool
    /// Whether a message was taken that has not wholly gone.
    var isSending = false

    init(_ id: ConnectionID, domain: UInt16?, isSlow: Bool = false) {
        self.id = id
        self.domain = domain
        self.isSlow = isSlow
    }

    func forget() {
        transactions = []
        watchCount = 0
        isSending = false
    }
}

/// The run.
final class Soak {
    static var guestCount: UInt16 { 8 }
    /// A privileged connection's events at most (xenstored.md 4.6), and a guest's.
    static var eventLimits: (privileged: Int, guest: Int) { (65536, 1024) }

    let core: XenstoreCore
    let machine = SoakMachine()
    var chance: Chance
    var now: UInt64 = 1
    var clients: [SoakClient] = []
    /// By the core's number of the connection.
    var byIndex: [Int: SoakClient] = [:]
    var effects: [Effect] = []
    /// Introductions and commands that the daemon has not done yet.
    var delayed: [CoreEvent] = []
    var lastRequest: UInt32 = 0
    let words: SoakWords

    var answers: [String: Int] = [:]
    var life: [String: Int] = [:]
    var overLimits = 0
    var highest: StoreCounts
    let first: StoreCounts
    let firstMemory: Int

    init(seed: UInt64) {
        chance = Chance(seed: seed)
        words = SoakWords(&chance)
        let machine = machine
        core = XenstoreCore { machine.domains[$0] }
        first = core.counts
        firstMemory = core.memoryByteCount(of: 0)
        highest = first
        begin()
    }

    /// Clients connect, guests are built.
    func begin() {
        for number in 0..<6 { add(SoakClient(core.openSocket(), domain: nil, isSlow: number == 5)) }
        add(SoakClient(core.openControlRing(), domain: 0))
        _ = send(toolstack, .write, "/shared\0")
        _ = send(toolstack, .setPermissions, "/shared\0b0\0")
        for domain in 1...Self.guestCount { build(domain) }
    }

    var toolstack: SoakClient { clients[0] }

    func add(_ client: SoakClient) {
        clients.append(client)
        byIndex[client.id.index] = client
    }

    func run(_ operations: Int) {
        for _ in 0..<operations {
            step()
            if lastRequest & 63 == 0 { passTime() }
        }
    }

    private func step() {
        if chance.oneIn(512) { return live() }
        let client = chance.pick(clients)
        // What a daemon would not have read waits in the ring.
        if client.domain != nil, !core.mayRead(client.id, now: now) {
            drain(client)
        } else {
            request(client)
        }
    }

    private func passTime() {
        now += UInt64(chance.below(4))
        let events = delayed
        delayed.removeAll(keepingCapacity: true)
        for event in events { tell(event) }
        tick()
        for client in clients where !client.isSlow { drain(client) }
        note()
    }

    func tick() {
        core.tick(now: now, into: &effects)
        act()
    }

    private func note() {
        for client in clients {
            let limit = client.domain ?? 0 == 0 ? Self.eventLimits.privileged : Self.eventLimits.guest
            if core.waiting(client.id).events > limit + core.counts(of: client.domain ?? 0).watches { overLimits += 1 }
        }
        if lastRequest & 0xFFF != 0 { return }
        let counts = core.counts
        highest.nodes = max(highest.nodes, counts.nodes)
        highest.otherSlots = max(highest.otherSlots, counts.otherSlots)
        highest.watches = max(highest.watches, counts.watches)
        highest.trieNodes = max(highest.trieNodes, counts.trieNodes)
        highest.connections = max(highest.connections, counts.connections)
        highest.domains = max(highest.domains, counts.domains)
    }

    /// A request; its number tells which operation an error answers.
    func send(_ client: SoakClient, _ operation: XenstoreOperation, _ payload: [UInt8], in transaction: UInt32 = 0) {
        lastRequest &+= 1
        let header = XenstoreHeader(
            operation, requestID: operation.rawValue << 24 | lastRequest & 0xFF_FFFF, transactionID: transaction,
            payloadByteCount: UInt32(payload.count))
        core.handle(client.id, header, payload.span, now: now, into: &effects)
        act()
    }

    /// The same, and its answers are taken.
    func send(_ client: SoakClient, _ operation: XenstoreOperation, _ text: String) -> [UInt8] {
        send(client, operation, Array(text.utf8))
        return drain(client) ?? []
    }

    func tell(_ event: CoreEvent) {
        core.event(event, now: now, into: &effects)
        act()
    }

    /// Plays the daemon.
    private func act() {
        while !effects.isEmpty {
            let list = effects
            effects.removeAll(keepingCapacity: true)
            for effect in list { act(on: effect) }
        }
    }

    private func act(on effect: Effect) {
        switch effect {
        case .introduce(let domain, _):
            // A ring that can't be mapped, now and then, and a daemon that takes its time.
            let succeeded = machine.domains[domain] != nil && (machine.isReliable || !chance.oneIn(16))
            later(.introduced(domain: domain, succeeded: succeeded))
        case .control(let id, _): later(.controlled(id, .reply(Array("OK\0".utf8))))
        case .output(let id):
            guard let client = byIndex[id.index], !client.isSlow, !chance.oneIn(4) else { return }
            drain(client)
        case .unbind(let domain): forgetRing(of: domain)
        case .resumeReading, .log: break
        }
    }

    private func later(_ event: CoreEvent) {
        if machine.isReliable || !chance.oneIn(4) {
            core.event(event, now: now, into: &effects)
        } else {
            delayed.append(event)
        }
    }
}

/// The domains that exist, with their unique numbers.
final class SoakMachine {
    var domains: [UInt16: UInt64] = [:]
    var lastUniqueID: UInt64 = 0
    /// Each ring can be mapped, at once.
    var isReliable = true

    func start(_ domain: UInt16) {
        lastUniqueID += 1
        domains[domain] = lastUniqueID
    }
}
