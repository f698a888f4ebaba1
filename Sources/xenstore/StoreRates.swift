// What has happened between two looks, by the second: the server may have begun anew, and domains too.
// Not for: how it is shown (TopTable).

/// Two looks at a server, the later one and what it is compared with.
struct StoreRates: Equatable {
    /// The figures of now.
    let figures: StoreFigures
    private let before: StoreFigures?
    private let seconds: Double

    /// Compares a look with the one before, which was so many seconds ago; nil: there was none, and there are no rates.
    init(_ figures: StoreFigures, before: StoreFigures?, seconds: Double) {
        self.figures = figures
        self.before = before
        self.seconds = seconds
    }

    /// Whether there are rates.
    var hasRates: Bool { before != nil && seconds > 0 }

    /// A rate of the server's; nil when there are none.
    func rate(_ counter: String) -> Double? {
        rate(figures.counters[counter] ?? 0, isSameServer ? before?.counters[counter] ?? 0 : 0)
    }

    /// The rate of several counters of the server's together.
    func rate(_ counter: String, _ labels: [String]) -> Double? {
        if !hasRates { return nil }
        return labels.reduce(0) { $0 + (rate("\(counter) \($1)") ?? 0) }
    }

    /// A rate of a domain's; nil when there are none. A domain that was not there before has begun since.
    func rate(_ counter: String, of domain: UInt16) -> Double? {
        guard let own = figures.domains[domain] else { return nil }
        let old = isSameServer ? before?.domains[domain]?.counters[counter] ?? 0 : 0
        return rate(own.counters[counter] ?? 0, old)
    }

    /// Domains, those with the most requests by the second first, equals by their numbers.
    var domains: [UInt16] {
        figures.domains.keys.map { (domain: $0, rate: rate("requests", of: $0) ?? 0) }
            .sorted { $0.rate != $1.rate ? $0.rate > $1.rate : $0.domain < $1.domain }
            .map(\.domain)
    }

    /// All counters of a server that has begun anew count from 0.
    private var isSameServer: Bool { figures.uptime >= before?.uptime ?? .infinity }

    /// What has begun anew, a domain of the same number say, counts from 0 too.
    private func rate(_ now: UInt64, _ before: UInt64) -> Double? {
        hasRates ? Double(now < before ? now : now - before) / seconds : nil
    }
}
