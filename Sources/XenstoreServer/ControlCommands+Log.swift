// `log`, `logfile`, `memreport`, `print` (xenstored.md 12).
// Not for: writing the trace log (the daemon's).

internal import DaemonShell
internal import XenstoreCore

extension ControlCommands {
    /// `log`: without a parameter a heading, and a line `name: on` or `name: off` for each switch.
    func log(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        guard let trace, words.parameters.count < 2 else { return .wrong }
        if words.parameters.isEmpty {
            let switches = TraceSwitch.allCases.map { "\($0.rawValue): \(trace.isOn($0) ? "on" : "off")" }
            return .lines(["Log switch settings:"] + switches)
        }
        let word = words.text(0)
        switch word {
        case "on": trace.isOn = true
        case "off": trace.isOn = false
        default:
            guard let sign = word.first, sign == "+" || sign == "-",
                let name = TraceSwitch(rawValue: String(word.dropFirst()))
            else { return .wrong }
            trace.set(name, on: sign == "+")
        }
        return .done
    }

    /// `logfile`.
    func logFile(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        guard let trace, words.parameters.count == 1, !words.parameters[0].isEmpty,
            trace.openFile(words.text(0))
        else { return .wrong }
        return .done
    }

    /// `memreport`: one size a line, `name: value`.
    func memoryReport(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        guard let trace, words.parameters.count < 2 else { return .wrong }
        let file = words.parameters.isEmpty ? nil : words.text(0)
        if file == nil && !trace.hasFile || file == "" { return .wrong }
        return trace.write(memoryLines(server.core), to: file) ? .done : .wrong
    }

    private func memoryLines(_ core: XenstoreCore) -> [String] {
        let sizes = core.sizes
        var lines = [
            "nodes: \(sizes.nodes)", "versions and nodes of transactions: \(sizes.otherSlots)",
            "watches: \(sizes.watches)", "names of watched paths: \(sizes.trieNodes)",
            "connections: \(sizes.connections)", "domains: \(sizes.domains)",
            "transactions: \(core.transactionCount)",
        ]
        for domain in core.domainSummaries(now: now()) {
            lines.append(
                "domain \(domain.domain): \(domain.memoryByteCount) bytes, \(domain.nodeCount) nodes,"
                    + " \(domain.watchCount) watches, \(domain.transactionCount) transactions,"
                    + " \(domain.outstanding) replies and \(domain.queuedEvents) events queued")
        }
        return lines
    }

    /// `print`: the text goes to the log.
    func print(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        guard words.parameters.count == 1 else { return .wrong }
        server.log.write(.information, "control", words.text(0))
        server.trace?.note("control: " + words.text(0))
        return .done
    }
}
