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

    /// What a step's text has between a beginning and the first of some ends; nil: it begins otherwise.
    private func name(in step: Step, after beginning: String) -> String? {
        guard step.text.hasPrefix(beginning) else { return nil }
        return String(step.text.dropFirst(beginning.count).prefix { !",):".contains($0) })
    }

    @Test("on real Xen a server that a running guest could ask is enabled with its pages mapped, and never without")
    func pagesBeforeEnabling() {
        var enabled = 0
        for block in ConformanceSuite.blocks where block.guest == .runningPVH || block.guest == .runningHVM {
            let rows = block.rows.filter { !$0.scope.isOnSandboxOnly }.map(\.steps)
            for steps in block.hasGuestPerRow ? rows : [rows.flatMap { $0 }] {
                var mapped: Set<String> = []
                for step in block.setup + steps {
                    if let server = name(in: step, after: "res(") { mapped.insert(server) }
                    if let server = name(in: step, after: "serve ") { mapped.insert(server) }
                    if let server = name(in: step, after: "destroy(") { mapped.remove(server) }
                    #expect(!step.text.hasPrefix("op 5("), "\(block.title): \(step)")
                    guard let server = name(in: step, after: "enable(") else { continue }
                    enabled += 1
                    #expect(mapped.contains(server), "\(block.title): \(step)")
                }
            }
        }
        #expect(enabled > 5)
    }

    @Test("interrupt lines change on HVM guests alone: on others ops 8 to 10 are refused on each release")
    func lines() {
        var refused = 0
        for block in ConformanceSuite.blocks where block.guest != .pausedHVM && block.guest != .runningHVM {
            for step in block.setup + block.rows.flatMap(\.steps) {
                guard ["op 8(", "op 9(", "op 10("].contains(where: step.text.hasPrefix) else { continue }
                for wanted in [step.expectation.standard] + step.expectation.exceptions.map(\.wanted) {
                    guard case .error = wanted else {
                        Issue.record("\(block.title): \(step)")
                        continue
                    }
                    refused += 1
                }
            }
        }
        #expect(refused > 20)
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
