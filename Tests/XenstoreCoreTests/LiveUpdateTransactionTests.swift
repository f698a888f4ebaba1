// Open transactions, owners and domains over a live update (xenstored.md 13.4, 13.5).

import Testing
import XenstoreCore
import XenstoreWire

/// The same clients with a core that was restored from a transcript's.
private func updated(_ old: Transcript, _ outline: (inout StateOutline) -> Void = { _ in }) throws -> Transcript {
    var state = StateOutline()
    for (index, name) in old.clients.keys.sorted().enumerated() {
        guard let id = old.client(name) else { continue }
        state.clients.append(StateClient(id: id, transport: .socket(descriptor: Int32(index))))
    }
    for domain in 1...3 as ClosedRange<UInt16> {
        guard let id = old.core.ring(of: domain) else { continue }
        state.clients.append(StateClient(id: id, transport: .ring(domain: domain, target: nil, port: 7)))
    }
    outline(&state)
    let stream = try old.core.snapshot(state, now: old.now)
    return try restored(stream, old, old.clients.keys.sorted())
}

private func restored(_ stream: [UInt8], _ old: Transcript, _ names: [String]) throws -> Transcript {
    let machine = old.machine
    let core = XenstoreCore { machine.domains[$0] }
    var effects: [Effect] = []
    let state = try core.restore(stream, now: old.now, into: &effects)
    var clients: [String: ConnectionID] = [:]
    for client in state.clients {
        if case .socket(let number) = client.transport { clients[names[Int(number)]] = client.id }
    }
    return Transcript(core, machine, clients: clients, now: old.now)
}

@Suite("Transactions over a live update")
struct LiveUpdateTransactionTests {
    @Test("one without a conflict commits, another is doomed even when all is again as it was")
    func doomed() throws {
        let old = try verify(
            """
            S1> TRANSACTION_START |
            S1< 1|
            S1:1> READ /pub|
            S1< pub
            S1:1> WRITE /new|1
            S1< OK|
            S2> TRANSACTION_START |
            S2< 1|
            S2:1> READ /sec|
            S2< sec
            S2:1> WRITE /other|1
            S2< OK|
            S> WRITE /sec|changed
            S< OK|
            """)
        try verify(
            """
            S> WRITE /sec|sec
            S< OK|
            S2:1> READ /sec|
            S2< changed
            S2:1> READ /other|
            S2< 1
            S2:1> TRANSACTION_END T|
            S2< EAGAIN
            S1:1> READ /new|
            S1< 1
            S1:1> TRANSACTION_END T|
            S1< OK|
            S> READ /new|
            S< 1
            S> READ /other|
            S< ENOENT
            """, try updated(old))
    }

    @Test("a conflict that comes after the update is found")
    func laterConflict() throws {
        let old = try verify(
            """
            S1> TRANSACTION_START |
            S1< 1|
            S1:1> DIRECTORY /drop|
            S1< 
            S1:1> WRITE /new|1
            S1< OK|
            """)
        try verify(
            """
            S> WRITE /drop/x|
            S< OK|
            S1:1> TRANSACTION_END T|
            S1< EAGAIN
            """, try updated(old))
    }

    @Test("one that a quota has failed stays so, and a reader in conflict may end")
    func failed() throws {
        let old = try verify(
            """
            S> SET_QUOTA 1|nodes|1|
            S< OK|
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> WRITE data/x|
            D1< ENOSPC
            S1> TRANSACTION_START |
            S1< 1|
            S1:1> READ /pub|
            S1< pub
            S> WRITE /pub|new
            S< OK|
            """)
        try verify(
            """
            D1:1> TRANSACTION_END T|
            D1< ENOMEM
            S1:1> TRANSACTION_END T|
            S1< OK|
            """, try updated(old))
    }

    @Test("without its record a transaction is not there afterwards")
    func withoutLog() throws {
        let old = try verify(
            """
            S1> TRANSACTION_START |
            S1< 1|
            """)
        let stream = try updated(old) { $0.carriesTransactions = false }
        try verify(
            """
            S1:1> TRANSACTION_END T|
            S1< ENOENT
            """, stream)
        // A stream that names it and says no more of it.
        let records: [StateRecord] = [
            .connection(StateConnection(id: 1, transport: .socket(descriptor: 0))),
            .transaction(connection: 1, id: 5), root, .end,
        ]
        try verify(
            """
            S1:5> TRANSACTION_END T|
            S1< ENOENT
            """, try restored(written(records), old, ["S1"]))
    }

    private let root = StateRecord.node(StateNode(path: bytes("/"), entries: [StateEntry(.none, domain: 0)]))

    private func pending(_ access: UInt16, _ path: String, _ value: String, _ entries: [StateEntry]) -> StateRecord {
        .node(
            StateNode(
                connection: 1, transaction: 5, path: bytes(path), value: bytes(value), access: access, entries: entries)
        )
    }

