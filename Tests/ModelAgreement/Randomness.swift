// What both agreements need: numbers that look random and are the same for the same seed, answers, and a tally.

internal import HypervisorModel
public import XenABI

/// SplitMix64.
struct Randomness {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }

    /// One of these; there is one.
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[Int(below(UInt64(elements.count)))] }
}

/// Where a model and its naive counterpart have parted.
public struct Disagreement: Error, CustomStringConvertible {
    /// The seed and the step, which bring it back.
    public let seed: UInt64, step: Int
    /// What was asked, and both answers.
    public let what: String

    /// A disagreement.
    public init(seed: UInt64, step: Int, what: String) {
        self.seed = seed
        self.step = step
        self.what = what
    }

    /// A line for a reader.
    public var description: String { "seed \(seed), step \(step): \(what)" }
}

/// How often something was answered in a way: who asks at random sees that every answer has come up.
public struct Outcome: Hashable, Sendable {
    /// What was asked.
    public let what: StaticString
    /// The errno; nil for 0.
    public let answer: XenErrorCode?

    /// An outcome.
    public init(_ what: StaticString, _ answer: XenErrorCode?) {
        self.what = what
        self.answer = answer
    }

    public static func == (left: Outcome, right: Outcome) -> Bool {
        left.answer == right.answer && left.what.description == right.what.description
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(answer) }
}

func answer(_ body: () throws(Refusal) -> Void) -> XenErrorCode? {
    do throws(Refusal) {
        try body()
        return nil
    } catch {
        return error.code
    }
}

func name(_ code: XenErrorCode?) -> String { code?.description ?? "0" }
