// What came of a round, beside what is in the recording.
// Not for: running it.

internal import XenABI
internal import XenPlatform

/// An answer that is another one than before.
public struct ReplayDifference: Equatable, Sendable, CustomStringConvertible {
    /// The line of the request in the recording.
    public var line: Int
    /// The request, and both answers, in words.
    public var description: String
}

/// Why a trace says nothing about a round.
public enum ReplayError: Error, Equatable, Sendable {
    /// It has fewer steps than the script: the domain has stopped, or the sandbox does not tell all.
    case endsEarly
    /// A line that no step of the script has.
    case strange(line: String)
}

extension ReplayRound {
    /// Compares the trace of the script, as a sandbox tells it, with the recording.
    public func differences(
        in trace: String, of recording: Recording
    ) throws(ReplayError) -> [ReplayDifference] {
        var done: [VCPUID: Int] = [:]
        var found: [ReplayDifference] = []
        for line in trace.utf8.split(separator: UInt8(ascii: "\n")) {
            guard let (vcpu, outcome) = Self.parts(of: Array(line)) else { continue }
            let place = done[vcpu, default: 0]
            guard let steps = steps[vcpu], place < steps.count else {
                throw .strange(line: String(decoding: Array(line), as: UTF8.self))
            }
            done[vcpu] = place + 1
            let step = steps[place]
            guard let wanted = step.step.differs(from: outcome) else { continue }
            let recorded = recording.requests[step.request]
            found.append(
                ReplayDifference(
                    line: recorded.line,
                    description: "line \(recorded.line): \(recorded.request.text): recorded \(wanted), now "
                        + String(decoding: outcome, as: UTF8.self)))
        }
        for (vcpu, steps) in steps where done[vcpu, default: 0] < steps.count { throw .endsEarly }
        return found
    }

    /// Reads `vcpu 0: STEP -> OUTCOME`: the vCPU, and the outcome, which may be missing; nil for other lines.
    private static func parts(of line: [UInt8]) -> (VCPUID, [UInt8])? {
        var words = RecordingLine(number: 0, rest: line[...])
        guard words.takes(Array("vcpu ".utf8)), let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        var number = RecordingLine(number: 0, rest: line[5..<colon])
        guard let vcpu = number.vcpu() else { return nil }
        let arrow = Array(" ->".utf8)
        var start = line.endIndex
        for index in line.indices where line[index...].starts(with: arrow) { start = index }
        guard start < line.endIndex else { return (vcpu, []) }
        let outcome = line[(start + arrow.count)...].drop { $0 == UInt8(ascii: " ") }
        return (vcpu, Array(outcome.prefix { $0 != UInt8(ascii: ",") }))
    }
}

extension ReplayRound.Step {
    /// What was to come instead of the outcome; nil when it is as it was.
    fileprivate func differs(from outcome: [UInt8]) -> String? {
        switch self {
        case .preparation: return nil
        // A write tells of nothing but a fault.
        case .write: return outcome.isEmpty ? nil : "that it was done"
        // Memory is told when it is another one.
        case .memory: return outcome.isEmpty ? nil : "other bytes"
        case .read(let value):
            let wanted = "0x" + String(value, radix: 16)
            return Array(wanted.utf8) == outcome ? nil : wanted
        }
    }
}

extension ObservedRequest {
    /// For people: `vCPU 0, port read 0x100, 1 byte`.
    var text: String {
        let who = vcpu.map { "vCPU \($0.rawValue)" } ?? "posted"
        let amount = byteCount == 1 ? "1 byte" : "\(byteCount) bytes"
        return "\(who), \(RecordingText.name(of: type)) \(isRead ? "read" : "write") 0x"
            + String(address, radix: 16) + ", \(amount)" + (guestBuffer == nil ? "" : ", \(count) elements")
    }
}
