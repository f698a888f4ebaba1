// Finding the merged range that an access is in, or in part.

extension RangeSet {
    /// The merged range that has all of `first` to `last`.
    func merged(covering first: UInt64, _ last: UInt64) -> ClosedRange<UInt64>? {
        guard let index = index(before: first) else { return nil }
        let range = ranges[index]
        return last <= range.upperBound ? range : nil
    }

    /// A merged range that has a part of `first` to `last`; the lowest.
    func merged(touching first: UInt64, _ last: UInt64) -> ClosedRange<UInt64>? {
        let before = index(before: first)
        if let before, ranges[before].upperBound >= first { return ranges[before] }
        let next = (before ?? -1) + 1
        guard next < ranges.count, ranges[next].lowerBound <= last else { return nil }
        return ranges[next]
    }
}
