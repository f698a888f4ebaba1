// A server as the statistics page shows it.
// Not for: when it is shown (see StatisticsBoard).

import StatisticsPage
import XenABI
import XenPlatform

extension DeviceModelDomain {
    /// Brings the statistics page up to date, where there is one. The library does so when servers and ranges change
    /// and while it serves; a program with a loop of its own calls this when nothing has come in for a while, about
    /// four times a second, so that readers see its last numbers and that it has nothing to do.
    public func publishStatistics() { platform.statistics?.publish() }

    /// For a loop, after each round: publishes when it is time to. The clock is looked at after one round of 16, or
    /// after each where these take their time: a guest that asks for little is shown as it is, too.
    func publishAfterRound() {
        if roundsUntilLook > 0 {
            roundsUntilLook -= 1
            return
        }
        guard let statistics = platform.statistics else { return }
        let moment = now
        let isSlow = moment &- lastLook >= StatisticsBoard.interval / 16 &* UInt64(roundsPerLook)
        roundsPerLook = isSlow ? 1 : 16
        roundsUntilLook = roundsPerLook - 1
        lastLook = moment
        statistics.publishIfDue()
    }

    /// The counter of the operation with number `index` + 1, for the page.
    func operationRecord(at index: Int) -> OperationRecord {
        let operation = DMOpcode(UInt32(index) + 1)
        let counter = counter(of: operation)
        return OperationRecord(
            operation: operation.rawValue, count: counter.count, refused: counter.refused,
            nanoseconds: counter.nanoseconds)
    }
}

extension ServerCore: StatisticsSource {
    func addServer(to page: inout StatisticsEncoder) {
        if !page.hasDomain(domain.id.rawValue) {
            page.addDomain(domain.id.rawValue, operationCount: 20) { domain.operationRecord(at: $0) }
        }
        let state: StatisticsServerState = isEnabled ? .serving : wasEnabled ? .quiet : .created
        var record = ServerRecord(
            domain: domain.id.rawValue, id: id.rawValue, state: state, isBuffered: isBuffered,
            rangeCount: UInt32(clamping: claims.claims.count))
        record.counters.requests = statistics.requests
        record.counters.reads = statistics.reads
        record.counters.strings = statistics.strings
        record.counters.posted = statistics.posted
        record.counters.unclaimed = statistics.unclaimed
        record.counters.malformed = statistics.malformed
        record.counters.failures = statistics.failures
        record.counters.broadcasts = statistics.broadcasts
        record.latencyCount = statistics.serviceTime.count
        record.latencyTotal = statistics.serviceTime.total
        record.latencyMaximum = statistics.serviceTime.maximum
        page.addServer(record) { statistics.serviceTime.buckets[$0] }
    }

    func addRanges(to page: inout StatisticsEncoder) {
        for claim in claims.claims {
            page.addRange(
                RangeRecord(
                    domain: domain.id.rawValue, server: id.rawValue, type: claim.range.type.rawValue,
                    start: claim.range.start, end: claim.range.end, device: claims.deviceName(of: claim)))
        }
    }
}
