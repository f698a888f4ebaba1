// One step of a row: what is done, in words and for real, and what should come of it.
// Not for: the steps that there are (Steps+*.swift).

public import HypervisorModel

/// A step of a row. Steps are made by the static functions in `Steps+*.swift`, each of which says what it does in the
/// words that `--list` prints and does it on a `Bench`.
public struct Step: Sendable {
    /// What is done: `claim A port 0x100..0x10f`.
    public var text: String
    /// What should come of it.
    public var expectation: Expectation
    /// What else should hold afterwards.
    var checks: [Check] = []
    /// The name under which the number that comes of it is known from here on.
    var boundName: String?
    /// It is something that is done, and no call whose answer matters: its 0 is not printed.
    var isAction = false
    /// Does it.
    let perform: @Sendable (Bench) throws(HostError) -> Answer

    /// Something that is done to the guest or to pages, and no call whose answer the row is about.
    static func action(
        _ text: String, _ perform: @escaping @Sendable (Bench) throws(HostError) -> Answer
    ) -> Step {
        var step = Step(text, 0, perform)
        step.isAction = true
        return step
    }

    /// Something that should hold after the step.
    struct Check: Sendable {
        var text: String
        /// nil: it holds; otherwise what was found.
        var find: @Sendable (Bench) throws(HostError) -> String?
    }

    /// A step.
    public init(
        _ text: String, _ wanted: Wanted = 0, _ perform: @escaping @Sendable (Bench) throws(HostError) -> Answer
    ) {
        self.text = text
        expectation = Expectation(wanted)
        self.perform = perform
    }
}

extension Step {
    /// What it should answer, on releases without an exception.
    public func gives(_ wanted: Wanted) -> Step {
        var step = self
        step.expectation.standard = wanted
        return step
    }

    /// Releases before one that answer something else.
    public func before(_ version: Release.Version, _ wanted: Wanted) -> Step { adding(.before(version), wanted) }

    /// Releases from one on that answer something else.
    public func from(_ version: Release.Version, _ wanted: Wanted) -> Step { adding(.from(version), wanted) }

    /// What releases without the fix of XSA-506 answer.
    public func withoutXSA506(_ wanted: Wanted) -> Step { adding(.withoutXSA506, wanted) }

    /// What the model and the sandbox answer, where they are not as real Xen: the row explains why.
    public func onSandbox(_ wanted: Wanted) -> Step { adding(.sandbox, wanted) }

    /// Names the number that comes of it: later steps say it as `"name"`, or `"name+1"`.
    public func named(_ name: String) -> Step {
        var step = self
        step.boundName = name
        return step
    }

    /// Something that has to hold after the step; `find` answers what was found where it does not.
    public func also(
        _ text: String, _ find: @escaping @Sendable (Bench) throws(HostError) -> String?
    ) -> Step {
        var step = self
        step.checks.append(Check(text: text, find: find))
        return step
    }

    private func adding(_ circumstance: Circumstance, _ wanted: Wanted) -> Step {
        var step = self
        step.expectation.exceptions.append(.init(circumstance: circumstance, wanted: wanted))
        return step
    }
}

extension Step: CustomStringConvertible {
    /// `claim(A, port, 0x100, 0x10f) -> 0`; `guest begins inl 0x200`; `create(0) -> success, called A`.
    public var description: String {
        let rest = checks.map { ", \($0.text)" }.joined()
        let answer = isAction && expectation == Expectation(0) ? "" : " -> \(expectation)"
        return text + answer + rest + (boundName.map { ", called \($0)" } ?? "")
    }
}
