// The loop: from stop to stop, each system call read and counted.
// Not for: the kernel's side (see Tracee), the words (see CallReader).

import FenceRules
import SystemCalls

/// What a program did.
struct Trace {
    /// A call, by its text.
    struct Entry {
        var count = 0
        /// The arguments of its first time, as numbers.
        var example: [UInt64]
        /// The path that it was the first time, if it has one.
        var path: String?
    }

    /// Different texts that are kept; a program that makes more of them is off the list anyway.
    static let entriesMax = 2000

    var entries: [String: Entry] = [:]
    var callCount = 0
    /// What it ended with, as a shell gives it.
    var status: Int32 = 0
    /// Whether the program could be executed at all.
    var wasExecuted = false

    mutating func note(_ text: String, _ call: TracedCall, path: String? = nil) {
        callCount += 1
        if entries[text] == nil && entries.count >= Self.entriesMax { return }
        entries[text, default: Entry(example: call.arguments, path: path)].count += 1
    }
}

/// Runs a program from its first instruction to the end of its last thread and child.
final class Tracer {
    /// Calls after which every descriptor leads where it did before.
    private static let descriptorsStay: Set<String> = [
        "read", "write", "ioctl", "mmap", "epoll_wait", "poll", "timerfd_settime", "clock_nanosleep",
    ]

    private let program: Int32
    private let names: [UInt64: String]
    private let known = KnownFiles(identify: identity)
    private var trace = Trace()
    /// Calls that are judged by what they answer, by thread.
    private var opening: [Int32: (call: TracedCall, path: String?)] = [:]
    /// What descriptors lead to, by process and number: asking the kernel each time takes longer than all the rest.
    private var kinds: [UInt64: String] = [:]

    init(_ command: [String], _ list: StableList) throws(SystemError) {
        names = list.names
        program = try startTraced(command)
    }

    func run() throws(SystemError) -> Trace {
        while let (process, stop) = try nextStop() {
            switch stop {
            case .ended(let status):
                opening[process] = nil
                if process == program { trace.status = status }
            case .executed: trace.wasExecuted = true
            // Until then it is our own code that runs.
            case .systemCall where trace.wasExecuted: try readCall(process)
            case .systemCall, .halted, .signal: break
            }
            try resume(process, after: stop, toExit: opening[process] != nil)
        }
        return trace
    }

    private func readCall(_ process: Int32) throws(SystemError) {
        switch try callStop(of: process) {
        case .entry(let call):
            let name = names[call.number] ?? ""
            if !Self.descriptorsStay.contains(name) { kinds.removeAll(keepingCapacity: true) }
            if name == "openat", call.architecture == TracedCall.nativeArchitecture {
                opening[process] = (call, path(in: process, at: call.arguments[1]))
            } else {
                trace.note(reader(for: process).text(of: call), call)
            }
        case .exit(let result):
            guard let (call, path) = opening.removeValue(forKey: process) else { return }
            // A file is judged by what it is, and a node of Xen's that is not there by its name.
            let kind = result < 0 ? path.flatMap(KnownFiles.kind(ofAbsent:)) ?? "absent" : kind(Int32(result), process)
            trace.note("openat \(kind)", call, path: path)
        case nil: return
        }
    }

    private func reader(for process: Int32) -> CallReader {
        CallReader(names: names) {
            self.kind($0, process)
        } memory: {
            memory(of: process, at: $0, count: $1)
        }
    }

    private func kind(_ descriptor: Int32, _ process: Int32) -> String {
        let key = UInt64(UInt32(bitPattern: process)) << 32 | UInt64(UInt32(bitPattern: descriptor))
        if let kind = kinds[key] { return kind }
        let path = "/proc/\(process)/fd/\(descriptor)"
        let kind = identity(of: path).map { known.kind(of: $0) { textOfLink(path) } } ?? "unknown"
        kinds[key] = kind
        return kind
    }

    /// A terminated string in the program, as far as it is told by its first bytes.
    private func path(in process: Int32, at address: UInt64) -> String? {
        // Up to the end of the page: the next one may not be there.
        let count = min(64, 4096 - Int(address % 4096))
        guard let bytes = memory(of: process, at: address, count: count) else { return nil }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
