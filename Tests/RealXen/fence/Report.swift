// The verdict as text: every different call with its count, then the rows.

import FenceRules

struct Report {
    private let options: Options
    private let list: StableList
    private let trace: Trace
    private let strangers: [String]

    init(_ options: Options, _ list: StableList, _ trace: Trace) {
        self.options = options
        self.list = list
        self.trace = trace
        strangers = trace.entries.keys.filter { !list.allows($0) }.sorted()
    }

    /// A program that was not traced has proven nothing.
    private var isInside: Bool { strangers.isEmpty && trace.wasExecuted && trace.callCount > 0 }
    private var endedAsWanted: Bool { trace.wasExecuted && trace.status == options.wantedStatus }

    var holds: Bool { isInside && endedAsWanted }

    var text: String {
        var lines = ["# \(options.name): \(trace.callCount) system calls, \(trace.entries.count) different"]
        for call in trace.entries.keys.sorted() where list.allows(call) {
            lines.append("# \(Self.padded(count(call))) \(call)")
        }
        for call in strangers {
            let arguments = trace.entries[call]?.example.map { "0x" + String($0, radix: 16) } ?? []
            let path = trace.entries[call]?.path.map { ", \($0)" } ?? ""
            lines.append("# off the list: \(call)")
            lines.append("#   \(count(call)) times, first with \(arguments.joined(separator: " "))\(path)")
            lines.append("#   not in: \(options.listNames)")
        }
        lines.append(
            Self.row(
                isInside, 1, "\(options.name) makes no system call that is not on the list", "\(strangers.count) off"))
        lines.append(
            Self.row(
                endedAsWanted, 2, "and ends with status \(options.wantedStatus)",
                trace.wasExecuted ? "status \(trace.status)" : "could not be started"))
        return lines.joined(separator: "\n") + "\n1..2\n"
    }

    private func count(_ call: String) -> Int { trace.entries[call]?.count ?? 0 }

    private static func padded(_ count: Int) -> String {
        let digits = String(count)
        return String(repeating: " ", count: max(0, 8 - digits.count)) + digits
    }

    private static func row(_ holds: Bool, _ number: Int, _ text: String, _ detail: String) -> String {
        holds ? "ok \(number) - \(text)" : "not ok \(number) - \(text) # \(detail)"
    }
}
