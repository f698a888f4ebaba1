// The rows as a table, as wide as the terminal, and a whole screen of it in one piece, so that nothing flickers.
// Not for: writing it anywhere.

import DaemonShell
import StatisticsPage

/// One look, ready to be shown.
public struct TopView: Sendable {
    /// Rows in order.
    public var rows: [TopRow]
    /// What else is to be said: files that are no pages, an empty folder.
    public var notes: [String]
    /// What the rows are sorted by.
    public var order: TopOrder

    public init(rows: [TopRow], notes: [String], order: TopOrder) {
        self.rows = rows
        self.notes = notes
        self.order = order
    }

    private struct Column: Sendable {
        var title: String
        var isRight = true
        /// Cut to this, in characters; nil: never.
        var widthMax: Int?
        var order: TopOrder?
        var text: @Sendable (TopRow) -> String
    }

    private static let columns: [Column] = [
        Column(title: "PROGRAM", isRight: false, widthMax: 20, order: .program) { printable($0.process.program) },
        Column(title: "PID") { "\($0.process.processID)" },
        Column(title: "DOM", order: .domain) { row in row.server.map { "\($0.domain)" } ?? "-" },
        Column(title: "ID") { row in row.server.map { "\($0.id)" } ?? "-" },
        Column(title: "STATE", isRight: false) { row in
            row.isLive ? row.server?.state.word ?? "no server" : row.server == nil ? "gone" : "left over"
        },
        Column(title: "REQ/S", order: .requests) { row in row.requestsPerSecond.map(rateText) ?? "-" },
        Column(title: "READS", order: .reads) { row in
            row.readShare.map { "\(Int(($0 * 100).rounded()))%" } ?? "-"
        },
        Column(title: "MEAN", order: .mean) { row in row.meanNanoseconds.map(shortDuration) ?? "-" },
        Column(title: "P99", order: .p99) { row in row.percentile99Nanoseconds.map(shortDuration) ?? "-" },
        Column(title: "TOTAL") { row in row.server.map { shortCount($0.counters.requests) } ?? "-" },
        Column(title: "UNCL", order: .unclaimed) { row in row.server.map { shortCount($0.counters.unclaimed) } ?? "-" },
        Column(title: "ERR", order: .errors) { row in row.server == nil ? "-" : shortCount(row.errorCount) },
        Column(title: "RANGES", isRight: false, widthMax: 40) { rangesText($0) },
        Column(title: "DEVICE", isRight: false, widthMax: 24) { printable($0.ranges.first?.device ?? "-") },
    ]

    /// Lines: titles (that which is sorted by has a *), rows, notes. Not cut to any width.
    public var lines: [String] {
        if rows.isEmpty { return notes }
        let cells = rows.map { row in Self.columns.map { Self.cut($0.text(row), $0.widthMax) } }
        let titles = Self.columns.map { $0.title + ($0.order == order ? "*" : "") }
        let widths = titles.indices.map { index in
            cells.reduce(titles[index].count) { max($0, $1[index].count) }
        }
        func line(_ texts: [String]) -> String {
            var line = ""
            for (index, text) in texts.enumerated() {
                let padding = String(repeating: " ", count: widths[index] - text.count)
                if index > 0 { line += "  " }
                line += Self.columns[index].isRight ? padding + text : text + padding
            }
            while line.last == " " { line.removeLast() }
            return line
        }
        return [line(titles)] + cells.map(line) + notes
    }

    private static func cut(_ text: String, _ widthMax: Int?) -> String {
        guard let widthMax, text.count > widthMax else { return text }
        return text.prefix(widthMax - 1) + "~"
    }

    /// All that a terminal of this size needs to show it: every line is overwritten where it stands, and the rest of
    /// the screen cleared at the end. The last line is left for `footer`.
    public func screen(rows height: Int, columns width: Int, footer: String) -> String {
        var text = "\u{1B}[H"
        let room = max(height - 1, 0)
        var shown = lines
        if shown.count > room {
            shown = Array(shown.prefix(max(room - 1, 0))) + ["... \(lines.count - max(room - 1, 0)) more lines"]
            shown = Array(shown.prefix(room))
        }
        for (index, line) in shown.enumerated() {
            let isTitle = index == 0 && !rows.isEmpty
            text += (isTitle ? "\u{1B}[7m" : "") + line.prefix(width) + (isTitle ? "\u{1B}[0m" : "") + "\u{1B}[K\r\n"
        }
        return text + "\u{1B}[J" + "\u{1B}[\(max(height, 1));1H" + footer.prefix(width) + "\u{1B}[K"
    }
}
