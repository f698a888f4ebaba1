// Random requests, an update in the middle, and on: the store that was restored writes the same stream, and does the
// same as the one that goes on without an update (xenstored.md 13).

import Testing
import XenstoreCore
import XenstoreWire

/// A store that goes on, and one that took over from it.
private struct Twins {
    let old: Transcript
    var new: Transcript?
    var chance: Chance
    /// Open transactions of each client, with their numbers in either store.
    var open: [String: (old: UInt32, new: UInt32)] = [:]
    var history: [String] = []
    let names = ["S1", "S2", "D1", "D2", "D3"]

    init(seed: UInt64) {
        chance = Chance(state: seed)
        old = .prepared()
        for name in names { _ = old.client(name) }
        old.send("S1", 0, "SET_TARGET 3|1|")
        old.send("S1", 0, "SET_PERMS /|b0|")
        _ = old.drain("S1")
    }

    mutating func path() -> String {
        let first = chance.pick(["", "/pub", "/drop", "/local/domain/1/data", "/local/domain/2/data", "data"])
        var path = first
        for _ in 0...chance.below(2) { path += "/" + chance.pick(["a", "b", "c"]) }
        return path.hasPrefix("/") ? path : "data/" + chance.pick(["a", "b"])
    }

    mutating func request(_ name: String) -> String {
        switch chance.below(15) {
        case 0...2: return "WRITE \(path())|\(chance.below(4))"
        case 3: return "MKDIR \(path())|"
        case 4: return "RM \(path())|"
        case 5: return "READ \(path())|"
        case 6: return "DIRECTORY \(path())|"
        case 7: return "GET_PERMS \(path())|"
        case 8:
            let owner = name.hasPrefix("D") ? String(name.dropFirst()) : "\(chance.below(4))"
            let entries = ["r1|", "b2|", "w9|", "n3|r32757|", "b32757|", ""]
            return "SET_PERMS \(path())|\(chance.pick(["n", "r", "b"]))\(owner)|\(chance.pick(entries))"
        case 9, 10:
            let path = chance.pick([path(), "/", "@releaseDomain", "@introduceDomain", "data"])
            let depth = chance.below(3) == 0 ? "\(chance.below(3))|" : ""
            return "WATCH \(path)|\(chance.pick(["t", "u"]))|\(depth)"
        case 11: return "UNWATCH \(path())|t|"
        case 12 where name.hasPrefix("S"):
            return "SET_QUOTA \(chance.pick(["1|", "2|", ""]))nodes|\(10 + chance.below(30))|"
        case 13 where name.hasPrefix("S"): return "IS_DOMAIN_INTRODUCED \(chance.below(5))|"
        default: return "READ \(path())|"
        }
    }

    /// A step of both; what both have to say about it.
    mutating func step() throws {
        for transcript in [old, new].compactMap(\.self) { transcript.tick(25) }
        let name = chance.pick(names)
        switch chance.below(12) {
        case 0 where open[name] == nil: start(name)
        case 1:
            if let numbers = open.removeValue(forKey: name) {
                send(name, numbers, "TRANSACTION_END \(chance.below(4) == 0 ? "F" : "T")|")
            }
        case 2...6: send(name, open[name] ?? (0, 0), request(name))
        default: send(name, (0, 0), request(name))
        }
        if new != nil || chance.below(3) > 0 { try compare() }
    }

    private mutating func start(_ name: String) {
        func id(_ transcript: Transcript) -> UInt32 {
            transcript.send(name, 0, "TRANSACTION_START |")
            var id: UInt32 = 0
            while let message = transcript.take(name) {
                if message.kind == "<" { id = UInt32(shown(message.text).dropLast()) ?? 0 }
            }
            return id
        }
        history.append("\(name)> TRANSACTION_START")
        let number = id(old)
        open[name] = (number, new.map(id) ?? number)
    }

    private mutating func send(_ name: String, _ numbers: (old: UInt32, new: UInt32), _ text: String) {
        history.append("\(name):\(numbers.old)> \(text)")
        old.send(name, numbers.old, text)
        new?.send(name, numbers.new, text)
    }

    private func compare() throws {
        for name in names {
            let found = old.drain(name)
            guard let new else { continue }
            let other = new.drain(name)
            if found != other { try fail("\(name): \(other), should be \(found)") }
        }
    }

    func fail(_ text: String) throws {
        throw TranscriptError(description: text + "\n" + history.suffix(60).joined(separator: "\n"))
    }

