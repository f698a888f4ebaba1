// Test Anything Protocol: what the rows print.
// Not for: deciding anything.

import SystemCalls
import XenABI
import XenPlatform

/// Counts and prints rows.
final class TAP {
    private(set) var count = 0
    private(set) var failureCount = 0

    /// A row that must hold.
    func check(_ holds: Bool, _ text: String, detail: String = "") {
        count += 1
        if !holds { failureCount += 1 }
        let result = holds ? "ok" : "not ok"
        say("\(result) \(count) - \(text)" + (holds || detail.isEmpty ? "" : " # \(detail)"))
    }

    /// A row about an answer: what the call gave, or an errno as a negative number.
    func expect(_ got: Int32, _ wanted: Int32, _ text: String) {
        check(got == wanted, text, detail: "got \(Self.name(got)), wanted \(Self.name(wanted))")
    }

    /// A row about an error of the platform's.
    func expect(_ wanted: XenErrorCode, _ text: String, _ body: () throws(XenError) -> Void) {
        expect(answer(of: body), -wanted.rawValue, text)
    }

    /// A row about a success; says whether it was one.
    @discardableResult
    func succeeds(_ text: String, _ body: () throws(XenError) -> Void) -> Bool {
        let got = answer(of: body)
        expect(got, 0, text)
        return got == 0
    }

    /// The plan, and the program's status.
    func finish() -> Int32 {
        say("1..\(count)")
        return failureCount == 0 ? 0 : 1
    }

    func say(_ line: String) {
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

/// What a plain call gave, or its errno as a negative number.
func answer(_ body: () throws(SystemError) -> Int32) -> Int32 {
    do throws(SystemError) { return try body() } catch { return -error.code }
}

let eperm = -XenErrorCode.eperm.rawValue
let esrch = -XenErrorCode.esrch.rawValue
let e2big = -XenErrorCode.e2big.rawValue
let eagain = -XenErrorCode.eagain.rawValue
let eacces = -XenErrorCode.eacces.rawValue
let efault = -XenErrorCode.efault.rawValue
let eexist = -XenErrorCode.eexist.rawValue
let einval = -XenErrorCode.einval.rawValue
let enotty = -XenErrorCode.enotty.rawValue
let enosys = -XenErrorCode.enosys.rawValue
let enotconn = -XenErrorCode.enotconn.rawValue
