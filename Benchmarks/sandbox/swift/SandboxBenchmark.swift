// The sandbox's side of `make bench`: what the model of Xen costs. Prints a line for each measurement: name, value.
//     corbel-sandbox-bench inside ROUNDS              within one process
//     corbel-sandbox-bench across ROUNDS              with a device model in another process
//     corbel-sandbox-bench start ROUNDS [CORBEL]      starting a sandbox; CORBEL: the path of the real one's program
// Benchmarks/sandbox.awk makes a table of it. Nothing here needs Xen, or rights.

import CSpawn
import SystemCalls
import XenABI

@main
enum SandboxBenchmark {
    static func main() { run(Array(CommandLine.arguments.dropFirst())) }

    /// Apart from main, which is the main actor's: closures in it would bring in Concurrency and Dispatch.
    private static func run(_ words: [String]) {
        do {
            switch words.first {
            case "inside" where words.count == 2: try measureInside(rounds: try number(words[1]))
            case "across" where words.count == 2: try measureAcross(rounds: try number(words[1]))
            case "start" where 2...3 ~= words.count:
                try measureStart(rounds: try number(words[1]), corbel: words.count == 3 ? words[2] : nil)
            // What it starts itself as.
            case "model" where words.count == 4:
                corbel_bench_pin(Int32(try number(words[3]) - 1))
                try serveAsModel(words[1], DomainID(UInt16(try number(words[2]))))
            case "sandbox" where words.count == 2: try serveAsSandbox(words[1])
            default: throw BenchmarkError("usage: corbel-sandbox-bench inside|across|start ROUNDS [CORBEL]")
            }
        } catch {
            try? StandardStream.error.write("corbel-sandbox-bench: \(error)\n")
            exitProgram(1)
        }
    }

    private static func number(_ word: String) throws(BenchmarkError) -> Int {
        guard let number = Int(word), number > 0 else { throw BenchmarkError("\(word) is no number of rounds") }
        return number
    }

    /// Each subject once in each round, so that the machine's moods meet all of them.
    private static func measureInside(rounds: Int) throws {
        try measureIdleDomains()
        let subjects: [any Subject] = [
            try PortRoundTrip(), try OperationCall(), Selecting(domainCount: 1), Selecting(domainCount: 1000),
            Selecting(memoryOfDomains: 1000),
        ]
        for _ in 0..<rounds {
            for subject in subjects { try subject.measure() }
        }
    }
}

/// Something to be measured again and again.
protocol Subject {
    /// Measures it once and prints what came out.
    func measure() throws
}

/// A benchmark that can't go on.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A line for the table.
func report(_ name: String, _ value: Double) {
    try? StandardStream.output.write("\(name) \(value)\n")
}

/// Nanoseconds that each of `count` turns of a loop has taken: of processor time, because nothing in it sleeps, and
/// others may use the machine.
func nanosecondsEach<Failure: Error>(_ count: Int, _ body: () throws(Failure) -> Void) throws(Failure) -> Double {
    let start = corbel_bench_processor_time()
    try body()
    return Double(corbel_bench_processor_time() - start) / Double(count)
}

extension Array where Element: Comparable {
    /// The element that so many thousandths of all are below; of an array that has elements.
    func quantile(_ thousandths: Int) -> Element {
        let sorted = sorted()
        return sorted[Swift.min(sorted.count - 1, sorted.count * thousandths / 1000)]
    }
}
