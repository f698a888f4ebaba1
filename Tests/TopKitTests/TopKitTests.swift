// What `corbel top` and `corbel servers` show: rates between two looks, order, table, screen, JSON, and pages that lie.

import StatisticsPage
import Testing

@testable import DaemonShell
@testable import TopKit

/// A page as it was found.
private func page(
    _ path: String = "/run/corbel/1.page", program: String = "SerialConsole", live: Bool = true, domain: UInt16 = 5,
    server: UInt16? = 0, published: UInt64 = 1, ranges: [RangeRecord] = [], rangeCount: UInt32? = nil,
    buckets: [Int: UInt64] = [:], _ change: (inout ServerRecord) -> Void = { _ in }
) throws -> FoundPage {
    var page = StatisticsEncoder(
        StatisticsProcess(program: program, processID: 12, started: 3, platform: .xen))
    if let server {
        var record = ServerRecord(
            domain: domain, id: server, state: .serving, isBuffered: false,
            rangeCount: rangeCount ?? UInt32(ranges.count))
        change(&record)
        var counts = [UInt64](repeating: 0, count: 256)
        for (index, count) in buckets { counts[index] = count }
        page.addDomain(domain, operationCount: 1) { _ in
            OperationRecord(operation: 5, count: 2, refused: 0, nanoseconds: 7)
        }
        page.addServer(record, buckets: counts)
        for range in ranges { page.addRange(range) }
    }
    page.seal(published: published)
    return FoundPage(path: path, isLive: live, page: try StatisticsSnapshot(page.bytes))
}

private let second: UInt64 = 1_000_000_000

@Suite struct SamplerTests {
    @Test func `The first look knows no rate but what was since the start`() throws {
        var sampler = TopSampler()
        let row = try #require(
            sampler.rows(
                of: [
                    try page(buckets: [30: 4]) {
                        $0.counters.requests = 4
                        $0.counters.reads = 1
                        $0.latencyCount = 4
                        $0.latencyTotal = 1000
                        $0.latencyMaximum = 1_000_000
                    }
                ], now: 5 * second
            ).first)
        #expect(row.requestsPerSecond == nil)
        #expect(row.readShare == 0.25)
        #expect(row.meanNanoseconds == 250)
        #expect(row.percentile99Nanoseconds == PageLayout.upperEnd(ofBucket: 30))
    }

    @Test func `Rates are those between two looks, by the time that the page was written`() throws {
        var sampler = TopSampler()
        _ = sampler.rows(of: [try page(published: second) { $0.counters.requests = 100 }], now: 2 * second)
        let later = try page(published: second * 9 / 4, buckets: [20: 10]) {
            $0.counters.requests = 350
            $0.counters.reads = 50
            $0.latencyCount = 10
            $0.latencyTotal = 5000
            $0.latencyMaximum = 10_000
        }
        let row = try #require(sampler.rows(of: [later], now: 3 * second).first)
        #expect(row.requestsPerSecond == 200)
        #expect(row.readShare == 0.2)
        #expect(row.meanNanoseconds == 500)
        #expect(row.percentile99Nanoseconds == PageLayout.upperEnd(ofBucket: 20))
    }

    @Test func `A page that was not written since tells of nothing`() throws {
        var sampler = TopSampler()
        _ = sampler.rows(of: [try page { $0.counters.requests = 100 }], now: second)
        let row = try #require(sampler.rows(of: [try page { $0.counters.requests = 100 }], now: 2 * second).first)
        #expect(row.requestsPerSecond == 0)
        #expect(row.readShare == nil && row.meanNanoseconds == nil && row.percentile99Nanoseconds == nil)
    }

    @Test func `A page that was quiet for long tells of the time since the last look`() throws {
        var sampler = TopSampler()
        _ = sampler.rows(of: [try page(published: 1)], now: 99 * second)
        let row = try #require(
            sampler.rows(of: [try page(published: 100 * second) { $0.counters.requests = 50 }], now: 100 * second)
                .first)
        #expect(row.requestsPerSecond == 50)
    }

    @Test func `A counter that went back is a new server without a rate`() throws {
        var sampler = TopSampler()
        _ = sampler.rows(of: [try page { $0.counters.requests = 100 }], now: second)
        let row = try #require(
            sampler.rows(of: [try page(published: second) { $0.counters.requests = 9 }], now: 2 * second).first)
        #expect(row.requestsPerSecond == nil)
        #expect(row.server?.counters.requests == 9)
    }

    @Test func `A process that was started anew has no rate at first`() throws {
        var sampler = TopSampler()
        _ = sampler.rows(of: [try page("a.page") { $0.counters.requests = 100 }], now: second)
        let pages = [try page("b.page") { $0.counters.requests = 500 }]
        #expect(try #require(sampler.rows(of: pages, now: 2 * second).first).requestsPerSecond == nil)
        #expect(try #require(sampler.rows(of: pages, now: 3 * second).first).requestsPerSecond == 0)
    }

    @Test func `Clocks and counters that lie make no crash`() throws {
        var sampler = TopSampler()
        _ = sampler.rows(of: [try page(published: .max) { $0.counters.requests = 1 }], now: .max)
        let liar = try page(published: 0, buckets: [0: .max, 255: .max]) {
            $0.counters = StatisticsCounters()
            $0.counters.requests = .max
            $0.counters.reads = .max
            $0.counters.malformed = .max
            $0.counters.failures = .max
            $0.latencyCount = .max
            $0.latencyTotal = .max
            $0.latencyMaximum = .max
        }
        for now in [0, UInt64.max, 1] {
            let rows = sampler.rows(of: [liar], now: now)
            let view = TopView(rows: rows, notes: [], order: .requests)
            #expect(view.lines.count == 2)
            #expect(view.json(folder: "/", now: now).hasPrefix("{"))
        }
    }

    @Test func `A process without a server is a row without numbers`() throws {
        var sampler = TopSampler()
        let rows = sampler.rows(of: [try page(server: nil)], now: 1)
        #expect(rows.count == 1 && rows.first?.server == nil)
        let line = try #require(TopView(rows: rows, notes: [], order: .requests).lines.last)
        #expect(line.split(separator: " ").prefix(6) == ["SerialConsole", "12", "-", "-", "no", "server"])
    }
}

