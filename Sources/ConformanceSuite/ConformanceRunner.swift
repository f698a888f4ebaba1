// Runs blocks of rows on a host. A block's rows run in order, because later ones build on what earlier ones have left;
// where only some are asked for, those before them run too, and nothing is said of them.

internal import HypervisorModel

/// Which rows are run.
public struct RowSelection: Sendable {
    /// By id; nil: all.
    public var only: Set<String>?
    /// Also those that could take down a host that others use.
    public var withDangerous = false

    /// All rows that are safe to run.
    public init() {}

    func contains(_ row: ConformanceRow) -> Bool { only?.contains(row.id) ?? true }
}

/// Runs the suite.
public struct ConformanceRunner {
    private let host: any ConformanceHost
    private let selection: RowSelection

    /// A run on a host.
    public init(_ host: any ConformanceHost, _ selection: RowSelection = RowSelection()) {
        self.host = host
        self.selection = selection
    }

    /// Runs blocks, and tells of each row when its block is over.
    public func run(
        _ blocks: [ConformanceBlock] = ConformanceSuite.blocks, _ report: (RowResult) -> Void
    ) -> ConformanceTally {
        var tally = ConformanceTally()
        for block in blocks {
            guard block.rows.contains(where: selection.contains) else { continue }
            let verdicts = verdicts(block)
            for (row, verdict) in zip(block.rows, verdicts) where selection.contains(row) {
                tally.count(verdict)
                report(RowResult(row: row, block: block.title, verdict: verdict))
            }
        }
        return tally
    }

    /// By row: its verdict with all numbers of vCPUs together.
    private func verdicts(_ block: ConformanceBlock) -> [RowVerdict] {
        if let reason = reasonToSkip(block) { return block.rows.map { _ in .skipped(reason) } }
        var all: [RowVerdict?] = block.rows.map { _ in nil }
        for vcpuCount in block.vcpuCounts {
            let run = BlockRun(host, block, vcpuCount: vcpuCount) { reasonToSkip($0) }
            let last = block.rows.lastIndex(where: selection.contains) ?? 0
            for (index, verdict) in run.verdicts(upTo: last, wanted: selection.contains).enumerated() {
                all[index] = worse(all[index], verdict)
            }
        }
        return all.map { $0 ?? .skipped("it was not asked for") }
    }

    private func worse(_ left: RowVerdict?, _ right: RowVerdict) -> RowVerdict {
        switch (left, right) {
        case (nil, _), (.passed?, _): right
        case (.failed?, _), (.skipped?, .passed), (.skipped?, .skipped): left ?? right
        case (.skipped?, .failed): right
        }
    }

    private func reasonToSkip(_ block: ConformanceBlock) -> String? {
        for ability in Ability.allCases where block.needs.contains(ability) {
            if let reason = host.lacks(ability) { return reason }
        }
        return block.first.flatMap { host.release.version < $0 ? "for \($0.name) and later" : nil }
    }

    private func reasonToSkip(_ row: ConformanceRow) -> String? {
        let scope = row.scope
        if scope.isOnSandboxOnly, host.isRealXen { return "for the sandbox only" }
        if scope.isDangerous, host.isRealXen, !selection.withDangerous {
            return "it could take down the host: needs --all"
        }
        if scope.needsXSA506, !host.release.hasXSA506 { return "not without the fix of XSA-506" }
        if let first = scope.first, host.release.version < first { return "for \(first.name) and later" }
        for ability in Ability.allCases where scope.needs.contains(ability) {
            if let reason = host.lacks(ability) { return reason }
        }
        return nil
    }
}

/// One run of a block, with one number of vCPUs.
private struct BlockRun {
    let host: any ConformanceHost
    let block: ConformanceBlock
    let vcpuCount: Int
    let reasonToSkip: (ConformanceRow) -> String?

    init(
        _ host: any ConformanceHost, _ block: ConformanceBlock, vcpuCount: Int,
        reasonToSkip: @escaping (ConformanceRow) -> String?
    ) {
        self.host = host
        self.block = block
        self.vcpuCount = vcpuCount
        self.reasonToSkip = reasonToSkip
    }

    /// By row, as far as the last one that was asked for.
    func verdicts(upTo last: Int, wanted: (ConformanceRow) -> Bool) -> [RowVerdict] {
        let rows = block.rows[...last]
        guard block.hasGuestPerRow else { return onOneGuest(Array(rows)) }
        return rows.flatMap { row in
            wanted(row) ? onOneGuest([row]) : [RowVerdict.skipped("it was not asked for")]
        }
    }

    /// Rows in order on a fresh guest.
    private func onOneGuest(_ rows: [ConformanceRow]) -> [RowVerdict] {
        // No guest is made for rows that are not run.
        let reasons = rows.map(reasonToSkip)
        if reasons.allSatisfy({ $0 != nil }) { return reasons.map { .skipped($0 ?? "") } }
        var verdicts: [RowVerdict] = []
        do throws(HostError) {
            let bench = try Bench(host, block.guest, vcpuCount: vcpuCount)
            if let failure = run(block.setup, bench) {
                verdicts = rows.map { _ in failure }
            } else {
                for (row, reason) in zip(rows, reasons) {
                    verdicts.append(reason.map { .skipped($0) } ?? run(row.steps, bench) ?? .passed)
                }
            }
            try bench.close()
            return verdicts
        } catch {
            // The rows that have run keep their verdicts; only the bench's end may have gone wrong after them.
            return verdicts.count == rows.count && !verdicts.isEmpty
                ? verdicts.dropLast() + [worse(verdicts[rows.count - 1], verdict(error))]
                : rows.map { _ in verdict(error) }
        }
    }

    private func worse(_ verdict: RowVerdict, _ end: RowVerdict) -> RowVerdict {
        if case .failed = verdict { verdict } else { end }
    }

    private func verdict(_ error: HostError) -> RowVerdict {
        switch error {
        case .unavailable(let reason): .skipped(reason)
        case .broken(let reason):
            .failed(
                RowFailure(vcpuCount: vcpuCount, step: 0, text: "the guest", wanted: "one for the row", got: reason))
        }
    }

    /// Steps until one does not answer what it should. nil: all have.
    private func run(_ steps: [Step], _ bench: Bench) -> RowVerdict? {
        for (index, step) in steps.enumerated() {
            let wanted = step.expectation.wanted(host.release, isRealXen: host.isRealXen)
            var failure = RowFailure(
                vcpuCount: vcpuCount, step: index + 1, text: step.text, wanted: "\(wanted)", got: "")
            do throws(HostError) {
                let answer = try step.perform(bench)
                guard wanted.matches(answer, bench.find) else {
                    failure.got = "\(answer)"
                    return .failed(failure)
                }
                if let name = step.boundName, case .value(let number) = answer { bench.name(name, number) }
                for check in step.checks {
                    guard let found = try check.find(bench) else { continue }
                    failure.wanted = check.text
                    failure.got = found
                    return .failed(failure)
                }
            } catch {
                if case .unavailable(let reason) = error { return .skipped(reason) }
                failure.got = "\(error)"
                return .failed(failure)
            }
        }
        return nil
    }
}
