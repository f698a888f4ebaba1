// Drives the exerciser guest: its command ports as a device of ours, on a server of its own.
// Not for: the accesses under test; other devices serve those.

internal import SystemCalls
public import XenABI
public import XenDeviceModel
internal import XenPlatform

/// Why a command has no results.
public enum DriverError: Error {
    case refused(UInt32)
    case noAnswer
    case xen(XenError)
}

/// Feeds commands to the guest's vCPUs, and collects what they answer. A vCPU without a command waits in Xen: its
/// read stays unanswered until there is one.
public final class GuestDriver: IODevice {
    /// How long one step may take, in milliseconds: emulation under emulation, on a machine with other work. A word of
    /// a command or of an answer is a step: a script of a thousand words takes its time.
    public static let patience: UInt64 = 60_000

    private final class WaitingRead {
        private var request: IORequest?
        init(_ request: consuming IORequest) { self.request = consume request }
        func answer(_ value: UInt64) { request.take()?.answer(value) }
    }

    private var commands = [[UInt32]](repeating: [], count: Int(Protocol.vcpusMax))
    private var answers = [[UInt32]](repeating: [], count: Int(Protocol.vcpusMax))
    private var reports = [[UInt32]](repeating: [], count: Int(Protocol.vcpusMax))
    private var waiting = [WaitingRead?](repeating: nil, count: Int(Protocol.vcpusMax))
    private var accessCount = 0
    /// The guest.
    public let domain: DeviceModelDomain

    public init(_ domain: DeviceModelDomain) { self.domain = domain }

    /// What a server claims for it.
    public static var ports: IORange {
        let first = UInt16(Protocol.commandPort)
        return .ports(first...first + UInt16(Protocol.portStride * Protocol.vcpusMax) - 1)
    }

    public func accept(_ request: consuming IORequest) {
        accessCount += 1
        let vcpu = Int(request.offset / UInt64(Protocol.portStride))
        guard request.isRead else {
            let word = UInt32(truncatingIfNeeded: request.value)
            if request.offset % UInt64(Protocol.portStride) == UInt64(Protocol.reportPort - Protocol.commandPort) {
                reports[vcpu].append(word)
            } else {
                answers[vcpu].append(word)
            }
            request.answer()
            return
        }
        if commands[vcpu].isEmpty {
            waiting[vcpu] = WaitingRead(request)
        } else {
            request.answer(UInt64(commands[vcpu].removeFirst()))
        }
    }

    /// Gives a command to a vCPU and does not wait.
    public func send(_ opcode: Opcode, _ words: [UInt32] = [], vcpu: Int = 0) {
        commands[vcpu] += [opcode.rawValue] + words
        if let read = waiting[vcpu] {
            waiting[vcpu] = nil
            read.answer(UInt64(commands[vcpu].removeFirst()))
        }
    }

    /// Whether a vCPU waits for a command, and does nothing until it gets one.
    public func isWaiting(vcpu: Int = 0) -> Bool { waiting[vcpu] != nil && commands[vcpu].isEmpty }

    /// Whether a vCPU has taken all of its commands, and is at the last one.
    public func isBusy(vcpu: Int = 0) -> Bool {
        waiting[vcpu] == nil && commands[vcpu].isEmpty && answers[vcpu].isEmpty
    }

    /// Whether a vCPU has answered: a status, and `count` results if it is 0.
    public func hasResults(_ count: Int, vcpu: Int = 0) -> Bool {
        answers[vcpu].count >= 1 && (answers[vcpu][0] != 0 || answers[vcpu].count > count)
    }

    /// Serves until a vCPU has answered. Throws `refused` for a status that is not 0.
    public func results(_ count: Int, vcpu: Int = 0) throws(DriverError) -> [UInt32] {
        try serve { self.hasResults(count, vcpu: vcpu) }
        let status = answers[vcpu].removeFirst()
        guard status == 0 else { throw .refused(status) }
        defer { answers[vcpu].removeFirst(count) }
        return Array(answers[vcpu].prefix(count))
    }

    /// What a vCPU has told by its report port since the last look.
    func takeReports(vcpu: Int) -> [UInt32] {
        defer { reports[vcpu] = [] }
        return reports[vcpu]
    }

    /// Gives a command and waits for its results.
    public func run(
        _ opcode: Opcode, _ words: [UInt32] = [], results count: Int = 0, vcpu: Int = 0
    ) throws(DriverError) -> [UInt32] {
        send(opcode, words, vcpu: vcpu)
        return try results(count, vcpu: vcpu)
    }

    /// Serves every server of the domain until a condition holds.
    public func serve(until holds: () -> Bool) throws(DriverError) {
        var (seen, since) = (accessCount, MonotonicTime.now.nanoseconds)
        while !holds() {
            if accessCount != seen { (seen, since) = (accessCount, MonotonicTime.now.nanoseconds) }
            guard MonotonicTime.now.nanoseconds < since + Self.patience * 1_000_000 else { throw .noAnswer }
            do throws(XenError) {
                if try domain.platform.events.wait(orReadable: nil, milliseconds: 1000) == .event {
                    try domain.process()
                }
            } catch {
                throw .xen(error)
            }
        }
    }
}

/// A 64-bit value as the guest takes it.
public func pair(_ value: UInt64) -> [UInt32] {
    [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)]
}

/// Two result words as one value.
public func joined(_ words: [UInt32]) -> UInt64 { UInt64(words[0]) | UInt64(words[1]) << 32 }
