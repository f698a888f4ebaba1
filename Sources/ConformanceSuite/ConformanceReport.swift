// The suite as text: the list that reads like a specification, and results, as lines or as JSON.
// Not for: writing them anywhere.

internal import HypervisorModel

/// Texts for readers and for programs.
public enum ConformanceReport {
    /// `ok R5 a range can't be claimed twice`, `not ok R5 ... # 1 vCPU, step 3, ...`, `ok R5 ... # skip: ...`.
    public static func line(_ result: RowResult) -> String {
        let name = "\(result.row.id) \(result.row.title)"
        switch result.verdict {
        case .passed: return "ok \(name)"
        case .failed(let failure): return "not ok \(name) # \(failure)"
        case .skipped(let reason): return "ok \(name) # skip: \(reason)"
        }
    }

    /// The last line.
    public static func summary(_ tally: ConformanceTally) -> String {
        "\(tally.passed) passed, \(tally.failed) failed, \(tally.skipped) skipped"
    }

    /// One JSON object, on one line.
    public static func json(_ result: RowResult, on host: any ConformanceHost) -> String {
        var fields: [(String, String)] = [
            ("id", quoted(result.row.id)), ("title", quoted(result.row.title)),
            ("source", quoted(result.row.source)), ("block", quoted(result.block)),
            ("host", quoted(host.name)), ("release", quoted(host.release.description)),
        ]
        switch result.verdict {
        case .passed: fields.append(("result", quoted("passed")))
        case .skipped(let reason): fields += [("result", quoted("skipped")), ("reason", quoted(reason))]
        case .failed(let failure):
            fields += [
                ("result", quoted("failed")), ("vcpus", "\(failure.vcpuCount)"), ("step", "\(failure.step)"),
                ("text", quoted(failure.text)), ("expected", quoted(failure.wanted)), ("got", quoted(failure.got)),
            ]
        }
        if let explanation = result.row.explanation { fields.append(("explained", quoted(explanation))) }
        return "{" + fields.map { "\(quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    /// The last object.
    public static func json(_ tally: ConformanceTally) -> String {
        "{\"passed\":\(tally.passed),\"failed\":\(tally.failed),\"skipped\":\(tally.skipped)}"
    }

    /// A text as JSON has it.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    // MARK: The list

    /// All blocks and rows, as a reader of the specification expects them: a line each.
    public static func list(
        _ blocks: [ConformanceBlock] = ConformanceSuite.blocks, _ selection: RowSelection = RowSelection()
    ) -> [String] {
        var lines: [String] = []
        for block in blocks {
            let rows = block.rows.filter(selection.contains)
            guard !rows.isEmpty else { continue }
            if !lines.isEmpty { lines.append("") }
            lines.append(heading(block))
            if !block.setup.isEmpty { lines.append(contentsOf: block.setup.map { "    first: \($0)" }) }
            for row in rows { lines.append(contentsOf: self.lines(row)) }
        }
        return lines
    }

    private static func heading(_ block: ConformanceBlock) -> String {
        var words: [String] = []
        if block.guest != .none {
            words.append(block.guest.rawValue)
            words.append(block.vcpuCounts.map(String.init).joined(separator: " and ") + " vCPUs")
            words.append(block.hasGuestPerRow ? "a guest for each row" : "in order on one guest")
        }
        if let first = block.first { words.append("\(first.name) on") }
        return block.title + (words.isEmpty ? "" : " (" + words.joined(separator: "; ") + ")")
    }

    private static func lines(_ row: ConformanceRow) -> [String] {
        var marks = [row.source]
        if row.scope.isOnSandboxOnly { marks.append("sandbox only") }
        if row.scope.isDangerous { marks.append("with --all only") }
        if row.scope.needsXSA506 { marks.append("with XSA-506") }
        if let first = row.scope.first { marks.append("\(first.name) on") }
        marks += row.scope.needs.map(\.rawValue).sorted()
        var lines = ["  \(row.id)  \(row.title)  [\(marks.joined(separator: "; "))]"]
        lines += row.steps.map { "      \($0)" }
        if let explanation = row.explanation { lines.append("      explained: \(explanation)") }
        return lines
    }
}
