// One answer of the metrics endpoint, made a slice at a time, so that no request waits for it: the server's families,
// then what is shown of each domain is noted, then the families of domains are written from the notes.
// Not for: sockets (MetricsEndpoint), names (MetricsPage+Families).

internal import XenstoreCore

/// An answer under way.
struct MetricsPage {
    /// Domains that are noted, or written of, in one slice.
    static var sliceCount: Int { 128 }

    private enum Step {
        case server
        /// The next of `domains` to note.
        case note(Int)
        /// The next family of domains, and the next row of it.
        case family(Int, row: Int)
        case end
    }

    private var step = Step.server
    private var domains: [UInt16] = []
    private var rows: [MetricsRow] = []
    private let families = DomainFamily.all

    /// The next slice of text, which may be empty; nil at the end.
    mutating func next(
        _ core: XenstoreCore, rings: (any RingReports)?, now: UInt64, uptimeMilliseconds: UInt64, scrapes: UInt64
    ) -> [UInt8]? {
        var text = MetricsText()
        switch step {
        case .server:
            text.putServer(
                core, uptimeMilliseconds: uptimeMilliseconds, isDirect: rings?.domainStateIsDirect == true,
                scrapes: scrapes)
            domains = core.knownDomains
            rows.reserveCapacity(domains.count)
            step = .note(0)
        case .note(let first): note(core, rings, first, now)
        case .family(let family, let row): put(family, row, &text)
        case .end: return nil
        }
        return text.bytes
    }

    /// Domains that have gone since are left out.
    private mutating func note(_ core: XenstoreCore, _ rings: (any RingReports)?, _ first: Int, _ now: UInt64) {
        let end = min(first + Self.sliceCount, domains.count)
        for domain in domains[first..<end] {
            guard let summary = core.summary(of: domain, now: now) else { continue }
            rows.append(MetricsRow(summary, ringError: rings?.ringReport(of: domain)?.error))
        }
        step = end < domains.count ? .note(end) : .family(0, row: 0)
    }

    private mutating func put(_ index: Int, _ first: Int, _ text: inout MetricsText) {
        let family = families[index]
        if first == 0 { text.family(family.name, family.kind, family.help) }
        let end = min(first + Self.sliceCount, rows.count)
        for row in rows[first..<end] {
            for sample in family.samples(row) {
                text.sample(family.name, domain: row.domain, quota: sample.quota, sample.value)
            }
        }
        if end < rows.count {
            step = .family(index, row: end)
        } else {
            step = index + 1 < families.count ? .family(index + 1, row: 0) : .end
        }
    }
}
