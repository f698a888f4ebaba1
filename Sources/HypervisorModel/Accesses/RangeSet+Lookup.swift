// Finding a merged range in steps that grow with the logarithm of their number.

extension RangeSet {
    /// The merged range that has all of `first` to `last`.
    func merged(covering first: UInt64, _ last: UInt64) -> ClosedRange<UInt64>? {
        guard let index = indexOfLast(startingUpTo: first) else { return nil }
        let range = ranges[index]
        return last <= range.upperBound ? range : nil
    }

    /// A merged range that has a part of `first` to `last`; the lowest.
    func merged(touching first: UInt64, _ last: UInt64) -> ClosedRange<UInt64>? {
        if let index = indexOfLast(startingUpTo: first), ranges[index].upperBound >= first { return ranges[index] }
        let next = (indexOfLast(startingUpTo: first) ?? -1) + 1
        guard next < ranges.count, ranges[next].lowerBound <= last else { return nil }
        return ranges[next]
    }

    private func indexOfLast(startingUpTo value: UInt64) -> Int? {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].lowerBound <= value { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }
}
