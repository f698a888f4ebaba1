// What came of a row. Not for: running it (ConformanceRunner) nor printing it (ConformanceReport).

/// How a row has ended.
public enum RowVerdict: Hashable, Sendable {
    /// Every step has answered what it should.
    case passed
    /// One has not.
    case failed(RowFailure)
    /// It was not run, for this reason.
    case skipped(String)
}

/// The first step that has not answered what it should.
public struct RowFailure: Hashable, Sendable {
    /// The guest's vCPUs.
    public var vcpuCount: Int
    /// From 1 on; 0: before the first step.
    public var step: Int
    /// What was done.
    public var text: String
    /// What should have come of it.
    public var wanted: String
    /// What has.
    public var got: String
}

extension RowFailure: CustomStringConvertible {
    /// `2 vCPUs, step 3, claim(A, port, 4, 5): expected EEXIST, got 0`.
    public var description: String {
        "\(vcpuCount) vCPU\(vcpuCount == 1 ? "" : "s"), step \(step), \(text): expected \(wanted), got \(got)"
    }
}

/// A row and its verdict.
public struct RowResult: Sendable {
    /// The row.
    public let row: ConformanceRow
    /// The block that it is of.
    public let block: String
    /// How it has ended, with all numbers of vCPUs together.
    public let verdict: RowVerdict
}

/// How many rows have ended in which way.
public struct ConformanceTally: Hashable, Sendable {
    /// Rows.
    public var passed = 0
    /// Rows.
    public var failed = 0
    /// Rows.
    public var skipped = 0

    /// None yet.
    public init() {}

    /// One more.
    public mutating func count(_ verdict: RowVerdict) {
        switch verdict {
        case .passed: passed += 1
        case .failed: failed += 1
        case .skipped: skipped += 1
        }
    }
}
