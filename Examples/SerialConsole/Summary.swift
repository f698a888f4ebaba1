// What a run has done, as a table for people and as JSON for programs.
// Not for: counting (see ServerStatistics).

import XenABI
import XenDeviceModel

/// The numbers of one run.
struct Summary {
    var domain: UInt16
    /// Why serving ended.
    var end: String
    /// From the enabling of the server to the end.
    var servedNanoseconds: UInt64
    /// From the first request to the last one.
    var activeNanoseconds: UInt64
    var statistics: ServerStatistics
    /// Operations that were called, by Xen's names.
    var operations: [(name: String, counter: CallCounter)]
    var sentByteCount: UInt64
    var receivedByteCount: UInt64
    var lostByteCount: Int
    var residentByteCount: Int?

    /// Requests in a second, from the first to the last; 0 for less than two.
    var requestsPerSecond: UInt64 {
        guard activeNanoseconds > 0 else { return 0 }
        return UInt64(Double(statistics.requests) * 1e9 / Double(activeNanoseconds))
    }

    /// A table of some 80 columns.
    var table: String {
        let times = statistics.serviceTime
        var text = """
            domain \(domain): \(end) after \(duration(servedNanoseconds))
              requests      \(statistics.requests), \(requestsPerSecond)/s \
            (\(statistics.reads) reads, \(statistics.requests - min(statistics.requests, statistics.reads)) writes, \
            \(statistics.strings) string, \(statistics.unclaimed) unclaimed, \(statistics.malformed) malformed)
              service time  p50 \(duration(times.percentile(0.5))), p99 \(duration(times.percentile(0.99))), \
            max \(duration(times.maximum))
              bytes         \(sentByteCount) from the guest, \(receivedByteCount) to it, \(lostByteCount) not shown

            """
        if let residentByteCount { text += "  memory        \((residentByteCount + 1023) / 1024) KiB\n" }
        text += row("operation", "calls", "refused", "total", "mean")
        for (name, counter) in operations {
            let mean = counter.count > 0 ? counter.nanoseconds / counter.count : 0
            text += row(
                name, String(counter.count), String(counter.refused), duration(counter.nanoseconds), duration(mean))
        }
        return text
    }

    private func row(_ name: String, _ cells: String...) -> String {
        var line = "  " + name + String(repeating: " ", count: max(1, 34 - name.utf8.count))
        for cell in cells { line += String(repeating: " ", count: max(1, 10 - cell.utf8.count)) + cell }
        return line + "\n"
    }

    /// One line, one object.
    var json: String {
        let times = statistics.serviceTime
        let calls = operations.map { name, counter in
            """
            {"name":"\(name)","count":\(counter.count),"refused":\(counter.refused),\
            "nanoseconds":\(counter.nanoseconds)}
            """
        }
        return """
            {"program":"SerialConsole","version":"\(version)","domain":\(domain),"end":"\(end)",\
            "served_nanoseconds":\(servedNanoseconds),"active_nanoseconds":\(activeNanoseconds),\
            "requests":\(statistics.requests),"requests_per_second":\(requestsPerSecond),\
            "reads":\(statistics.reads),"strings":\(statistics.strings),"posted":\(statistics.posted),\
            "unclaimed":\(statistics.unclaimed),"malformed":\(statistics.malformed),\
            "broadcasts":\(statistics.broadcasts),\
            "service_nanoseconds":{"p50":\(times.percentile(0.5)),"p99":\(times.percentile(0.99)),\
            "max":\(times.maximum)},\
            "bytes_from_guest":\(sentByteCount),"bytes_to_guest":\(receivedByteCount),\
            "bytes_not_shown":\(lostByteCount),\
            "resident_bytes":\(residentByteCount.map(String.init) ?? "null"),\
            "operations":[\(calls.joined(separator: ","))]}

            """
    }
}

/// Nanoseconds with a fitting unit, one decimal: "850 ns", "4.2 us", "13.1 ms", "2.5 s".
func duration(_ nanoseconds: UInt64) -> String {
    if nanoseconds < 1000 { return "\(nanoseconds) ns" }
    var scale: UInt64 = 1000
    for unit in ["us", "ms", "s"] {
        // Rounded to a tenth; the next unit where that makes 1000.0.
        let tenths = nanoseconds / (scale / 10) + (nanoseconds % (scale / 10) >= scale / 20 ? 1 : 0)
        if tenths < 10_000 || unit == "s" { return "\(tenths / 10).\(tenths % 10) \(unit)" }
        scale *= 1000
    }
    return ""
}
