// A script for the guest: several commands, some with an expectation, that a vCPU does without the driver in between.
// Not for: what the commands mean (Guests/README.md).

/// Commands and what the guest is to expect of them. An expectation is about the last command that gave a value.
public struct GuestScript {
    /// What is sent.
    public private(set) var words: [UInt32] = []
    /// How many expectations there are.
    public private(set) var expectationCount = 0

    public init() {}

    /// Adds a command with its arguments.
    public mutating func add(_ opcode: Opcode, _ arguments: [UInt32] = []) {
        words += [opcode.rawValue] + arguments
    }

    /// The value, under a mask.
    public mutating func expect(_ value: UInt64, mask: UInt64 = .max) {
        expectation(.expectValue, pair(value) + pair(mask))
    }

    /// All ones, as wide as the access was.
    public mutating func expectOnes() { expectation(.expectOnes, []) }

    /// `count` 4-byte words of the buffer, all of them `value`.
    public mutating func expect(words count: UInt32, at offset: UInt32, _ value: UInt32) {
        expectation(.expectWords, [offset, count, value])
    }

    private mutating func expectation(_ opcode: Opcode, _ arguments: [UInt32]) {
        expectationCount += 1
        add(opcode, arguments)
    }
}

/// What the guest told of one expectation that failed.
public struct FailedExpectation: Equatable {
    /// Its number in the script, from 1 on.
    public var number: UInt32
    public var got: UInt64
    public var wanted: UInt64

    public init(_ number: UInt32, got: UInt64, wanted: UInt64) {
        (self.number, self.got, self.wanted) = (number, got, wanted)
    }
}

/// What became of a script.
public struct ScriptOutcome {
    /// Expectations that were looked at, in all rounds.
    public var checked: UInt32
    /// Of these, the ones that failed.
    public var failed: UInt32
    /// What the guest told of them: the first `Protocol.reportsMax`.
    public var reports: [FailedExpectation]
}

extension GuestDriver {
    /// Gives a script to a vCPU and does not wait.
    public func send(_ script: GuestScript, rounds: UInt32 = 1, vcpu: Int = 0) {
        send(.script, [UInt32(script.words.count), rounds] + script.words, vcpu: vcpu)
    }

    /// Serves until the script is done.
    public func outcome(vcpu: Int = 0) throws(DriverError) -> ScriptOutcome {
        let counts = try results(2, vcpu: vcpu)
        let words = takeReports(vcpu: vcpu)
        let reports = stride(from: 0, to: words.count - words.count % 5, by: 5).map { start in
            FailedExpectation(
                words[start], got: joined(Array(words[start + 1...start + 2])),
                wanted: joined(Array(words[start + 3...start + 4])))
        }
        return ScriptOutcome(checked: counts[0], failed: counts[1], reports: reports)
    }

    /// Gives a script and waits for its outcome.
    public func run(_ script: GuestScript, rounds: UInt32 = 1, vcpu: Int = 0) throws(DriverError) -> ScriptOutcome {
        send(script, rounds: rounds, vcpu: vcpu)
        return try outcome(vcpu: vcpu)
    }
}
