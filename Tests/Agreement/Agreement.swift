// The model beside naive models of its parts, a million random steps each, and the whole way of an access beside a
// naive machine. Prints TAP.
// Usage: corbel-agreement [SEED]. The seed is printed; without one it is 1.

internal import ModelAgreement
internal import SystemCalls

@main
struct Agreement {
    static func main() {
        let seed = CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 1
        print("# seed \(seed)")
        var isRight = report(1, "ranges agree with a naive model over 1,000,000 random steps") {
            () throws(Disagreement) in
            for part in 0..<2 { try RangeAgreement.run(steps: 500_000, seed: seed &* 2 &+ UInt64(part)) }
        }
        isRight =
            report(2, "memory types and moves agree with a naive model over 1,000,000 random steps") {
                () throws(Disagreement) in
                try MemoryAgreement.run(steps: 1_000_000, seed: seed)
            } && isRight
        isRight =
            report(3, "selection agrees with a naive model over 1,000,000 random steps") {
                () throws(Disagreement) in
                try SelectionAgreement.run(steps: 1_000_000, seed: seed)
            } && isRight
        isRight =
            report(4, "1,000,000 hostile calls trap nothing and write nowhere that they may not") {
                () throws(Disagreement) in
                try HostileCalls.run(steps: 1_000_000, seed: seed)
            } && isRight
        isRight =
            report(5, "200,000 accesses of guests are answered as a naive machine says, by XenDeviceModel on the model")
        {
            () throws(Disagreement) in
            try PathAgreement.run(accesses: 200_000, seed: seed)
        } && isRight
        print("1..5")
        exitProgram(isRight ? 0 : 1)
    }

    private static func report(_ number: Int, _ text: String, _ body: () throws(Disagreement) -> Void) -> Bool {
        do throws(Disagreement) {
            try body()
            print("ok \(number) - \(text)")
            return true
        } catch {
            print("not ok \(number) - \(text) # \(error)")
            return false
        }
    }
}
