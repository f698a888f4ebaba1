// Why something was refused: the errno that the caller sees, and the rule of dmop.md that says so.

public import XenABI

/// A refused call. Two are equal when their codes are: the rule is for logs and readers.
public struct Refusal: Error, Equatable, Sendable {
    /// What the caller gets.
    public var code: XenErrorCode
    /// The rule, by section and in a few words: `3.3 start > end`.
    public var rule: StaticString

    /// A refusal by a rule.
    public init(_ code: XenErrorCode, _ rule: StaticString) {
        self.code = code
        self.rule = rule
    }

    public static func == (left: Refusal, right: Refusal) -> Bool { left.code == right.code }
}

extension Refusal: CustomStringConvertible {
    /// `EINVAL (invalid argument), dmop.md 3.3 start > end`.
    public var description: String { "\(code), dmop.md \(rule)" }
}

/// Throws unless the condition holds: one line for each row of a table of checks.
@inline(__always)
func check(_ condition: Bool, _ code: XenErrorCode, _ rule: StaticString) throws(Refusal) {
    if !condition { throw Refusal(code, rule) }
}
