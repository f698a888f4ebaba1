// RangeSet beside a naive model of it: a bit for each number, and nodes counted by looking.

internal import HypervisorModel
internal import XenABI

/// Every number that is claimed.
private struct NaiveRanges {
    static let world: UInt64 = 1600
    var claimed = [Bool](repeating: false, count: Int(world))

    /// Runs of claimed numbers.
    var nodes: Int {
        var count = 0
        var before = false
        for bit in claimed {
            if bit, !before { count += 1 }
            before = bit
        }
        return count
    }

    mutating func insert(_ range: ClosedRange<Int>) -> XenErrorCode? {
        if claimed[range].contains(true) { return .eexist }
        if !has(range.lowerBound - 1), nodes >= 256 { return .enomem }
        for index in range { claimed[index] = true }
        return nil
    }

    mutating func remove(_ range: ClosedRange<Int>) -> XenErrorCode? {
        if claimed[range].contains(false) { return .enoent }
        if has(range.lowerBound - 1), has(range.upperBound + 1), nodes >= 256 { return .enomem }
        for index in range { claimed[index] = false }
        return nil
    }

    func contains(_ range: ClosedRange<Int>) -> XenErrorCode? { claimed[range].contains(false) ? .enoent : nil }

    private func has(_ index: Int) -> Bool { claimed.indices.contains(index) && claimed[index] }
}

/// Ranges against their naive model.
public enum RangeAgreement {
    /// So many random steps; what came of them. Throws where the two part.
    ///
    /// The world is at one end of all numbers, or at the other.
    @discardableResult
    public static func run(steps: Int, seed: UInt64) throws(Disagreement) -> Set<Outcome> {
        var random = Randomness(seed: seed)
        let base: UInt64 = seed % 2 == 0 ? 0 : .max - (NaiveRanges.world - 1)
        var set = RangeSet()
        var naive = NaiveRanges()
        var outcomes: Set<Outcome> = []
        for step in 0..<steps {
            let range = someRange(&random)
            let real = (base + UInt64(range.lowerBound))...(base + UInt64(range.upperBound))
            let (what, got, wanted): (StaticString, XenErrorCode?, XenErrorCode?)
            switch random.below(8) {
            case 0...3: (what, got, wanted) = ("insert", inserted(real, &set), naive.insert(range))
            case 4, 5: (what, got, wanted) = ("remove", removed(real, &set), naive.remove(range))
            default:
                let isIn = set.contains(first: real.lowerBound, last: real.upperBound)
                (what, got, wanted) = ("contains", isIn ? nil : .enoent, naive.contains(range))
            }
            outcomes.insert(Outcome(what, got))
            if got != wanted {
                throw Disagreement(
                    seed: seed, step: step, what: "\(what) \(range): \(name(got)), wanted \(name(wanted))")
            }
            if step % 64 == 0, let what = difference(set, base, naive) {
                throw Disagreement(seed: seed, step: step, what: what)
            }
        }
        return outcomes
    }

    private static func inserted(_ range: ClosedRange<UInt64>, _ set: inout RangeSet) -> XenErrorCode? {
        answer { () throws(Refusal) in try set.insert(range) }
    }

    private static func removed(_ range: ClosedRange<UInt64>, _ set: inout RangeSet) -> XenErrorCode? {
        answer { () throws(Refusal) in try set.remove(range) }
    }

    /// Short ones, so that 256 nodes are reached; now and then a longer one.
    private static func someRange(_ random: inout Randomness) -> ClosedRange<Int> {
        let first = random.below(NaiveRanges.world)
        let more = random.below(64) == 0 ? random.below(NaiveRanges.world / 8) : random.below(2)
        return Int(first)...Int(min(first + more, NaiveRanges.world - 1))
    }

    private static func difference(_ set: RangeSet, _ base: UInt64, _ naive: NaiveRanges) -> String? {
        var found = [Bool](repeating: false, count: naive.claimed.count)
        for range in set.ranges {
            guard range.lowerBound >= base, range.upperBound - base < NaiveRanges.world else { return "beyond" }
            for number in range { found[Int(number - base)] = true }
        }
        if found != naive.claimed { return "the numbers claimed differ" }
        return set.ranges.count == naive.nodes ? nil : "\(set.ranges.count) nodes, wanted \(naive.nodes)"
    }
}
