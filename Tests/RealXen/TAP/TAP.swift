// Test Anything Protocol: what the rows print.
// Not for: deciding anything.

internal import SystemCalls
public import XenABI

/// Counts and prints rows.
public final class TAP {
    private(set) var count = 0
    private(set) var failureCount = 0

    public init() {}

    /// A row that must hold.
    public func check(_ holds: Bool, _ text: String, detail: String = "") {
        count += 1
        if !holds { failureCount += 1 }
        let result = holds ? "ok" : "not ok"
        say("\(result) \(count) - \(text)" + (holds || detail.isEmpty ? "" : " # \(detail)"))
    }

    /// A row about an answer: what the call gave, or an errno as a negative number.
    public func expect(_ got: Int32, _ wanted: Int32, _ text: String) {
        check(got == wanted, text, detail: "got \(Self.name(got)), wanted \(Self.name(wanted))")
    }

    /// A row about an error of the platform's.
    public func expect(_ wanted: XenErrorCode, _ text: String, _ body: () throws(XenError) -> Void) {
        expect(answer(of: body), -wanted.rawValue, text)
    }

    /// A row about a success; says whether it was one.
    @discardableResult
    public func succeeds(_ text: String, _ body: () throws(XenError) -> Void) -> Bool {
        let got = answer(of: body)
        expect(got, 0, text)
        return got == 0
    }

    /// The plan, and the program's status.
    public func finish() -> Int32 {
        say("1..\(count)")
        return failureCount == 0 ? 0 : 1
    }

    public func say(_ line: String) {
        do throws(SystemError) { try StandardStream.output.write(line + "\n") } catch { exitProgram(2) }
    }

    private func answer(of body: () throws(XenError) -> Void) -> Int32 {
        do throws(XenError) {
            try body()
            return 0
        } catch {
            return -error.code.rawValue
        }
    }

    private static func name(_ answer: Int32) -> String {
        answer >= 0 ? "\(answer)" : XenErrorCode(-answer).description
    }
}