@Suite struct OrderTests {
    private func rows() throws -> [TopRow] {
        var sampler = TopSampler()
        func pages(_ scale: UInt64) throws -> [FoundPage] {
            try ([("b", 7, 10), ("a", 9, 30), ("c", 5, 20)] as [(String, UInt16, UInt64)]).map {
                program, domain, requests in
                try page("\(program).page", program: program, domain: domain, published: scale * second) {
                    $0.counters.requests = scale * requests
                    $0.counters.unclaimed = requests % 20
                }
            }
        }
        _ = sampler.rows(of: try pages(1), now: second)
        return sampler.rows(of: try pages(2), now: 2 * second)
    }

    private func programs(_ order: TopOrder, reversed: Bool = false) throws -> String {
        order.sort(try rows(), reversed: reversed).map(\.process.program).joined()
    }

    @Test func `Names and ids ascend, numbers descend, and turn round when reversed`() throws {
        #expect(try programs(.program) == "abc")
        #expect(try programs(.program, reversed: true) == "cba")
        #expect(try programs(.domain) == "cba")
        #expect(try programs(.requests) == "acb")
        #expect(try programs(.requests, reversed: true) == "bca")
    }

    @Test func `Equals stay in the order of their domains`() throws {
        #expect(try programs(.errors) == "cba")
        #expect(try programs(.errors, reversed: true) == "cba")
        #expect(try programs(.unclaimed) == "bac")
    }

    @Test func `Every order has a key and a word of its own`() {
        #expect(Set(TopOrder.allCases.map(\.key)).count == TopOrder.allCases.count)
        #expect(!TopOrder.allCases.contains { $0.key == "q" })
    }

    @Test func `Keys choose the order, turn it round and quit`() throws {
        var look = TopLook(folder: "/nowhere", order: .requests) { _, _ in nil }
        func press(_ key: Character) -> Bool { look.press(key.asciiValue ?? 0) }
        let first = press("d")
        #expect(first && look.order == .domain && !look.isReversed)
        let again = press("d")
        #expect(again && look.order == .domain && look.isReversed)
        let other = press("m")
        #expect(other && look.order == .mean && !look.isReversed)
        let escape = look.press(0x1B)
        let noASCII = look.press(0xFF)
        #expect(escape && noASCII && look.order == .mean)
        let (quit, interrupt) = (press("q"), look.press(3))
        #expect(!quit && !interrupt)
    }
}

