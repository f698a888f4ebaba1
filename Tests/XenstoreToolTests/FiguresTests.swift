// Figures of the metrics endpoint, rates between two looks, and the table.

import Testing

@testable import xenstore

@Suite("Figures and rates of top")
struct FiguresTests {
    private static let answer = """
        # HELP xenstored_uptime_seconds Seconds since the server began to serve.
        # TYPE xenstored_uptime_seconds gauge
        xenstored_uptime_seconds 93784.250
        xenstored_nodes 1234
        xenstored_watches 210
        xenstored_transactions 3
        xenstored_connections 40
        xenstored_domains 2
        xenstored_requests_total{operation="READ"} 1000
        xenstored_requests_total{operation="WRITE"} 500
        xenstored_requests_total{operation="UNKNOWN"} 7
        xenstored_refusals_total{error="ENOENT"} 5
        xenstored_conflicts_total 4
        xenstored_quota_hits_total{quota="nodes"} 2
        xenstored_quota_hits_total{quota="watches"} 0
        xenstored_quota_default{quota="nodes"} 1000
        xenstored_domain_nodes{domain="0"} 1000
        xenstored_domain_nodes{domain="5"} 450
        xenstored_domain_watches{domain="5"} 10
        xenstored_domain_ring_error{domain="5"} 0
        xenstored_domain_quota{domain="5",quota="nodes"} 1000
        xenstored_domain_quota{domain="5",quota="watches"} 20
        xenstored_domain_quota{domain="5",quota="memory"} 0
        xenstored_domain_requests_total{domain="0"} 100
        xenstored_domain_requests_total{domain="5"} 1400
        xenstored_domain_quota_hits_total{domain="5"} 3

        """

    private func figures(_ text: String = answer) throws -> StoreFigures {
        try #require(StoreFigures(MetricsSample.all(Array(text.utf8))))
    }

    @Test("samples have names, labels and values; comments, times and what is no sample don't matter")
    func samples() {
        func read(_ line: String) -> String? {
            MetricsSample(line[...].utf8).map { sample in
                let labels = sample.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                return ([sample.name] + labels + ["\(sample.value)"]).joined(separator: " ")
            }
        }
        #expect(read("a 1") == "a 1.0")
        #expect(read("a{} 1.5 1700000000") == "a 1.5")
        #expect(read(#"a{x="1",y="\"\\\n"} 2"#) == "a x=1 y=\"\\\n 2.0")
        for line in ["", "# a 1", "a", "a{", "a{x", "a{x=", "a{x=1} 2", #"a{x="1 2"#, #"a{x="\"#, "a one", "{} 1"] {
            #expect(read(line) == nil)
        }
        #expect(MetricsSample("a -1"[...].utf8)?.count == 0)
        #expect(MetricsSample("a nan"[...].utf8)?.count == 0)
        #expect(MetricsSample("a 1e300"[...].utf8)?.count == 0)
        #expect(MetricsSample("a 18446744073709549568"[...].utf8)?.count == 18_446_744_073_709_549_568)
    }

    @Test("an answer is taken apart into the server's figures and the domains'; another program's is none")
    func answers() throws {
        let figures = try figures()
        #expect(figures.uptime == 93784.25)
        #expect(figures.sizes["nodes"] == 1234)
        #expect(figures.counters["requests READ"] == 1000 && figures.counters["conflicts"] == 4)
        #expect(figures.domains.keys.sorted() == [0, 5])
        #expect(figures.domains[5]?.sizes == ["nodes": 450, "watches": 10, "ring_error": 0])
        #expect(figures.domains[5]?.quotas == ["nodes": 1000, "watches": 20, "memory": 0])
        #expect(StoreFigures(MetricsSample.all(Array("node_load1 3\n".utf8))) == nil)
        #expect(StoreFigures([]) == nil)
    }

    @Test("the figures are asked beside the socket that the environment names, as the daemon has them")
    func source() {
        func path(_ variables: [String: String]) -> String { TopSource.ofHost { variables[$0] }.path }
        #expect(path([:]) == "/run/xenstored/metrics")
        #expect(path(["XENSTORED_RUNDIR": "", "XENSTORED_PATH": ""]) == "/run/xenstored/metrics")
        #expect(path(["XENSTORED_RUNDIR": "/r/x"]) == "/r/x/metrics")
        #expect(path(["XENSTORED_PATH": "/p/other.sock"]) == "/p/metrics")
        #expect(path(["XENSTORED_RUNDIR": "/r", "XENSTORED_PATH": "/p/socket"]) == "/p/metrics")
        #expect(path(["XENSTORED_PATH": "socket"]) == "./metrics" && path(["XENSTORED_PATH": "/s"]) == "/metrics")
    }

    @Test("the fullest quota is that with the largest share; unlimited ones have none")
    func fullest() throws {
        let domain = try #require(try figures().domains[5])
        #expect(domain.fullest.map { "\($0)" } == #"(quota: "watches", percent: 50)"#)
        #expect(DomainFigures().fullest == nil)
        var full = DomainFigures(sizes: ["nodes": .max], quotas: ["nodes": 1])
        #expect(full.fullest?.percent == 999_999)
        full.quotas = ["nodes": 0]
        #expect(full.fullest == nil)
    }

    /// Rates between two answers, of which `changes` says what differs in the later one.
    private func rates(seconds: Double = 2, _ change: (inout StoreFigures) -> Void) throws -> StoreRates {
        let before = try figures()
        var now = before
        now.uptime += seconds
        change(&now)
        return StoreRates(now, before: before, seconds: seconds)
    }

