// The numbers at the end of a run.

import Testing
import XenDeviceModel

@testable import SerialConsole

@Suite struct SummaryTests {
    private var summary: Summary {
        var statistics = ServerStatistics()
        statistics.requests = 3
        statistics.reads = 1
        for time: UInt64 in [1000, 2000, 4_000_000] { statistics.serviceTime.record(time) }
        var counter = CallCounter()
        counter.count = 2
        counter.refused = 1
        counter.nanoseconds = 5000
        return Summary(
            domain: 5, end: "gone", servedNanoseconds: 2_500_000_000, activeNanoseconds: 1_500_000_000,
            statistics: statistics, operations: [("create_ioreq_server", counter)], sentByteCount: 2,
            receivedByteCount: 1, lostByteCount: 0, residentByteCount: 5000)
    }

    @Test func durationsHaveAFittingUnit() {
        let expected: [(UInt64, String)] = [
            (0, "0 ns"), (999, "999 ns"), (1000, "1.0 us"), (1949, "1.9 us"), (1950, "2.0 us"), (999_949, "999.9 us"),
            (999_950, "1.0 ms"), (13_140_000, "13.1 ms"), (2_500_000_000, "2.5 s"), (120_000_000_000, "120.0 s"),
            (.max, "18446744073.7 s"),
        ]
        for (nanoseconds, text) in expected { #expect(duration(nanoseconds) == text) }
    }

    @Test func theRateIsOverTheTimeInWhichRequestsCame() {
        #expect(summary.requestsPerSecond == 2)
        var idle = summary
        idle.activeNanoseconds = 0
        #expect(idle.requestsPerSecond == 0)
    }

    @Test func theTableNamesEachOperation() {
        let table = summary.table
        #expect(table.contains("domain 5: gone after 2.5 s\n"))
        #expect(table.contains("3, 2/s (1 reads, 2 writes, 0 string, 0 unclaimed, 0 malformed)"))
        #expect(table.contains("2 from the guest, 1 to it, 0 not shown"))
        #expect(table.contains("create_ioreq_server                        2         1    5.0 us    2.5 us\n"))
    }

    @Test func theJSONIsOneLineWithEveryNumber() {
        let json = summary.json
        #expect(json.hasPrefix("{\"program\":\"SerialConsole\",") && json.hasSuffix("]}\n"))
        #expect(json.split(separator: "\n").count == 1)
        for part in [
            "\"domain\":5,\"end\":\"gone\"", "\"requests\":3,\"requests_per_second\":2", "\"max\":4000000",
            "{\"name\":\"create_ioreq_server\",\"count\":2,\"refused\":1,\"nanoseconds\":5000}",
        ] {
            #expect(json.contains(part))
        }
    }
}
