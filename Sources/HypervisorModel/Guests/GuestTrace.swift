// What a guest has done, step by step: equal for an equal program, seed and device model.

public import XenABI

/// A guest's steps, as they were done.
public struct GuestTrace: Hashable, Sendable {
    /// How a step has ended.
    public enum Outcome: Hashable, Sendable {
        /// Done; a read has given this.
        case done(UInt64?)
        /// A read has given something else than the program says.
        case unexpected(UInt64)
        /// Memory has something else than the program says.
        case unexpectedMemory([UInt8])
        /// An event of op 13, taken.
        case event(InjectedEvent)
        /// #GP, or on Arm a data abort.
        case fault
        /// The domain has shut down or crashed.
        case stopped
    }

    /// One step.
    public struct Entry: Hashable, Sendable {
        /// Who has done it.
        public var vcpu: VCPUID
        /// Its place in the vCPU's steps.
        public var step: Int
        /// How it has ended.
        public var outcome: Outcome
    }

    /// Bytes of memory that was not as it should be, that are kept at most: as entries.
    public static let foundBytesMax = 1 << 20
    /// Entries that are kept at most; those after them are only counted.
    public static let entriesMax = 100_000

    /// The steps, in the order in which they have ended.
    public private(set) var entries: [Entry] = []
    /// Steps that have ended, those not kept too.
    public private(set) var count = 0
    /// Expectations that were not met.
    public private(set) var failureCount = 0
    private var foundByteCount = 0

    mutating func append(_ entry: Entry) {
        count += 1
        switch entry.outcome {
        case .unexpected: failureCount += 1
        case .unexpectedMemory(let bytes):
            failureCount += 1
            foundByteCount += bytes.count
        default: break
        }
        // None is left out in between.
        let hasRoom = entries.count < Self.entriesMax && foundByteCount <= Self.foundBytesMax
        if hasRoom, entries.count == count - 1 { entries.append(entry) }
    }

    /// A line for each entry: `vcpu 0: in 0x100 4 -> 0x11`. As many as so many bytes hold.
    public func lines(of program: GuestProgram, byteCountMax: Int = .max) -> [String] {
        var lines: [String] = []
        var byteCount = 0
        // A step that is done again and again is put into words once.
        var beginnings: [[String?]] = program.steps.map { [String?](repeating: nil, count: $0.count) }
        for entry in entries {
            let line = Self.beginning(of: entry, program, &beginnings) + entry.outcome.text
            byteCount += line.utf8.count + 1
            if byteCount > byteCountMax { break }
            lines.append(line)
        }
        return lines
    }

    private static func beginning(
        of entry: Entry, _ program: GuestProgram, _ known: inout [[String?]]
    ) -> String {
        let vcpu = Int(entry.vcpu.rawValue)
        guard vcpu < program.steps.count, entry.step < program.steps[vcpu].count else {
            return "vcpu \(entry.vcpu.rawValue): end"
        }
        if let text = known[vcpu][entry.step] { return text }
        let text = "vcpu \(entry.vcpu.rawValue): \(program.steps[vcpu][entry.step].description)"
        known[vcpu][entry.step] = text
        return text
    }
}

/// Keeps a trace for all vCPUs of a guest.
final class GuestRecorder {
    private(set) var trace = GuestTrace()

    func append(_ entry: GuestTrace.Entry) { trace.append(entry) }
}

extension GuestTrace.Outcome {
    fileprivate var text: String {
        switch self {
        case .done(let value): value.map { " -> \($0.hexadecimal)" } ?? ""
        case .unexpected(let value): " -> \(value.hexadecimal), which is not what it should be"
        case .unexpectedMemory(let bytes): " ->\(GuestStep.text(bytes)), which is not what it should be"
        case .event(let event): " <- event of type \(event.type.rawValue), vector \(UInt64(event.vector).hexadecimal)"
        case .fault: " -> fault"
        case .stopped: " -> the domain has stopped"
        }
    }
}