    @Test("a rate is what a counter has grown by, by the second; there is none at the first look")
    func plainRates() throws {
        let first = StoreRates(try figures(), before: nil, seconds: 0)
        #expect(first.rate("conflicts") == nil && first.rate("requests", of: 5) == nil && !first.hasRates)
        let rates = try rates { figures in
            figures.counters["conflicts"] = 10
            figures.counters["requests READ"] = 1100
            figures.domains[5]?.counters["requests"] = 1600
        }
        #expect(rates.rate("conflicts") == 3)
        #expect(rates.rate("requests", ["READ", "WRITE", "NONE"]) == 50)
        #expect(rates.rate("requests", of: 5) == 100)
        #expect(rates.rate("requests", of: 0) == 0)
        #expect(rates.rate("requests", of: 6) == nil)
        #expect(rates.domains == [5, 0])
    }

    @Test("a server that has begun anew counts from 0, whatever its counters say")
    func restart() throws {
        let rates = try rates { figures in
            figures.uptime = 1
            figures.counters["requests READ"] = 2000
            figures.domains[5]?.counters["requests"] = 1500
        }
        #expect(rates.rate("requests", ["READ"]) == 1000)
        #expect(rates.rate("requests", of: 5) == 750)
    }

    @Test("a domain that has begun anew, or is new, counts from 0; a counter that fell does too")
    func newDomains() throws {
        let rates = try rates { figures in
            figures.domains[5]?.counters["requests"] = 40
            figures.domains[6] = DomainFigures(counters: ["requests": 60])
            figures.counters["conflicts"] = 2
        }
        #expect(rates.rate("requests", of: 5) == 20)
        #expect(rates.rate("requests", of: 6) == 30)
        #expect(rates.rate("conflicts") == 1)
        #expect(rates.domains == [6, 5, 0])
    }

    @Test("two looks at one moment have no rates")
    func noTime() throws {
        #expect(try rates(seconds: 0) { _ in }.rate("conflicts") == nil)
    }

    @Test("the table: the server, a line a domain, busiest first, their sum; the control domain has no quota")
    func table() throws {
        let rates = try rates { figures in
            figures.domains[5]?.counters["requests"] = 1409
            figures.domains[5]?.sizes["ring_error"] = 3
            figures.counters["requests READ"] = 1009
            figures.counters["requests UNKNOWN"] = 9
        }
        #expect(
            TopTable(rates).lines == [
                "up 1d 02:03:06, 2 domains, 40 connections, 1234 nodes, 210 watches, 3 transactions",
                "ops/s 5.5: reads 4.5, writes 0, watches 0, transactions 0, other 1.0; refused/s 0",
                "events/s 0, coalesced/s 0, folded/s 0; commits/s 0, conflicts/s 0; quota hits: nodes 2",
                "DOM OPS/S READ/S WRITE/S EVENT/S CONF/S NODES WATCH TRANS       QUOTA HITS REFUS/S MEMORY",
                "  5   4.5      0       0       0      0   450    10     0 50% watches    3       0      0",
                "  0     0      0       0       0      0  1000     0     0           -    0       0      0",
                "all   4.5      0       0       0      0  1450    10     0                3       0      0",
                "domain 5: its ring is not served (error 3)",
            ])
    }

    @Test("before there are rates, their places have dashes")
    func firstTable() throws {
        let lines = TopTable(StoreRates(try figures(), before: nil, seconds: 0)).lines
        #expect(lines[1] == "ops/s -: reads -, writes -, watches -, transactions -, other -; refused/s -")
        #expect(lines[4].split(separator: " ").prefix(6) == ["0", "-", "-", "-", "-", "-"])
    }

    @Test("numbers are short")
    func numbers() {
        #expect(
            [0, 0.04, 0.05, 9.94, 9.95, 99999, 123_456, .infinity].map(TopTable.text) == [
                "0", "0", "0.1", "9.9", "10", "99999", "123k", "1E",
            ])
        #expect(TopTable.text(nil) == "-" && TopTable.text(.nan) == "0")
        #expect([0, 99_999, 100_000, 5_600_000, .max].map(TopTable.count) == ["0", "99999", "100k", "5.6M", "18E"])
        #expect(
            [0, 59, 3661, 86_400, -1, .infinity].map(TopTable.duration).prefix(5) == [
                "00:00:00", "00:00:59", "01:01:01", "1d 00:00:00", "00:00:00",
            ])
    }

    @Test("a screen has no more lines and columns than the terminal, and the footer in the last line")
    func screen() {
        let size = TerminalSize(rows: 4, columns: 5)
        let text = TopTable.screen(["1234567", "b", "c", "d"], titles: 1, size, footer: "quit with q")
        #expect(
            text == "\u{1B}[H12345\u{1B}[K\r\n\u{1B}[7mb\u{1B}[0m\u{1B}[K\r\n... 2\u{1B}[K\r\n"
                + "\u{1B}[J\u{1B}[4;1Hquit \u{1B}[K")
        for rows in 0...2 {
            let tiny = TopTable.screen(["a", "b"], titles: nil, TerminalSize(rows: rows, columns: 0), footer: "f")
            #expect(tiny.split(separator: "\r\n", omittingEmptySubsequences: false).count <= max(rows, 1))
        }
    }
}