    /// Ends those that were carried: from now on they would see the store as of the update, which the old one's do not.
    mutating func endTransactions() throws {
        try compare()
        for name in names {
            guard let numbers = open.removeValue(forKey: name) else { continue }
            send(name, numbers, "TRANSACTION_END \(chance.below(4) == 0 ? "F" : "T")|")
            try compare()
        }
    }

    private func outline(_ transcript: Transcript, _ clients: [StateClient]) -> StateOutline {
        var outline = StateOutline()
        outline.listening = 3
        outline.clients = clients
        return outline
    }

    /// The update: some bytes of S1's next message have gone, some of its next request have come.
    mutating func update() throws {
        history.append("--- update")
        var clients: [StateClient] = []
        for (index, name) in names.enumerated() {
            guard let id = old.client(name) else { continue }
            let domain = UInt16(name.dropFirst()) ?? 0
            let isRing = name.hasPrefix("D")
            let transport: StateTransport =
                isRing
                ? .ring(domain: domain, target: nil, port: 40 + UInt32(domain)) : .socket(descriptor: Int32(index + 7))
            clients.append(StateClient(id: id, transport: transport, input: [UInt8(index)]))
        }
        if let message = clients.first.flatMap({ old.core.takeMessage($0.id) }) {
            clients[0].output = Array(message.dropFirst(5))
            clients[0].unfinishedByteCount = message.count - 5
        }
        let stream = try old.core.snapshot(outline(old, clients), now: old.now)
        let machine = old.machine
        let core = XenstoreCore { machine.domains[$0] }
        var effects: [Effect] = []
        let state = try core.restore(stream, now: old.now, into: &effects)
        if !state.lines.isEmpty { try fail("\(state.lines)") }
        var named: [String: ConnectionID] = [:]
        for client in state.clients {
            switch client.transport {
            case .ring(let domain, _, _): named["D\(domain)"] = client.id
            case .socket(let descriptor): named[names[Int(descriptor) - 7]] = client.id
            }
        }
        let again = try core.snapshot(outline(old, state.clients), now: old.now)
        if again != stream { try fail("the stream of the restored store differs: \(difference(stream, again))") }
        try compareCounts(core)
        new = Transcript(core, machine, clients: named, now: old.now)
        // What was sent in part is sent to its end, by whoever has the bytes.
        if !clients[0].output.isEmpty { old.core.messageSent(clients[0].id) }
    }

    private func difference(_ one: [UInt8], _ other: [UInt8]) -> String {
        guard var first = try? StateReader(one), var second = try? StateReader(other) else { return "header" }
        while let record = try? first.next() {
            let also = try? second.next()
            if record != also { return "\(record)\n\(String(describing: also))" }
        }
        return "end"
    }

    /// Counts are computed: the same as before. Those of the store domain are charged for what was sent in part.
    private func compareCounts(_ core: XenstoreCore) throws {
        for domain in 1...3 as ClosedRange<UInt16> {
            let counts = (old.core.counts(of: domain), core.counts(of: domain))
            if counts.0 != counts.1 || old.core.nodeCount(of: domain) != core.nodeCount(of: domain) {
                try fail("domain \(domain): \(counts)")
            }
        }
        let summaries = (old.core.stateSummary(clientCount: 5), core.stateSummary(clientCount: 5))
        if summaries.0 != summaries.1 { try fail("\(summaries)") }
    }
}

@Suite("A store after a live update")
struct LiveUpdateRandomTests {
    @Test("writes the stream that it was read from, and does as the store would without it", arguments: 1...60)
    func random(seed: UInt64) throws {
        var twins = Twins(seed: seed)
        for _ in 0..<120 { try twins.step() }
        try twins.update()
        try twins.endTransactions()
        for _ in 0..<120 { try twins.step() }
    }

    @Test("a chain of 1500 levels is written and read, its memory counted as before")
    func deep() throws {
        let transcript = Transcript.prepared()
        let path = String(repeating: "/a", count: 1500)
        transcript.send("S", 0, "WRITE \(path)|deep")
        _ = transcript.drain("S")
        var outline = StateOutline()
        outline.clients = []
        let stream = try transcript.core.snapshot(outline, now: 1)
        let machine = transcript.machine
        let core = XenstoreCore { machine.domains[$0] }
        var effects: [Effect] = []
        _ = try core.restore(stream, now: 1, into: &effects)
        #expect(core.stateSummary(clientCount: 0).treeHash == transcript.core.stateSummary(clientCount: 0).treeHash)
        #expect(core.nodeCount(of: 0) == transcript.core.nodeCount(of: 0))
        #expect(core.memoryByteCount(of: 0) == transcript.core.memoryByteCount(of: 0))
        #expect(core.memoryByteCount(of: 1) == transcript.core.memoryByteCount(of: 1))
    }
}
