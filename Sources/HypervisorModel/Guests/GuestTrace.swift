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

    /// Entries that are kept at most; those after them are only counted.
    public static let entriesMax = 100_000

    /// The steps, in the order in which they have ended.
    public private(set) var entries: [Entry] = []
    /// Steps that have ended, those not kept too.
    public private(set) var count = 0
    /// Expectations that were not met.
    public private(set) var failureCount = 0

    mutating func append(_ entry: Entry) {
        count += 1
        switch entry.outcome {
        case .unexpected, .unexpectedMemory: failureCount += 1
        default: break
        }
        if entries.count < Self.entriesMax { entries.append(entry) }
    }

    /// A line for each entry: `vcpu 0: in 0x100 4 -> 0x11`.
    public func lines(of program: GuestProgram) -> [String] {
        entries.map { entry in
            let steps = Int(entry.vcpu.rawValue) < program.steps.count ? program.steps[Int(entry.vcpu.rawValue)] : []
            let step = entry.step < steps.count ? steps[entry.step].description : "end"
            return "vcpu \(entry.vcpu.rawValue): \(step)\(entry.outcome.text)"
        }
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
