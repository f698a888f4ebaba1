// The three ports by which one vCPU is driven. It moves words; what they mean is Command.swift's.
import Machine

/// What one command gives back.
struct Answer {
    let status: Status
    private(set) var count = 0
    private(set) var words = InlineArray<5, UInt32>(repeating: 0)

    init(_ status: Status = .ok) { self.status = status }

    /// This answer with one more result word (at most five).
    func word(_ value: UInt32) -> Answer {
        var longer = self
        longer.words[count] = value
        longer.count += 1
        return longer
    }

    /// What an expectation looks at: the only word or pair; of a timed loop's two pairs the second, the last value.
    var value: UInt64 {
        let first = count > 2 ? 2 : 0
        return UInt64(words[first]) | (count > 1 ? UInt64(words[first + 1]) << 32 : 0)
    }

    /// This answer with a 64-bit result, low half first.
    func pair(_ value: UInt64) -> Answer {
        word(UInt32(truncatingIfNeeded: value)).word(UInt32(truncatingIfNeeded: value >> 32))
    }
}

/// Where the words of commands come from: the command port, or a script.
protocol WordSource {
    mutating func receive() -> UInt32
}

/// Ports of one vCPU.
struct CommandPort: WordSource {
    let vcpu: UInt32

    func receive() -> UInt32 { in32(Protocol.commandPort + vcpu * Protocol.portStride) }

    /// The next opcode. 0 means "nothing yet"; all ones is what an unclaimed port reads: nobody is there (yet).
    func receiveOpcode() -> UInt32 {
        while true {
            let word = receive()
            if word != 0 && word != ~0 { return word }
            for _ in 0..<10_000 { spin_pause() }
        }
    }

    func send(_ word: UInt32) { out32(Protocol.answerPort + vcpu * Protocol.portStride, word) }

    /// Tells of a failed expectation: its number in the script, from 1 on; what there was; what was wanted.
    func report(_ number: UInt32, got: UInt64, wanted: UInt64) {
        let port = Protocol.reportPort + vcpu * Protocol.portStride
        out32(port, number)
        out32(port, UInt32(truncatingIfNeeded: got))
        out32(port, UInt32(truncatingIfNeeded: got >> 32))
        out32(port, UInt32(truncatingIfNeeded: wanted))
        out32(port, UInt32(truncatingIfNeeded: wanted >> 32))
    }

    func send(_ answer: Answer) {
        send(answer.status.rawValue)
        for index in 0..<answer.count { send(answer.words[index]) }
    }
}
