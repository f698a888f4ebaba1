// What `xenstore top` shows of a server with guests: its own metrics, read by the tool.
// Not for: texts that no server of ours writes (FiguresTests of XenstoreToolTests).

import Testing
@testable import XenstoreServer
import XenstoreWire
@testable import xenstore

@Suite("A server with guests in xenstore top")
struct TopTests {
    private let bench: StoreBench
    private let socket: TestSocket

    init() throws {
        bench = try StoreBench(FakeXen(), time: 0)
        socket = try bench.connect()
        try bench.makeStandardState(socket)
    }

    /// What the tool reads at a time of the server.
    private func look(seconds: UInt64) throws -> StoreFigures {
        var page = MetricsPage()
        var text: [UInt8] = []
        while let slice = page.next(
            bench.core, rings: bench.server, now: seconds * 1000, uptimeMilliseconds: seconds * 1000, scrapes: 1)
        { text += slice }
        return try #require(StoreFigures(MetricsSample.all(text)))
    }

    /// A domain's line by titles.
    private func line(_ first: String, _ lines: [String]) throws -> [String: String] {
        func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }
        let titles = words(lines[TopTable.summaryLineCount])
        let line = try #require(lines.first { words($0).first == first })
        var words = words(line)
        // The fullest quota is two words, or a dash; the sum has none.
        let place = try #require(titles.firstIndex(of: "QUOTA"))
        if words.count > titles.count { words[place] += " " + words.remove(at: place + 1) }
        if words.count < titles.count { words.insert("", at: place) }
        try #require(words.count == titles.count)
        return Dictionary(uniqueKeysWithValues: zip(titles, words))
    }

    private func answers(_ guest: Guest, _ messages: Message...) throws -> [String] {
        try guest.send(messages.flatMap(\.bytes))
        return texts(try guest.messages())
    }

    /// Guest 1 comes into conflict once; its second watch is one too many.
    private func trouble() throws {
        let guest = Guest(1, bench)
        let begun = try #require(try answers(guest, Message(.transactionStart, "|")).first)
        let id = try #require(UInt32(begun.dropLast()))
        let path = "/local/domain/1/data"
        func inside(_ operation: XenstoreOperation, _ text: String) -> Message {
            var message = Message(operation, text)
            message.header.transactionID = id
            return message
        }
        #expect(try answers(guest, inside(.read, "\(path)|"), inside(.write, "\(path)/own|1")) == ["", "OK|"])
        #expect(texts(try bench.ask(socket, Message(.write, "\(path)|other"))) == ["OK|"])
        #expect(try answers(guest, inside(.transactionEnd, "T|")) == ["EAGAIN|"])
        #expect(texts(try bench.ask(socket, Message(.setQuota, "1|watches|1|"))) == ["OK|"])
        #expect(try answers(guest, Message(.watch, "/pub|t|")) == ["OK|", "event /pub|t|"])
        #expect(try answers(guest, Message(.watch, "\(path)|t|")) == ["ENOSPC|"])
    }

    @Test("conflicts, quota hits, refusals, what is fullest and rings that are not served stand at their domains")
    func guests() throws {
        let before = try look(seconds: 10)
        try trouble()
        #expect(try answers(Guest(2, bench), Message(.read, "/pub|"), Message(.read, "/sec|")) == ["pub", "EACCES|"])
        try Guest(3, bench).send(header(announcing: 4097))
        let now = try look(seconds: 12)
        let lines = TopTable(StoreRates(now, before: before, seconds: 2)).lines
        #expect(lines[0].hasPrefix("up 00:00:12, 4 domains, 4 connections, "))
        #expect(lines[0].hasSuffix(" nodes, 1 watches, 0 transactions"))
        #expect(
            lines[1] == "ops/s 5.0: reads 1.5, writes 1.0, watches 1.0, transactions 1.0, other 0.5; refused/s 1.5")
        #expect(
            lines[2] == "events/s 0.5, coalesced/s 0, folded/s 0; commits/s 0, conflicts/s 0.5; quota hits: watches 1")
        // The busiest first.
        #expect(lines[4...].map { $0.split(separator: " ").first } == ["1", "0", "2", "3", "all", "domain"])
        #expect(lines.last == "domain 3: its ring is not served (error 3)")
        let columns = ["OPS/S", "READ/S", "WRITE/S", "EVENT/S", "CONF/S", "WATCH", "TRANS", "QUOTA", "HITS", "REFUS/S"]
        for (domain, values) in [
            ("0", ["1.0", "0", "0.5", "0", "0", "0", "0", "-", "0", "0"]),
            ("1", ["3.0", "0.5", "0.5", "0.5", "0.5", "1", "0", "100% watches", "1", "1.0"]),
            ("2", ["1.0", "1.0", "0", "0", "0", "0", "0", "0% nodes", "0", "0.5"]),
            ("3", ["0", "0", "0", "0", "0", "0", "0", "0% nodes", "0", "0"]),
            ("all", ["5.0", "1.5", "1.0", "0.5", "0.5", "1", "0", "", "1", "1.5"]),
        ] {
            let line = try line(domain, lines)
            #expect(columns.map { line[$0] } == values, "\(domain)")
        }
        for (title, size) in [("NODES", "nodes"), ("MEMORY", "memory_bytes")] {
            for domain in 0...3 as ClosedRange<UInt16> {
                #expect(try line("\(domain)", lines)[title] == now.domains[domain]?.sizes[size].map { "\($0)" })
            }
            #expect(try line("1", lines)[title] != "0")
        }
    }
}
