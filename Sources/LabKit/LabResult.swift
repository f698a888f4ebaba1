// How a run of the lab ended and how long its parts took.
public import Foundation
import Glibc

/// How a boot ended.
public enum LabOutcome: Equatable, Sendable {
    /// The command ended with this status.
    case exited(Int32)
    /// Time was up.
    case timedOut
    /// Xen or dom0 died; with what it said.
    case crashed(String)
    /// What the lab itself needs failed: QEMU, the toolstack, the disk; in a sentence.
    case failed(String)
    /// A signal told us to stop.
    case interrupted(Int32)
    /// Nobody reads our output any more.
    case outputClosed
    /// The user left the shell at once.
    case left

    /// The program's exit status: the command's own, 124 for a timeout, 125 for a crash or a failure of the lab,
    /// 128 plus a signal's number.
    public var exitStatus: Int32 {
        switch self {
        case .exited(let status): status
        case .timedOut: 124
        case .crashed, .failed: 125
        case .interrupted(let signal): 128 + signal
        case .outputClosed: 128 + 13  // as SIGPIPE would have it
        case .left: 0
        }
    }

    var name: String {
        switch self {
        case .exited: "exited"
        case .timedOut: "timed out"
        case .crashed: "crashed"
        case .failed: "failed"
        case .interrupted: "interrupted"
        case .outputClosed: "output closed"
        case .left: "left"
        }
    }
}

/// A finished run.
public struct LabResult: Sendable, Encodable {
    /// How it ended.
    public var outcome: LabOutcome
    /// Making the boot files, in seconds.
    public var preparation: Double
    /// From the start of QEMU to its end, in seconds.
    public var machine: Double
    /// Points that were reached, in seconds from the start of QEMU: `init`, `toolstack`, `begin`, `end`, and those
    /// that the command named by `lab-mark`.
    public var marks: [String: Double]
    /// The last lines of the console.
    public var consoleTail: [String]
    /// Where memory was too short.
    var shortages: [MemoryShortage] = []
    /// Where the logs were kept; nil when they were not.
    public var logFolder: URL?

    /// Seconds between two marks; nil when one was not reached.
    public func seconds(from start: String, to end: String) -> Double? {
        guard let start = marks[start], let end = marks[end] else { return nil }
        return end - start
    }

    /// The split in one line.
    public var summary: String {
        let parts: [(String, Double?)] = [
            ("preparation", preparation), ("boot", marks["init"]),
            ("toolstack", seconds(from: "init", to: "toolstack")),
            ("command", seconds(from: "begin", to: "end")), ("total", preparation + machine),
        ]
        return parts.compactMap { part in part.1.map { "\(part.0) \(tenths($0)) s" } }.joined(separator: ", ")
    }

    /// What went wrong in a sentence each, and what helps.
    public var complaints: [String] {
        let ending: [String] =
            switch outcome {
            case .crashed(let reason): ["crash: \(reason)"]
            case .failed(let reason): [reason]
            case .exited, .timedOut, .interrupted, .outputClosed, .left: []
            }
        return ending + shortages.map(\.text)
    }

    private enum Key: String, CodingKey {
        case outcome, complaints, status, preparation, boot, toolstack, command, total, marks
    }

    /// Encodes outcome, what went wrong, exit status, and the split in seconds.
    public func encode(to encoder: any Encoder) throws {
        func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(outcome.name, forKey: .outcome)
        if !complaints.isEmpty { try values.encode(complaints, forKey: .complaints) }
        try values.encode(outcome.exitStatus, forKey: .status)
        try values.encode(rounded(preparation), forKey: .preparation)
        try values.encodeIfPresent(marks["init"].map(rounded), forKey: .boot)
        try values.encodeIfPresent(seconds(from: "init", to: "toolstack").map(rounded), forKey: .toolstack)
        try values.encodeIfPresent(seconds(from: "begin", to: "end").map(rounded), forKey: .command)
        try values.encode(rounded(preparation + machine), forKey: .total)
        try values.encode(marks.mapValues(rounded), forKey: .marks)
    }
}

/// A run that could not even begin: something was missing or wrong before the boot, or a signal came.
public struct RunNotStarted: Sendable, Encodable {
    let error: LabError

    /// A run that `error` kept from its boot.
    public init(_ error: LabError) { self.error = error }

    private enum Key: String, CodingKey { case outcome, complaints, status }

    /// Encodes, in the words of a LabResult, that it did not start, why, and the exit status.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode("not started", forKey: .outcome)
        try values.encode([error.description], forKey: .complaints)
        try values.encode(error.exitStatus, forKey: .status)
    }
}

/// The file for a result as JSON: opened before the run, so that a place that can't be written is known in time.
public struct ResultFile: Sendable {
    private let path: String
    private let handle: FileHandle

    /// Opens or makes the file; what is in it is gone.
    public init(_ path: String) throws(LabError) {
        // SAFETY: the path is read during the call.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw .file(
                NSError(domain: NSPOSIXErrorDomain, code: Int(errno)), "write \(path)", at: URL(fileURLWithPath: path),
                remedy: "name another file")
        }
        self.path = path
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Writes the result: a LabResult, or a RunNotStarted.
    public func write(_ result: some Encodable) throws(LabError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        do { try handle.write(contentsOf: encoder.encode(result) + Data("\n".utf8)) } catch {
            throw .file(
                error, "write \(path)", at: URL(fileURLWithPath: path), remedy: "name another file")
        }
    }
}