@Suite struct TextTests {
    @Test(
        arguments: [
            (0, "0ns"), (999, "999ns"), (1000, "1.0us"), (1949, "1.9us"), (1950, "2.0us"), (999_949, "999.9us"),
            (999_950, "1.0ms"), (13_149_000, "13.1ms"), (999_950_000, "1.0s"), (2_500_000_000, "2.5s"),
            (.max, "18446744073.7s"),
        ] as [(UInt64, String)])
    func `Durations have a fitting unit`(_ nanoseconds: UInt64, _ text: String) {
        #expect(shortDuration(nanoseconds) == text)
    }

    @Test(
        arguments: [
            (0, "0"), (999, "999"), (1000, "1.0k"), (9999, "9.9k"), (10_000, "10k"), (999_999, "999k"),
            (1_000_000, "1.0M"), (.max, "18.4E"),
        ] as [(UInt64, String)])
    func `Counts have five characters at most`(_ count: UInt64, _ text: String) {
        #expect(shortCount(count) == text)
    }

    @Test(
        arguments: [
            (0, "0"), (0.04, "0"), (0.35, "0.4"), (9.94, "9.9"), (9.96, "10"), (3412.4, "3412"), (2e6, "2.0M"),
            (.infinity, "18.4E"),
        ] as [(Double, String)])
    func `Rates are short`(_ rate: Double, _ text: String) {
        #expect(rateText(rate) == text)
    }

    @Test(
        arguments: [
            (0, 0x3F8, 0x3FF, "0x3f8-0x3ff"), (0, 0xE9, 0xE9, "0xe9"),
            (1, 0xF000_0000, 0xF000_0FFF, "mem 0xf0000000-0xf0000fff"), (2, 0x1_0218, 0x1_0218, "pci 0001:02:03.0"),
            (9, 1, 2, "type 9 0x1-0x2"), (2, .max, .max, "pci ffffffffffff:ff:1f.7"),
        ] as [(UInt32, UInt64, UInt64, String)])
    func `Ranges are short`(_ type: UInt32, _ start: UInt64, _ end: UInt64, _ text: String) {
        #expect(rangeText(RangeRecord(domain: 1, server: 0, type: type, start: start, end: end, device: "")) == text)
    }
}

@Suite struct ViewTests {
    private func view(_ notes: [String] = []) throws -> TopView {
        var sampler = TopSampler()
        let range = RangeRecord(domain: 5, server: 0, type: 0, start: 0x3F8, end: 0x3FF, device: "UART16550")
        let pages = [
            try page(ranges: [range], rangeCount: 3) { $0.counters.requests = 1234 },
            try page("d.page", program: "gone\u{1B}[2J", live: false, server: 1),
        ]
        return TopView(rows: sampler.rows(of: pages, now: 1), notes: notes, order: .requests)
    }

