// What one answer of the metrics endpoint says of the server and of each domain.
// Not for: rates, which take two of them (StoreRates).

/// The figures of a domain.
struct DomainFigures: Equatable {
    /// Sizes, by their names without `xenstored_domain_`: `nodes`.
    var sizes: [String: UInt64] = [:]
    /// Counters, by their names without `xenstored_domain_` and `_total`: `requests`.
    var counters: [String: UInt64] = [:]
    /// Quotas by their names; 0: unlimited.
    var quotas: [String: UInt64] = [:]

    /// What each quota limits.
    private static let limited = [
        ("nodes", "nodes"), ("watches", "watches"), ("transactions", "transactions"), ("memory", "memory_bytes"),
        ("outstanding", "outstanding"), ("watch-events", "queued_events"),
    ]

    /// The quota that is used most, and how much of it in percent; nil when none is limited.
    var fullest: (quota: String, percent: UInt64)? {
        var fullest: (quota: String, percent: UInt64)?
        for (quota, size) in Self.limited {
            guard let limit = quotas[quota], limit > 0, let used = sizes[size] else { continue }
            let percent = UInt64(min(Double(used) / Double(limit) * 100, 999_999))
            if percent > fullest?.percent ?? 0 || fullest == nil { fullest = (quota, percent) }
        }
        return fullest
    }
}

/// The figures of a server at a moment.
struct StoreFigures: Equatable {
    /// Seconds since it began to serve.
    var uptime = 0.0
    /// Sizes, by their names without `xenstored_`: `nodes`.
    var sizes: [String: UInt64] = [:]
    /// Counters, by their names without `xenstored_` and `_total`, with the label's value behind a blank where there is
    /// one: `requests READ`.
    var counters: [String: UInt64] = [:]
    /// The domains.
    var domains: [UInt16: DomainFigures] = [:]

    /// Reads an answer; nil when it is none of a Xenstore server.
    init?(_ samples: [MetricsSample]) {
        var isStore = false
        for sample in samples {
            guard let name = sample.name.without(prefix: "xenstored_") else { continue }
            if name == "uptime_seconds" {
                uptime = sample.value
                isStore = true
            } else if let own = name.without(prefix: "domain_"),
                let domain = sample.labels["domain"].flatMap({ UInt16($0) })
            {
                domains[domain, default: DomainFigures()].take(own, sample)
            } else if let counter = name.without(suffix: "_total") {
                let label = sample.labels.values.first
                counters[label.map { "\(counter) \($0)" } ?? counter] = sample.count
            } else if sample.labels.isEmpty {
                sizes[name] = sample.count
            }
        }
        if !isStore { return nil }
    }
}

extension DomainFigures {
    fileprivate mutating func take(_ name: String, _ sample: MetricsSample) {
        if name == "quota" {
            if let quota = sample.labels["quota"] { quotas[quota] = sample.count }
        } else if let counter = name.without(suffix: "_total") {
            counters[counter] = sample.count
        } else {
            sizes[name] = sample.count
        }
    }
}

extension String {
    fileprivate func without(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }

    fileprivate func without(suffix: String) -> String? {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil
    }
}
