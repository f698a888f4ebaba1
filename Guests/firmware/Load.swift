// A load: many commands one after the other, and how long they took by the time stamp counter.
import Machine

enum Load {
    /// Writes to the backend at most: it takes 100 at once, and then two a second (varstored.md 18).
    private static let keptMax: UInt64 = 90

    /// Reads, volatile writes, writes that the backend keeps and large ones; each with its own time.
    static func run(_ count: UInt64) -> Verdict {
        let (kept, volatile) = (Variable.test("LoadKept"), Variable.test("LoadVolatile"))
        guard kept.set(.number(0, count: 8), 7) == .success, volatile.set(.number(0, count: 8), 6) == .success else {
            Line("firmware: load FAILED, its variables can't be made").end()
            return .failed
        }
        Line("firmware: ").number(count).text(" commands of each kind, at most ").number(keptMax)
            .text(" that the backend must keep").end()
        var good = true
        good = measure("Get", count) { _ in kept.get().status } && good
        good = measure("Set of a volatile variable", count) { volatile.set(.number($0, count: 8), 6) } && good
        good = measure("Set that is kept", min(count, keptMax)) { kept.set(.number($0, count: 8), 7) } && good
        good = measure("Set of 32 KiB, volatile", count) { _ in volatile.set(.filled(7, count: 32768), 6) } && good
        good = kept.delete(7) == .success && volatile.delete(6) == .success && good
        Line(good ? "firmware: load passed" : "firmware: load FAILED").end()
        return good ? .passed : .failed
    }

    /// Whether all succeeded.
    private static func measure(_ what: StaticString, _ count: UInt64, _ command: (UInt64) -> VariableStatus) -> Bool {
        var failed: UInt64 = 0
        let start = read_time_stamp()
        for number in 0..<count where command(number) != .success { failed += 1 }
        let cycles = read_time_stamp() &- start
        var line = Line("   ").text(what).dots(to: 40).number(cycles / max(count, 1), width: 10).text(" cycles")
        if let kilohertz = Hypervisor.timeStampKilohertz, cycles > 0 {
            // cycles / (1000 kHz) seconds for all of them.
            line = line.number(count &* kilohertz &* 1000 / cycles, width: 9).text(" a second")
        }
        line.end()
        if failed > 0 { Line("   of them failed: ").number(failed).end() }
        return failed == 0
    }
}
