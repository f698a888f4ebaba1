// What can keep a lab from running, said so that the reader can fix it. Not for what happens in a running boot: that
// is a LabOutcome.

/// A problem found before or while preparing a boot.
public struct LabError: Error, Equatable, CustomStringConvertible {
    /// The kind of problem; tests and the exit status go by it.
    public enum Reason: Equatable, Sendable {
        case missingTool
        case missingPackage
        /// apt on this machine knows no mirror of Debian.
        case missingMirror
        case unreachable
        /// A suite without a good signature of Debian's.
        case unsigned
        case badInput
        case diskFull
        case failed
        /// The signal's number.
        case interrupted(Int32)
    }

    /// The kind of problem.
    public let reason: Reason
    /// What is wrong, in one sentence that names the file, package or program.
    public let message: String
    /// The command or action that fixes it.
    public let remedy: String?

    /// An error of a kind, with its sentence and, where there is one, the way out.
    public init(_ reason: Reason, _ message: String, remedy: String? = nil) {
        self.reason = reason
        self.message = message
        self.remedy = remedy
    }

    /// Message and remedy, on a line each.
    public var description: String {
        guard let remedy else { return message }
        return "\(message)\n  \(remedy)"
    }

    /// The program's exit status: 2, or 128 plus the signal's number.
    public var exitStatus: Int32 {
        guard case .interrupted(let signal) = reason else { return 2 }
        return 128 + signal
    }

    static func interrupted(_ signal: Int32) -> LabError {
        LabError(.interrupted(signal), "interrupted")
    }
}
