// Long random runs of the store without its daemon: everything that clients, guests and Xen do, millions of times, from
// one seed. Nothing may grow, and what the store counts is what is there. TAP.
//     xenstore-soak [OPERATIONS [SEED]]      default: 800 000, seed 1; issue 9 asks for 50 million
// Not for: sockets, rings, the daemon (Tests/Xenstored/check).

internal import CSpawn
internal import SystemCalls
internal import XenstoreCore

@main
enum Program {
    static func main() {
        let words = CommandLine.arguments.dropFirst().map { Int($0) }
        guard words.count <= 2, let operations = words.first ?? 800_000, operations >= 1000,
            let seed = words.dropFirst().first ?? 1
        else {
            try? StandardStream.error.write("usage: xenstore-soak [OPERATIONS [SEED]], at least 1000 operations\n")
            exitProgram(64)
        }
        var rows = Rows()
        soak(operations, UInt64(truncatingIfNeeded: seed), &rows)
        watchRounds(operations < 500_000 ? operations : 1_000_000, &rows)
        reuseRounds(min(operations, 10_000), &rows)
        rows.finish()
    }

    /// Ten parts, each of which ends with an empty store; what the first part has made once stays.
    private static func soak(_ operations: Int, _ seed: UInt64, _ rows: inout Rows) {
        let soak = Soak(seed: seed)
        let began = MonotonicTime.now
        var resident: [Int] = []
        var heap: [Int] = []
        var differences: [String] = []
        for part in 1...10 {
            soak.run(operations / 10)
            resident.append(residentKiB())
            differences += soak.recount().map { "part \(part): \($0)" }
            differences += soak.settle().map { "part \(part), emptied: \($0)" }
            heap.append(Int(corbel_bench_heap_bytes() / 1024))
        }
        let seconds = Double(MonotonicTime.now.nanoseconds - began.nanoseconds) / 1e9
        let each = seconds * 1e6 / Double(operations)
        print("# \(operations) operations of seed \(seed) in \(tenths(seconds)) s, \(tenths(each)) us each")
        print("# answers: \(soak.answers.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", "))")
        print("# life: \(soak.life.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", "))")
        print("# highest: \(soak.highest)")
        rows.check(differences.isEmpty, "what the store counts is what is there, ten times", differences.first ?? "")
        let missing = soak.missingKinds
        rows.check(missing.isEmpty, "the run has met every kind of answer and of a domain's end", "\(missing)")
        rows.check(
            soak.overLimits == 0, "no connection ever held more events than its limit and its watches",
            "\(soak.overLimits) times")
        // A table that has once been larger keeps a piece more, of 288 KiB at most.
        flat(heap, 300, "what the emptied store has on the heap", &rows)
        // Depends on the highest peaks so far, and on how the allocator packs them.
        // Long runs have met their peaks in the first half.
        let share = operations < 5_000_000 ? 5 : 20
        flat(resident, max(1024, (resident.prefix(5).max() ?? 0) / share), "resident memory", &rows)
    }

    /// The highest of the last half is not far above that of the first half, in KiB.
    private static func flat(_ samples: [Int], _ more: Int, _ what: String, _ rows: inout Rows) {
        let growth = (samples.suffix(5).max() ?? 0) - (samples.prefix(5).max() ?? 0)
        rows.check(growth <= more, "\(what) is flat from the warm-up to the end", "\(samples) KiB")
    }

    /// XSA-330, with all of its rounds when the run is a whole one.
    private static func watchRounds(_ rounds: Int, _ rows: inout Rows) {
        let soak = Soak(seed: 1)
        let counts = soak.core.counts
        soak.watchRounds(1000)
        let early = residentKiB()
        soak.watchRounds(rounds)
        let grown = residentKiB() - early
        rows.check(
            soak.core.counts == counts && grown <= 256,
            "XSA-330: \(rounds) rounds of WATCH and RESET_WATCHES leave memory where it was", "\(grown) KiB more")
    }

    /// XSA-483.
    private static func reuseRounds(_ rounds: Int, _ rows: inout Rows) {
        let soak = Soak(seed: 1)
        _ = soak.reuseRounds(100)
        let early = residentKiB()
        let wrong = soak.reuseRounds(rounds)
        let grown = residentKiB() - early
        rows.check(
            wrong == nil && grown <= 256, "XSA-483: \(rounds) domains of one number: counts begin at 0",
            wrong ?? "\(grown) KiB more")
    }

    private static func residentKiB() -> Int { (residentByteCount() ?? 0) / 1024 }

    private static func tenths(_ number: Double) -> String {
        let tenths = Int(number * 10)
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// TAP rows.
struct Rows {
    private var number = 0
    private var failed = false

    mutating func check(_ holds: Bool, _ text: String, _ detail: String) {
        number += 1
        failed = failed || !holds
        print("\(holds ? "ok" : "not ok") \(number) - \(text)")
        if !detail.isEmpty { print("# \(detail)") }
    }

    func finish() -> Never {
        print("1..\(number)")
        exitProgram(failed ? 1 : 0)
    }
}
