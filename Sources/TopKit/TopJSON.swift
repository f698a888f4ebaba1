// One look as JSON: one object, one line. Documentation/statistics-page.md names the fields.

import DaemonShell
import StatisticsPage
import XenABI

extension TopView {
    /// The look as one line of JSON, without its end. `now` is when it was, in nanoseconds of CLOCK_MONOTONIC.
    public func json(folder: String, now: UInt64) -> String {
        let servers = rows.map(Self.json).joined(separator: ",")
        let notes = notes.map(jsonString).joined(separator: ",")
        return """
            {"folder":\(jsonString(folder)),"nanoseconds":\(now),"servers":[\(servers)],"notes":[\(notes)]}
            """
    }

    private static func json(_ row: TopRow) -> String {
        var fields = [
            "\"program\":\(jsonString(row.process.program))", "\"pid\":\(row.process.processID)",
            "\"live\":\(row.isLive)", "\"started_nanoseconds\":\(row.process.started)",
            "\"platform\":\(jsonString(row.process.platform.word))",
        ]
        if let server = row.server { fields += json(server, row) } else { fields.append("\"domain\":null") }
        return "{\(fields.joined(separator: ","))}"
    }

    private static func json(_ server: ServerRecord, _ row: TopRow) -> [String] {
        let ranges = row.ranges.map { range in
            """
            {"type":\(range.type),"start":\(range.start),"end":\(range.end),"device":\(jsonString(range.device))}
            """
        }
        let operations = row.operations.map { operation in
            let name = DMOpcode(operation.operation).name.description
            return """
                {"name":\(jsonString(name)),"number":\(operation.operation),"count":\(operation.count),\
                "refused":\(operation.refused),"nanoseconds":\(operation.nanoseconds)}
                """
        }
        let counters = server.counters
        return [
            "\"domain\":\(server.domain)", "\"server\":\(server.id)", "\"state\":\(jsonString(server.state.word))",
            "\"buffered\":\(server.isBuffered)", "\"range_count\":\(server.rangeCount)",
            "\"ranges\":[\(ranges.joined(separator: ","))]", "\"requests\":\(counters.requests)",
            "\"reads\":\(counters.reads)", "\"strings\":\(counters.strings)", "\"posted\":\(counters.posted)",
            "\"unclaimed\":\(counters.unclaimed)", "\"malformed\":\(counters.malformed)",
            "\"failures\":\(counters.failures)", "\"broadcasts\":\(counters.broadcasts)",
            "\"requests_per_second\":\(row.requestsPerSecond.map(jsonNumber) ?? "null")",
            "\"read_share\":\(row.readShare.map(jsonNumber) ?? "null")",
            "\"mean_nanoseconds\":\(row.meanNanoseconds.map(String.init) ?? "null")",
            "\"p99_nanoseconds\":\(row.percentile99Nanoseconds.map(String.init) ?? "null")",
            "\"max_nanoseconds\":\(server.latencyMaximum)", "\"operations\":[\(operations.joined(separator: ","))]",
        ]
    }
}

/// A number with three decimals at most; JSON knows no infinity.
func jsonNumber(_ value: Double) -> String {
    guard value.isFinite, value < 1e15 else { return "null" }
    let thousandths = UInt64((max(value, 0) * 1000).rounded())
    let rest = String(thousandths % 1000)
    return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
}

/// A text in quotes, with escapes.
public func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        default:
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }
    return result + "\""
}