    @Test func `The table has a line for each server`() throws {
        #expect(
            try view(["note: x"]).lines == [
                "PROGRAM        PID  DOM  ID  STATE      REQ/S*  READS  MEAN  P99  TOTAL  UNCL  ERR  "
                    + "RANGES          DEVICE",
                "SerialConsole   12    5   0  serving         -     0%     -    -   1.2k     0    0  "
                    + "0x3f8-0x3ff +2  UART16550",
                "gone?[2J        12    5   1  left over       -      -     -    -      0     0    0  "
                    + "-               -",
                "note: x",
            ])
    }

    @Test func `A screen fits its terminal and is never cleared as a whole`() throws {
        let view = try view(["note: one", "note: two"])
        for (rows, columns) in [(24, 80), (3, 20), (2, 2), (1, 1), (0, 0), (500, 500)] {
            let screen = view.screen(rows: rows, columns: columns, footer: "q quits")
            #expect(!screen.contains("\u{1B}[2J"))
            #expect(screen.hasPrefix("\u{1B}[H"))
            #expect(screen.split(separator: "\r\n").count <= max(rows, 1))
            for line in screen.split(separator: "\r\n") {
                var visible = String(line)
                for mark in ["\u{1B}[H", "\u{1B}[7m", "\u{1B}[0m", "\u{1B}[K", "\u{1B}[J", "\u{1B}[\(max(rows, 1));1H"]
                {
                    visible = visible.split(separator: mark, omittingEmptySubsequences: true).joined()
                }
                #expect(visible.count <= columns, "\(rows) x \(columns): \(visible)")
            }
        }
        #expect(view.screen(rows: 4, columns: 80, footer: "").contains("... 3 more lines"))
    }

    @Test func `JSON is one line, and texts of pages can't break it`() throws {
        let json = try view(["a \"note\""]).json(folder: "/run/corbel", now: 7)
        #expect(!json.contains("\n") && !json.contains("\u{1B}"))
        #expect(
            json.hasPrefix("{\"folder\":\"/run/corbel\",\"nanoseconds\":7,\"servers\":[{\"program\":\"SerialConsole\""))
        #expect(json.contains("\"program\":\"gone\\u001b[2J\",\"pid\":12,\"live\":false"))
        #expect(json.contains("\"ranges\":[{\"type\":0,\"start\":1016,\"end\":1023,\"device\":\"UART16550\"}]"))
        #expect(json.contains("\"requests\":1234,"))
        #expect(json.contains("\"name\":\"set_ioreq_server_state\",\"number\":5,\"count\":2"))
        #expect(json.hasSuffix("\"notes\":[\"a \\\"note\\\"\"]}"))
    }

    @Test func `Numbers of JSON are numbers`() {
        #expect(jsonNumber(0.5) == "0.500")
        #expect(jsonNumber(12.3456) == "12.346")
        #expect(jsonNumber(.infinity) == "null")
        #expect(jsonNumber(.nan) == "null")
    }

    @Test func `A folder that is not there is an empty view that says so`() throws {
        var look = TopLook(folder: "/nowhere/corbel", order: .requests) { _, _ in nil }
        let view = try look.take()
        #expect(view.rows.isEmpty)
        #expect(view.lines.first?.hasPrefix("no process publishes in /nowhere/corbel") == true)
    }

    @Test func `A folder that can't be read is an error that names it`() {
        var look = TopLook(folder: "/dev/null", order: .requests) { _, _ in nil }
        #expect(throws: TopFailure.self) { _ = try look.take() }
    }
}

@Suite struct ServerListTests {
    private func servers() throws -> DomainServers {
        let pages = [
            try page("a.page", program: "live", server: 0), try page("b.page", program: "dead", live: false, server: 1),
        ]
        return DomainServers(ids: [0, 1, 2], domain: 5, among: pages)
    }

    @Test func `Each server is listed with its owner`() throws {
        #expect(
            try servers().lines == [
                "domain 5  server 0  live, process 12",
                "domain 5  server 1  left by dead, process 12, which is gone",
                "domain 5  server 2  unknown: QEMU's look the same",
            ])
        #expect(
            try servers().json == """
                {"domain":5,"servers":[{"id":0,"owner":"live","program":"live","pid":12},\
                {"id":1,"owner":"gone","program":"dead","pid":12},\
                {"id":2,"owner":"unknown","program":null,"pid":null}]}
                """)
        #expect(
            DomainServers(ids: [], domain: 5, among: []).lines == ["domain 5 has no ioreq servers of this domain's"])
    }

    @Test func `Only what a dead process of ours has left is destroyed without force`() throws {
        let servers = try servers()
        #expect(servers.refusal(toDestroy: 1, force: false) == nil)
        #expect(servers.refusal(toDestroy: 0, force: false)?.contains("in use by live, process 12") == true)
        #expect(servers.refusal(toDestroy: 2, force: false)?.contains("QEMU") == true)
        for id: UInt16 in 0...2 { #expect(servers.refusal(toDestroy: id, force: true) == nil) }
        #expect(servers.refusal(toDestroy: 3, force: true)?.contains("no ioreq server 3") == true)
    }
}
