// Judging rows of the specification: each is a few expectations, and a line of TAP.
import Machine

/// Expectations of one row: the first that fails is told.
struct Row {
    private var step: UInt64 = 0
    private(set) var failedStep: UInt64 = 0
    private(set) var got: UInt64 = 0
    private(set) var wanted: UInt64 = 0
    private(set) var isStatus = false

    mutating func expect(_ got: VariableStatus, _ wanted: VariableStatus) {
        note(got.rawValue, wanted.rawValue, isStatus: true)
    }
    mutating func expect(_ got: UInt64, _ wanted: UInt64) { note(got, wanted, isStatus: false) }
    mutating func expect(_ isTrue: Bool) { note(isTrue ? 1 : 0, 1, isStatus: false) }

    private mutating func note(_ got: UInt64, _ wanted: UInt64, isStatus: Bool) {
        step += 1
        if got == wanted || failedStep != 0 { return }
        (failedStep, self.got, self.wanted, self.isStatus) = (step, got, wanted, isStatus)
    }
}

/// Numbers the rows, counts and prints.
struct Judge {
    private var count: UInt64 = 0
    private var failed: UInt64 = 0

    /// A row by its numbers in varstored.md 20 (or a section), and what it says.
    mutating func row(_ numbers: StaticString, _ text: StaticString, _ body: (inout Row) -> Void) {
        var row = Row()
        body(&row)
        tell(row) { $0.text(numbers).text(": ").text(text) }
    }

    /// A row whose name is built.
    mutating func tell(_ row: Row, _ name: (Line) -> Line) {
        count += 1
        let line = Line(row.failedStep == 0 ? "ok " : "not ok ").number(count).text(" - ")
        name(line).end()
        if row.failedStep == 0 { return }
        failed += 1
        let detail = Line("# expectation ").number(row.failedStep).text(": ")
        if row.isStatus {
            detail.status(VariableStatus(rawValue: row.got)).text(" instead of ")
                .status(VariableStatus(rawValue: row.wanted)).end()
        } else {
            detail.number(row.got).text(" instead of ").number(row.wanted).end()
        }
    }

    /// The plan and the end.
    func verdict(_ what: StaticString, next: Verdict) -> Verdict {
        Line("1..").number(count).end()
        let line = Line("firmware: ").text(what)
        if failed == 0 {
            line.text(" passed, ").number(count).text(" rows").end()
            return next
        }
        line.text(" FAILED, ").number(failed).text(" of ").number(count).text(" rows").end()
        return .failed
    }
}

extension InlineArray where Element: Copyable {
    /// Each element: inline arrays are no sequences.
    func each(_ body: (Element) -> Void) {
        for index in indices { body(self[index]) }
    }
}
