// Ranges of one type on one server, merged. dmop.md sections 3.3 and 3.4.
// Not for: which server an access is for (Selection).

internal import XenABI

/// Sorted, disjoint, merged ranges of numbers; at most 256 of them.
package struct RangeSet: Hashable, Sendable {
    /// The ranges, in order; no two touch.
    package private(set) var ranges: [ClosedRange<UInt64>] = []

    /// No ranges.
    package init() {}

    /// Whether all numbers from first to last lie in one range.
    package func contains(first: UInt64, last: UInt64) -> Bool {
        first <= last && merged(covering: first, last) != nil
    }

    /// Adds a range; it merges with those that it touches. dmop.md 3.3.
    package mutating func insert(_ range: ClosedRange<UInt64>) throws(Refusal) {
        let before = index(before: range.upperBound)
        try check(before.map { ranges[$0].upperBound < range.lowerBound } ?? true, .eexist, "3.3 overlap")
        let next = (before ?? -1) + 1
        // No number wraps: `before` ends below the range, `next` starts above it.
        let joinsBefore = before.map { ranges[$0].upperBound + 1 == range.lowerBound } ?? false
        let joinsNext = next < ranges.count && range.upperBound + 1 == ranges[next].lowerBound
        // As Xen counts: the node below grows, but where only the one above is touched, a node is taken before the two
        // merge ("checked before the insert", dmop.md 17).
        try check(
            joinsBefore || ranges.count < DMOPLimits.rangesPerServerAndType, .enomem, "3.3 256 nodes used")
        let first = joinsBefore ? next - 1 : next
        let lower = joinsBefore ? ranges[first].lowerBound : range.lowerBound
        let upper = joinsNext ? ranges[next].upperBound : range.upperBound
        ranges.replaceSubrange(first..<(joinsNext ? next + 1 : next), with: CollectionOfOne(lower...upper))
    }

    /// Takes a range, or a part of one, away. dmop.md 3.4.
    package mutating func remove(_ range: ClosedRange<UInt64>) throws(Refusal) {
        guard let index = index(before: range.lowerBound), ranges[index].upperBound >= range.upperBound else {
            throw Refusal(.enoent, "3.4 not wholly inside one range")
        }
        let whole = ranges[index]
        let leavesHead = whole.lowerBound < range.lowerBound
        let leavesTail = whole.upperBound > range.upperBound
        try check(
            !(leavesHead && leavesTail) || ranges.count < DMOPLimits.rangesPerServerAndType, .enomem,
            "3.4 256 nodes used")
        var rest: [ClosedRange<UInt64>] = []
        if leavesHead { rest.append(whole.lowerBound...(range.lowerBound - 1)) }
        if leavesTail { rest.append((range.upperBound + 1)...whole.upperBound) }
        ranges.replaceSubrange(index...index, with: rest)
    }

    /// The last range that starts at or below the number; in steps that grow with the logarithm of their count.
    func index(before number: UInt64) -> Int? {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].lowerBound <= number { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? low - 1 : nil
    }
}
