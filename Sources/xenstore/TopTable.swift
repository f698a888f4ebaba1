// `xenstore top` as lines: the server above, a line for each domain, their sum below; and as a screen in one piece, so
// that nothing flickers.
// Not for: writing it anywhere.

/// One look, ready to be shown.
struct TopTable: Equatable {
    private let rates: StoreRates

    init(_ rates: StoreRates) { self.rates = rates }

    private static let reads = ["READ", "DIRECTORY", "DIRECTORY_PART", "GET_PERMS"]
    private static let writes = ["WRITE", "MKDIR", "RM", "SET_PERMS"]
    private static let watches = ["WATCH", "UNWATCH", "RESET_WATCHES"]
    private static let transactions = ["TRANSACTION_START", "TRANSACTION_END"]

    private static let titles = [
        "DOM", "OPS/S", "READ/S", "WRITE/S", "EVENT/S", "CONF/S", "NODES", "WATCH", "TRANS", "QUOTA", "HITS", "REFUS/S",
        "MEMORY",
    ]

    /// Lines: the server, titles, domains, their sum, rings that are not served. Not cut to any width.
    var lines: [String] { summary + table + rings }

    /// How many lines stand above the titles.
    static let summaryLineCount = 3

    private var summary: [String] {
        let figures = rates.figures
        func size(_ name: String) -> String { "\(figures.sizes[name] ?? 0)" }
        let operations = figures.counters.keys.filter { $0.hasPrefix("requests ") }.map { String($0.dropFirst(9)) }
        let named = Self.reads + Self.writes + Self.watches + Self.transactions
        func text(_ labels: [String]) -> String { Self.text(rates.rate("requests", labels)) }
        let refusals = figures.counters.keys.filter { $0.hasPrefix("refusals ") }.map { String($0.dropFirst(9)) }
        let hits = figures.counters.filter { $0.key.hasPrefix("quota_hits ") && $0.value > 0 }.sorted {
            $0.key < $1.key
        }
        .map { "\($0.key.dropFirst(11)) \($0.value)" }
        return [
            "up \(Self.duration(figures.uptime)), \(size("domains")) domains, \(size("connections")) connections, "
                + "\(size("nodes")) nodes, \(size("watches")) watches, \(size("transactions")) transactions",
            "ops/s \(text(operations)): reads \(text(Self.reads)), writes \(text(Self.writes)), "
                + "watches \(text(Self.watches)), transactions \(text(Self.transactions)), "
                + "other \(text(operations.filter { !named.contains($0) })); "
                + "refused/s \(Self.text(rates.rate("refusals", refusals)))",
            "events/s \(Self.text(rates.rate("events_sent"))), "
                + "coalesced/s \(Self.text(rates.rate("events_coalesced"))), "
                + "folded/s \(Self.text(rates.rate("events_folded"))); commits/s \(Self.text(rates.rate("commits"))), "
                + "conflicts/s \(Self.text(rates.rate("conflicts"))); quota hits: "
                + (hits.isEmpty ? "none" : hits.joined(separator: ", ")),
        ]
    }

