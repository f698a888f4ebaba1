// Rounds of kill -9 at random moments while a file with state is written: each time the file holds the last
// acknowledged blob or the one after it, whole. TAP on standard output. varstored.md 13.2.
//   varstored-kill-test FOLDER [ROUNDS]     500 rounds unless another number is given
// Not for: a loss of power, which takes what is not on the disk too.

import CSpawn
import DaemonShell
import SystemCalls
import VariableBackends

/// What is wrong after a round.
struct RoundFailure: Error {
    var words: String

    init(_ words: String) { self.words = words }
}

struct Rounds {
    let folder: String
    let program: String
    var path: String { folder + "/nvram" }
    var notes: String { folder + "/notes" }
    private(set) var lastNumber: UInt64 = 0
    private(set) var writeCount: UInt64 = 0
    /// Rounds in which the file was one ahead of the notes, and rounds that left a temporary file.
    private(set) var aheadCount = 0
    private(set) var leftOverCount = 0
    private var random: UInt64

    init(folder: String, program: String, seed: UInt64) {
        self.folder = folder
        self.program = program
        random = seed | 1
    }

    /// Starts the writer, kills it at a random moment after its first note, and looks.
    mutating func round() throws {
        try? removeFile(path: notes)
        let arguments = "write\n\(path)\n\(notes)\n\(lastNumber + 1)"
        // SAFETY: both texts live throughout the call, which copies what it keeps.
        let process = unsafe program.withCString { program in
            unsafe arguments.withCString { unsafe corbel_bench_spawn(program, $0, nil) }
        }
        guard process > 0 else { throw RoundFailure("not started: \(process)") }
        let isWriting = waitForNotes()
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        // Up to 20 ms: some writes, and then somewhere within one.
        MonotonicTime(nanoseconds: MonotonicTime.now.nanoseconds + random % 20_000_000).sleep()
        corbel_bench_end(process)
        guard isWriting else { throw RoundFailure("the writer has written nothing in 10 s") }
        try look()
    }

    private func waitForNotes() -> Bool {
        let end = MonotonicTime.now.advanced(byMilliseconds: 10_000)
        while MonotonicTime.now < end {
            if let file = try? OwnedDescriptor.open(path: notes, .read), (try? file.byteCount()) ?? 0 >= 8 {
                return true
            }
            MonotonicTime.now.advanced(byMilliseconds: 1).sleep()
        }
        return false
    }

    private mutating func look() throws {
        let noted = try OwnedDescriptor.open(path: notes, .read)
        let bytes = try noted.read(at: 0, byteCount: try noted.byteCount())
        let count = bytes.count / 8
        let acknowledged = lastNumber + UInt64(count)
        // Every note is there, in order: the last one says it all.
        guard bytes.count % 8 == 0, Array(bytes.suffix(8)) == NumberedBlob.littleEndian(acknowledged) else {
            throw RoundFailure("notes that make no sense")
        }
        guard let held = try StateFile(path: path).read(byteCountMax: 524_288) else { throw RoundFailure("no file") }
        guard let number = NumberedBlob.number(held) else { throw RoundFailure("\(held.count) bytes that are no blob") }
        guard number == acknowledged || number == acknowledged + 1 else {
            throw RoundFailure("acknowledged \(acknowledged), found \(number)")
        }
        let names = try directoryNames(path: folder, countMax: 100).sorted()
        let usual = ["notes", "nvram", "nvram.lock"]
        guard names.filter({ !usual.contains($0) }).allSatisfy({ $0 == "nvram.new" }) else {
            throw RoundFailure("files that nobody wants: \(names)")
        }
        if number > acknowledged { aheadCount += 1 }
        if names.count > usual.count { leftOverCount += 1 }
        writeCount += UInt64(count)
        lastNumber = number
    }
}

@main
struct Program {
    static func main() throws {
        let words = CommandLine.arguments
        if words.count == 5, words[1] == "write", let first = UInt64(words[4]) {
            try writeForEver(path: words[2], notes: words[3], from: first)
        }
        guard words.count == 2 || words.count == 3, let wanted = words.count == 3 ? Int(words[2]) : 500, wanted > 0
        else {
            try StandardStream.error.write("usage: varstored-kill-test FOLDER [ROUNDS]\n")
            exitProgram(2)
        }
        let seed = MonotonicTime.now.nanoseconds
        var rounds = Rounds(folder: words[1], program: "/proc/self/exe", seed: seed)
        let text = "\(wanted) rounds of kill -9 during writes: the last acknowledged blob or the next one, whole"
        for round in 1...wanted {
            do {
                try rounds.round()
            } catch {
                let reason = (error as? RoundFailure)?.words ?? "\(error)"
                try StandardStream.output.write("not ok 1 - \(text)\n# round \(round), seed \(seed): \(reason)\n1..1\n")
                exitProgram(1)
            }
        }
        let counts =
            "\(rounds.writeCount) writes acknowledged, \(rounds.aheadCount) rounds one ahead, "
            + "\(rounds.leftOverCount) with a left-over temporary file"
        try StandardStream.output.write("ok 1 - \(text)\n# \(counts)\n1..1\n")
    }
}
