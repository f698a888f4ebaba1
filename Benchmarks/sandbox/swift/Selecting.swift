// Which server gets an access: how the time grows with the number of ranges.

import CSpawn
import HypervisorModel
import SystemCalls
import XenABI

/// Domains with 8 servers each, and 16, 64 or 256 ranges of memory on each server. Accesses go to any range of any
/// server of any domain: to the domains of one processor's cache, or to far more than that.
final class Selecting: Subject {
    private static let rangeCounts = [16, 64, 256]
    private static let serverCount = 8
    private static let count = 300_000
    /// Above the RAM. Ranges of all servers lie in turns, each 4 KiB, with as much in between.
    fileprivate static let firstAddress: UInt64 = 0x1_0000_0000
    fileprivate static let distance: UInt64 = 0x2000
    private let name: String
    private let hypervisors: [(ranges: Int, hypervisor: Hypervisor, domains: [Domain])]
    /// The peer: the same ranges in flat arrays, for the domains with the fewest and with the most of them.
    private let searches: [BareSearch]
    private var state: UInt64 = 0x1234_5678_9abc_def1

    /// As many domains, whatever their ranges.
    init(domainCount: Int) {
        name = "select-\(domainCount)"
        hypervisors = Self.rangeCounts.map { ranges in
            let hypervisor = Hypervisor()
            let domains = (1...domainCount).map { Self.makeDomain(UInt16($0), hypervisor, ranges) }
            return (ranges, hypervisor, domains)
        }
        searches = [Self.rangeCounts[0], Self.rangeCounts[Self.rangeCounts.count - 1]].map {
            BareSearch(domainCount: domainCount, rangeCount: $0 * Self.serverCount)
        }
    }

    /// As much memory, whatever the ranges: what so many domains with the most of them take. With fewer ranges these
    /// are more domains. So each search meets the same caches, and what grows is its steps.
    init(memoryOfDomains domainCount: Int) {
        name = "select-memory"
        searches = []
        let most = Self.rangeCounts[Self.rangeCounts.count - 1]
        let bytes = Self.makeDomains(most, until: { count, _ in count == domainCount }).bytes
        hypervisors = Self.rangeCounts.map { ranges in
            let made = Self.makeDomains(ranges, until: { _, used in used >= bytes })
            return (ranges, made.hypervisor, made.domains)
        }
    }

    private static func makeDomains(
        _ ranges: Int, until isEnough: (_ count: Int, _ bytes: UInt64) -> Bool
    ) -> (hypervisor: Hypervisor, domains: [Domain], bytes: UInt64) {
        let before = corbel_bench_heap_bytes()
        let hypervisor = Hypervisor()
        var domains: [Domain] = []
        repeat {
            domains.append(makeDomain(UInt16(domains.count + 1), hypervisor, ranges))
        } while !isEnough(domains.count, corbel_bench_heap_bytes() - before) && domains.count < 30_000
        return (hypervisor, domains, corbel_bench_heap_bytes() - before)
    }

    func measure() throws {
        var times: [Double] = []
        for (ranges, _, domains) in hypervisors {
            if searches.isEmpty { report("\(name)-\(ranges)-domains", Double(domains.count)) }
            times.append(try nanosecondsEach(Self.count) { try select(domains, UInt64(ranges)) })
            report("\(name)-\(ranges)-ns", times[times.count - 1])
        }
        let growth = times[times.count - 1] / times[0]
        report("\(name)-ratio", growth)
        if !searches.isEmpty { try measureSearches(growth) }
    }

    private func measureSearches(_ growth: Double) throws {
        var bare: [Double] = []
        for search in searches {
            bare.append(try nanosecondsEach(Self.count) { try find(in: search) })
        }
        report("\(name)-bare-ratio", bare[bare.count - 1] / bare[0])
        report("\(name)-bare-256-ns", bare[bare.count - 1])
        report("\(name)-growth", growth / (bare[bare.count - 1] / bare[0]))
    }

    private func select(_ domains: [Domain], _ ranges: UInt64) throws {
        var found = 0
        for _ in 0..<Self.count {
            let place = next(below: ranges * UInt64(Self.serverCount))
            let domain = domains[Int(next(below: UInt64(domains.count)))]
            var request = IOREQ(
                address: Self.firstAddress + place * Self.distance + 0x10, size: 4, isRead: true, type: .copy)
            if case .noPages(let server) = domain.select(&request), UInt64(server.id.rawValue) == place & 7 {
                found += 1
            }
        }
        if found != Self.count { throw BenchmarkError("an access went to the wrong server") }
    }

    private func find(in search: BareSearch) throws {
        var found = 0
        for _ in 0..<Self.count {
            let place = next(below: UInt64(search.rangeCount))
            let domain = next(below: UInt64(search.domainCount))
            let address = Self.firstAddress + place * Self.distance + 0x10
            if search.index(of: address, domain: Int(domain)) == Int(place) { found += 1 }
        }
        if found != Self.count { throw BenchmarkError("the bare search is wrong") }
    }

    /// A number that looks random (xorshift).
    private func next(below limit: UInt64) -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return ((state >> 32) &* limit) >> 32
    }

    /// Without pages: an access gets as far as to be told that there are none.
    private static func makeDomain(_ id: UInt16, _ hypervisor: Hypervisor, _ ranges: Int) -> Domain {
        do throws(Refusal) {
            let domain = try hypervisor.createDomain(DomainShape(), id: DomainID(id))
            for _ in 0..<serverCount { try perform(DMOP.CreateIOREQServer(handling: .off), domain, hypervisor) }
            for place in 0..<UInt64(ranges * serverCount) {
                let start = firstAddress + place * distance
                let server = IOREQServerID(UInt16(place & 7))
                try perform(
                    DMOP.MapIORange(id: server, type: .memory, start: start, end: start + 0xfff), domain, hypervisor)
            }
            for server in 0..<UInt16(serverCount) {
                try perform(
                    DMOP.SetIOREQServerState(id: IOREQServerID(server), enabled: true), domain, hypervisor)
            }
            return domain
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private static func perform(
        _ payload: some DMOPPayload, _ domain: Domain, _ hypervisor: Hypervisor
    ) throws(Refusal) {
        var frame = DMOPFrame(payload)
        var operation = frame.bytes.mutableSpan
        var none = MutableSpan<UInt8>()
        try hypervisor.dmOp(by: .control, on: domain.id, bufferCount: 1, &operation, &none)
    }
}

/// What a binary search costs on this machine: one in the ranges of all servers of a domain, first and last number of
/// each, domain after domain. As many bytes as the model has, and nothing else.
private struct BareSearch {
    let domainCount: Int
    let rangeCount: Int
    private var bounds: [UInt64] = []

    init(domainCount: Int, rangeCount: Int) {
        self.domainCount = domainCount
        self.rangeCount = rangeCount
        bounds.reserveCapacity(domainCount * rangeCount * 2)
        for _ in 0..<domainCount {
            for place in 0..<UInt64(rangeCount) {
                let start = Selecting.firstAddress + place * Selecting.distance
                bounds.append(start)
                bounds.append(start + 0xfff)
            }
        }
    }

    /// The range that has an address.
    func index(of address: UInt64, domain: Int) -> Int? {
        let first = domain * rangeCount
        var low = first
        var high = first + rangeCount
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle * 2] <= address { low = middle + 1 } else { high = middle }
        }
        return low > first && address <= bounds[low * 2 - 1] ? low - 1 - first : nil
    }
}
