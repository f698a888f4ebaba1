// The suite on the model, release by release, and the suite as data.

import ConformanceSuite
import HypervisorModel
import Testing

@Suite("The suite on the model") struct SuiteOnModelTests {
    static let releases = Release.Version.allCases.flatMap { [Release($0), Release($0, hasXSA506: true)] }

    @Test("each row passes, or says why it is not for this release", arguments: releases)
    func passes(release: Release) throws {
        var said: [String] = []
        let tally = ConformanceRunner(try ModelHost(release)).run { result in
            if case .failed = result.verdict { said.append(ConformanceReport.line(result)) }
        }
        #expect(said.isEmpty, "\(said.joined(separator: "\n"))")
        #expect(tally.passed > 0)
    }

    @Test("no id is used twice")
    func uniqueIDs() {
        let ids = ConformanceSuite.rows.map(\.id)
        let twice = Dictionary(grouping: ids) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
        #expect(twice.isEmpty, "\(twice)")
    }

    @Test("each row has a title, a source and steps")
    func complete() {
        for row in ConformanceSuite.rows {
            #expect(!row.title.isEmpty && !row.steps.isEmpty, "\(row.id)")
            #expect(row.source.wholeMatch(of: /dmop\.md [0-9]+(\.[0-9]+)?/) != nil, "\(row.id): \(row.source)")
        }
    }

    @Test("a row that is asked for alone passes too: what it builds on runs before it")
    func alone() throws {
        // The last row of each block, which builds on most, and some others.
        let blocks = ConformanceSuite.blocks.map(\.rows)
        let rows =
            blocks.compactMap(\.last)
            + blocks.flatMap { rows in stride(from: 0, to: rows.count, by: 8).map { rows[$0] } }
        for row in rows {
            var selection = RowSelection()
            selection.only = [row.id]
            var lines: [String] = []
            let tally = ConformanceRunner(try ModelHost(), selection).run { lines.append(ConformanceReport.line($0)) }
            #expect(tally.failed == 0 && lines.count == 1, "\(lines)")
        }
    }
}