    /// A store with `/a` = `1` and `/b`, and a transaction of C's daemon.
    private func pendingStore(_ nodes: [StateRecord]) throws -> Transcript {
        let owner = [StateEntry(.none, domain: 0)]
        let start: [StateRecord] = [
            .connection(StateConnection(id: 1, transport: .socket(descriptor: 0))), .transaction(connection: 1, id: 5),
        ]
        let store: [StateRecord] = [
            root, .node(StateNode(path: bytes("/a"), value: bytes("1"), entries: owner)),
            .node(StateNode(path: bytes("/b"), entries: owner)), .end,
        ]
        return try restored(written(start + nodes + store), Transcript(), ["S1"])
    }

    @Test("what C's daemon had pending is written, removed, and held against what was read")
    func pendingNodes() throws {
        let owner = [StateEntry(.none, domain: 0)]
        let nodes = [
            pending(1, "/a", "1", owner), pending(2, "/c", "new", [StateEntry(.read, domain: 0)]),
            pending(0, "/b", "", []),
        ]
        try verify(
            """
            S1:5> READ /c|
            S1< new
            S1:5> TRANSACTION_END T|
            S1< OK|
            S1> READ /c|
            S1< new
            S1> GET_PERMS /c|
            S1< r0|
            S1> READ /b|
            S1< ENOENT
            """, try pendingStore(nodes))
        try verify(
            """
            S> WRITE /a|2
            S< OK|
            S1:5> TRANSACTION_END T|
            S1< EAGAIN
            """, try pendingStore(nodes))
        try verify(
            """
            S1:5> TRANSACTION_END T|
            S1< EAGAIN
            S> READ /c|
            S< ENOENT
            """, try pendingStore([pending(1, "/a", "0", owner), pending(2, "/c", "", owner)]))
    }

    @Test("transactions can be ended for a program that can't carry them")
    func ended() throws {
        let old = try verify(
            """
            S1> TRANSACTION_START |
            S1< 1|
            D2> TRANSACTION_START |
            D2< 1|
            """)
        #expect(old.core.domainsWithTransactions == [0, 2])
        var effects: [Effect] = []
        old.core.endTransactions(now: old.now, into: &effects)
        #expect(old.core.domainsWithTransactions == [])
        #expect(old.core.counts(of: 2).transactions == 0)
        try verify(
            """
            D2:1> TRANSACTION_END T|
            D2< ENOENT
            """, old)
    }
}

@Suite("Domains over a live update")
struct LiveUpdateDomainTests {
    @Test("an entry of a domain that was not there stays stale, one of a domain that has died is gone")
    func stale() throws {
        let old = try verify(
            """
            S> SET_PERMS /pub|n0|r9|r3|
            S< OK|
            Xen dead 3
            batch
            S> GET_PERMS /pub|
            S< n0|r9|
            """)
        let new = try updated(old)
        try verify(
            """
            Xen starts 9
            Xen starts 3
            S> GET_PERMS /pub|
            S< n0|r9|
            S> INTRODUCE 9|1|1|
            S< OK|
            S> INTRODUCE 3|1|1|
            S< OK|
            D9> READ /pub|
            D9< EACCES
            D3> READ /pub|
            D3< EACCES
            """, new)
    }

    @Test("targets, features and quotas are those of before")
    func settings() throws {
        let old = try verify(
            """
            S> SET_FEATURE 4|6|
            S< OK|
            S> SET_QUOTA 2|watches|1|
            S< OK|
            S> SET_QUOTA nodes|77|
            S< OK|
            S> SET_TARGET 3|1|
            S< OK|
            """)
        try verify(
            """
            S> GET_FEATURE 4|
            S< 6|
            S> GET_QUOTA 2|watches|
            S< 1|
            S> GET_QUOTA nodes|
            S< 77|
            D2> WATCH /|t|
            D2< OK|
            D2! / t
            D2> WATCH /|u|
            D2< ENOSPC
            D3> WRITE /local/domain/1/data|stub
            D3< OK|
            D2> READ /local/domain/1/data|
            D2< EACCES
            Xen dead 1
            batch
            D3> READ /local/domain/1/data|
            D3< EACCES
            """, try updated(old))
    }

    @Test("who asked for the update has its answer among the bytes to be sent, others' commands are to be asked again")
    func answers() throws {
        let core = XenstoreCore { $0 < 8 ? UInt64($0) + 100 : nil }
        let asker = core.openSocket()
        let other = core.openSocket()
        var effects: [Effect] = []
        let payload = bytes("live-update|-s|")
        for id in [asker, other] {
            let header = XenstoreHeader(.control, requestID: 3, payloadByteCount: UInt32(payload.count))
            core.handle(id, header, payload.span, now: 1, into: &effects)
        }
        var outline = StateOutline()
        outline.asker = asker
        outline.clients = [asker, other].enumerated().map {
            StateClient(id: $1, transport: .socket(descriptor: Int32($0)))
        }
        let stream = try core.snapshot(outline, now: 1)
        let next = Transcript(Transcript().core, Transcript.Machine(), clients: [:], now: 1)
        let new = try restored(stream, next, ["S1", "S2"])
        try verify(
            """
            S1< OK|
            S1.
            S2< EAGAIN
            S2.
            """, new)
        // Nothing has changed for those who go on here.
        core.event(.controlled(asker, .reply(bytes("OK|"))), now: 1, into: &effects)
        #expect(core.takeMessage(asker) != nil)
    }
}