    private var table: [String] {
        let domains = rates.domains
        let rows = [Self.titles] + domains.map(row) + [sum(domains)]
        let widths = Self.titles.indices.map { column in rows.reduce(0) { max($0, $1[column].count) } }
        return rows.map { row in
            var line = ""
            for (column, text) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - text.count)
                line += (column > 0 ? " " : "") + padding + text
            }
            return line
        }
    }

    private var rings: [String] {
        rates.figures.domains.sorted { $0.key < $1.key }.compactMap { domain, figures in
            guard let error = figures.sizes["ring_error"], error != 0 else { return nil }
            return "domain \(domain): its ring is not served (error \(error))"
        }
    }

    private func row(_ domain: UInt16) -> [String] {
        let figures = rates.figures.domains[domain] ?? DomainFigures()
        func rate(_ name: String) -> String { Self.text(rates.rate(name, of: domain)) }
        func size(_ name: String) -> String { Self.count(figures.sizes[name] ?? 0) }
        // The control domain has quotas as all have, and no request of its is held to them.
        let fullest = domain == 0 ? nil : figures.fullest
        return [
            "\(domain)", rate("requests"), rate("reads"), rate("writes"), rate("events_sent"), rate("conflicts"),
            size("nodes"), size("watches"), size("transactions"), fullest.map { "\($0.percent)% \($0.quota)" } ?? "-",
            Self.count(figures.counters["quota_hits"] ?? 0), rate("refusals"), size("memory_bytes"),
        ]
    }

    private func sum(_ domains: [UInt16]) -> [String] {
        func rate(_ name: String) -> String {
            Self.text(rates.hasRates ? domains.reduce(0) { $0 + (rates.rate(name, of: $1) ?? 0) } : nil)
        }
        func all(_ value: (DomainFigures) -> UInt64?) -> String {
            Self.count(rates.figures.domains.values.reduce(0) { $0 &+ (value($1) ?? 0) })
        }
        return [
            "all", rate("requests"), rate("reads"), rate("writes"), rate("events_sent"), rate("conflicts"),
            all { $0.sizes["nodes"] }, all { $0.sizes["watches"] }, all { $0.sizes["transactions"] }, "",
            all { $0.counters["quota_hits"] }, rate("refusals"), all { $0.sizes["memory_bytes"] },
        ]
    }

    /// A rate: "0", "0.4", "12", "34k"; "-" when it is not known.
    static func text(_ rate: Double?) -> String {
        guard let rate else { return "-" }
        if !(rate >= 0.05) { return "0" }
        if rate < 9.95 {
            let tenths = Int(rate * 10 + 0.5)
            return "\(tenths / 10).\(tenths % 10)"
        }
        return rate < 1e5 ? "\(Int(rate + 0.5))" : count(UInt64(min(rate, 1e18)))
    }

    /// A count in at most six characters: "99999", "123k", "5.6M".
    static func count(_ count: UInt64) -> String {
        if count < 100_000 { return "\(count)" }
        var scale: UInt64 = 1000
        for unit in ["k", "M", "G", "T", "P"] {
            let tenths = count / (scale / 10)
            if tenths < 100 { return "\(tenths / 10).\(tenths % 10)\(unit)" }
            if tenths < 10_000 { return "\(tenths / 10)\(unit)" }
            scale *= 1000
        }
        return "\(count / 1_000_000_000_000_000_000)E"
    }

    /// Days, hours, minutes and seconds: "3d 04:05:06".
    static func duration(_ seconds: Double) -> String {
        let whole = UInt64(min(max(seconds, 0), 1e15))
        func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(whole / 3600 % 24)):\(two(whole / 60 % 60)):\(two(whole % 60))"
        return whole < 86_400 ? clock : "\(whole / 86_400)d \(clock)"
    }
}

extension TopTable {
    /// All that a terminal needs to show lines: each is overwritten where it stands, the rest of the screen is cleared.
    /// `titles`: the line that is shown reversed. The last line is left for `footer`.
    static func screen(_ lines: [String], titles: Int?, _ size: TerminalSize, footer: String) -> String {
        let room = max(size.rows - 1, 0)
        var shown = lines
        if shown.count > room, room > 0 {
            shown = Array(lines.prefix(room - 1)) + ["... \(lines.count - room + 1) more lines"]
        }
        var text = "\u{1B}[H"
        for (index, line) in shown.prefix(room).enumerated() {
            let cut = String(line.prefix(size.columns))
            text += (index == titles ? "\u{1B}[7m\(cut)\u{1B}[0m" : cut) + "\u{1B}[K\r\n"
        }
        return text + "\u{1B}[J\u{1B}[\(max(size.rows, 1));1H" + footer.prefix(size.columns) + "\u{1B}[K"
    }
}
