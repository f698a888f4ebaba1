// The suite beside its documents: no row of the specification is missing, no difference unexplained.

import ConformanceSuite
import Foundation
import HypervisorModel
import Testing

@Suite("The suite and its documents") struct CoverageTests {
    private func document(_ name: String) throws -> [Substring] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("Documentation/" + name), encoding: .utf8)
        return text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The first cell of a table's row, where it is a row's id.
    private func id(_ line: Substring) -> String? {
        line.wholeMatch(of: /\| ([A-Z][0-9]+) \|.*/).map { String($0.1) }
    }

    @Test("each row of dmop.md section 18 is in the suite, and each row of the suite there")
    func specification() throws {
        let lines = try document("Specifications/dmop.md").drop { !$0.hasPrefix("## 18.") }
            .prefix { !$0.hasPrefix("## 19.") }
        let written = Set(lines.compactMap(id))
        let run = Set(ConformanceSuite.rows.map(\.id))
        #expect(written.count >= 198)
        #expect(written.subtracting(run).sorted() == [], "not in the suite")
        #expect(run.subtracting(written).sorted() == [], "not in dmop.md")
    }

    @Test("there are 220 rows and more")
    func count() { #expect(ConformanceSuite.rows.count >= 220) }

    @Test("a row with another answer on the sandbox says why, and conformance.md has the same rows")
    func differences() throws {
        let table = try document("conformance.md").drop { !$0.hasPrefix("## Where real Xen") }
        let written = Set(table.compactMap(id))
        let explained = ConformanceSuite.rows.filter { $0.explanation != nil }
        #expect(written == Set(explained.map(\.id)))
        for row in ConformanceSuite.rows {
            let differs = row.steps.contains { step in
                step.expectation.exceptions.contains { $0.circumstance == .sandbox }
            }
            #expect(differs == (row.explanation != nil), "\(row.id)")
        }
    }

    @Test("the list has each row once, with its steps")
    func list() {
        let lines = ConformanceReport.list()
        for row in ConformanceSuite.rows {
            #expect(lines.count { $0.hasPrefix("  \(row.id)  ") } == 1, "\(row.id)")
        }
        #expect(lines.allSatisfy { !$0.contains("Optional(") && !$0.contains("ConformanceSuite.") })
    }
}
