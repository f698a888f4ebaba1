// A script: commands that a vCPU keeps and does by itself, at full speed, judging what they gave where it is told to.
// What an expectation should be is the driver's business.
import Machine

/// The words of one script, in the vCPU's own page for it.
struct Script: WordSource {
    private let start: UInt64
    private let count: UInt32
    private var position: UInt32 = 0

    /// Reads all words, also of a script that is too long, so that the stream stays in step; then checks every command.
    init(count: UInt32, on vcpu: UInt32, from port: CommandPort) throws(Status) {
        start = scripts_start() + UInt64(vcpu * Protocol.scriptWordsMax * 4)
        self.count = count
        for index in 0..<count {
            let word = port.receive()
            if index < Protocol.scriptWordsMax { store32(start + UInt64(index) * 4, UInt64(word)) }
        }
        guard count >= 1, count <= Protocol.scriptWordsMax else { throw .badScript }
        var steps = self
        while let command = try steps.next() {
            switch command {
            case .script, .shutdown, .spin: throw .badScript
            default: continue
            }
        }
    }

    /// 0 beyond the end: `next()` sees that a command was cut short.
    mutating func receive() -> UInt32 {
        defer { position += 1 }
        return position < count ? UInt32(truncatingIfNeeded: load32(start + UInt64(position) * 4)) : 0
    }

    /// The next command; nil at the end.
    mutating func next() throws(Status) -> Command? {
        guard position < count else { return nil }
        guard let opcode = Opcode(rawValue: receive()) else { throw .unknownOpcode }
        let command = try Command(opcode, from: &self)
        guard position <= count else { throw .badScript }
        return command
    }
}

/// Compares, counts, and reports what is not as it should be.
struct Judge {
    private let port: CommandPort
    private var number: UInt32 = 0
    private(set) var checked: UInt32 = 0
    private(set) var failed: UInt32 = 0

    init(_ port: CommandPort) { self.port = port }

    /// A new round: expectations are numbered from 1 on again.
    mutating func restart() { number = 0 }

    mutating func judge(_ got: UInt64, _ wanted: UInt64, mask: UInt64) {
        number += 1
        checked &+= 1
        if got & mask == wanted & mask { return }
        failed &+= 1
        if failed <= Protocol.reportsMax { port.report(number, got: got, wanted: wanted) }
    }

    /// One expectation about all of the words; the first that differs is reported.
    mutating func judgeWords(at offset: UInt32, count: UInt32, _ wanted: UInt32) {
        var got = UInt64(wanted)
        for index in 0..<count {
            got = load32(Buffer.address(offset + 4 * index))
            if got != UInt64(wanted) { break }
        }
        judge(got, UInt64(wanted), mask: .max)
    }
}

extension Command {
    /// What the value that a command gives can't exceed: all ones of the access.
    var allOnes: UInt64 {
        switch self {
        case .portIn(_, let width), .load(_, let width), .pciRead(_, _, let width), .repeatIn(_, let width, _),
            .repeatLoad(_, let width, _):
            .max >> UInt64(64 - 8 * width.rawValue)
        default: 0xffff_ffff
        }
    }
}

extension Exerciser {
    /// Does a script `rounds` times over. The answer: expectations looked at, and of these the ones that failed.
    func run(_ script: Script, rounds: UInt32) throws(Status) -> Answer {
        guard rounds >= 1, rounds <= Protocol.roundsMax else { throw .badCount }
        var judge = Judge(port)
        for _ in 0..<rounds {
            var steps = script
            var value: UInt64 = 0
            var allOnes: UInt64 = 0xffff_ffff
            judge.restart()
            while let command = try steps.next() {
                switch command {
                case .expectValue(let wanted, let mask): judge.judge(value, wanted, mask: mask)
                case .expectOnes: judge.judge(value, allOnes, mask: .max)
                case .expectWords(let offset, let count, let wanted):
                    judge.judgeWords(at: offset, count: count, wanted)
                default:
                    let answer = try perform(command)
                    if answer.count > 0 { (value, allOnes) = (answer.value, command.allOnes) }
                }
            }
        }
        return Answer().word(judge.checked).word(judge.failed)
    }
}
