// What the core knows of a domain (xenstored.md 9.1), and its counts.
// Not for: its life (XenstoreCore+Life).

/// A domain that was introduced, or named while it existed.
final class DomainRecord {
    let domain: UInt16
    /// Tells this domain from others that had or will have its number.
    let epoch: UInt64
    /// Xen's own number of the domain; 0: not known.
    var uniqueID: UInt64
    var quotas: QuotaSet
    /// Bits of xenstored.md 8.2.
    var features: UInt32 = 15
    var isIntroduced = false
    var hasReportedShutdown = false
    /// The connection of its ring while it is introduced.
    var connection: ConnectionID?

    /// Nodes that it owns, of the store, for its death and as their count.
    var nodes = OwnedNodes()
    /// Bytes that the quota `memory` counts (xenstored.md 7.2).
    var memoryByteCount = 0
    var watchCount = 0
    var transactionCount = 0
    /// Quotas that were hit, and when that was last said.
    var hits: [Quota: QuotaHits] = [:]
    /// What it has done, and its highest counts.
    var statistics = StoreStatistics()
    var maxima = QuotaMaxima()
    /// Credit for breaking others' transactions and for its own commits, in thousandths (xenstored.md 5.7), and when
    /// that was.
    var credit = 10_000
    var creditTime: UInt64 = 0

    init(domain: UInt16, epoch: UInt64, uniqueID: UInt64, quotas: QuotaSet) {
        self.domain = domain
        self.epoch = epoch
        self.uniqueID = uniqueID
        self.quotas = quotas
    }

    /// The credit at a time: it grows by 20 per second up to 10.
    func creditNow(_ now: UInt64) -> Int {
        let passed = Int(min(now &- min(creditTime, now), 1 << 40))
        return min(10_000, credit + passed * 20)
    }

    func pay(thousandths: Int, _ now: UInt64) {
        credit = creditNow(now) - thousandths
        creditTime = now
    }
}

/// How often a quota was hit since the log told of it.
struct QuotaHits {
    var logTime: UInt64
    var count: Int
}
