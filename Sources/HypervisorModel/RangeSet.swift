// Ranges of one type on one server, merged.

/// Sorted, disjoint, merged ranges of numbers.
struct RangeSet {
    var ranges: [ClosedRange<UInt64>] = []
}
