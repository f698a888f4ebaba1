// Guests of a sandbox: domains by its control; what a guest does is a script of one step, run by a thread that waits
// for its end. Not for: the exerciser, which needs no sandbox of its own here.

internal import HypervisorModel
internal import SandboxClient
internal import SandboxWire
internal import ServerCalls
internal import SystemCalls
public import XenABI

/// The block's guest.
final class SandboxGuest {
    let domain: DomainID
    /// A domain beside it, for rows about callers in other domains.
    let stub: DomainID
    let isRunning: Bool
    /// The script that is being run; one at a time.
    var script: RunningScript?

    init(_ domain: DomainID, stub: DomainID, isRunning: Bool) {
        self.domain = domain
        self.stub = stub
        self.isRunning = isRunning
    }
}

/// A script, and what came of it once it is over.
final class RunningScript: @unchecked Sendable {
    private let monitor = Monitor()
    private var text: String?
    let vcpu: Int

    init(_ vcpu: Int) { self.vcpu = vcpu }

    /// What it has said; nil: it is not over.
    var outcome: String? { monitor.locked { text } }

    func end(_ text: String) { monitor.locked { self.text = text } }
}

extension SandboxHost {
    /// The guest's buffer: RAM that scripts name by address.
    private static let buffer: UInt64 = 0x10_0000

    private func ask<Result>(_ question: () throws(SandboxError) -> Result) throws(HostError) -> Result {
        do throws(SandboxError) { return try question() } catch { throw .broken(error.description) }
    }

    /// Makes a guest.
    public func makeGuest(_ kind: GuestKind, vcpuCount: Int) throws(HostError) -> DomainID {
        let number: UInt8
        switch kind {
        case .none: throw .broken("no guest was asked for")
        case .pausedPV: number = 0
        case .pausedHVM, .runningHVM: number = 1
        case .pausedPVH, .runningPVH: number = 2
        }
        let request = DomainRequest(kind: number, vcpuCount: UInt32(vcpuCount))
        let domain = try ask { () throws(SandboxError) in try control.createDomain(request) }
        let stub = try ask { () throws(SandboxError) in try control.createDomain(DomainRequest()) }
        let made = SandboxGuest(domain, stub: stub, isRunning: kind.isRunning)
        guest = made
        // A model's local APIC is on; that of a guest that has not run is not.
        if !kind.isRunning, kind != .pausedPV {
            let script = (0..<vcpuCount).map { "vcpu \($0)\napic off\n" }.joined()
            _ = try ask { () throws(SandboxError) in try control.runScript(script, in: domain) }
        }
        return domain
    }

    /// Destroys a guest.
    public func destroyGuest(_ domain: DomainID) throws(HostError) {
        if let made = guest, made.domain == domain {
            guest = nil
            try ask { () throws(SandboxError) in try control.destroyDomain(made.stub) }
        }
        try ask { () throws(SandboxError) in try control.destroyDomain(domain) }
    }

    /// There is no such packet.
    public func setPaused(_ domain: DomainID, _ isPaused: Bool) throws(HostError) {
        throw .unavailable("a sandbox does not pause guests")
    }

    /// There is no such packet.
    public func setLogDirty(_ domain: DomainID, _ isOn: Bool) throws(HostError) -> Answer {
        throw .unavailable("a sandbox has no switch for log-dirty mode")
    }

    /// There is no such packet.
    public func parameter(_ domain: DomainID, _ index: UInt32, set value: UInt64?) throws(HostError) -> Answer {
        throw .unavailable("a sandbox has no HVM parameters to be set")
    }

    /// What has become of a guest.
    public func condition(of domain: DomainID) throws(HostError) -> GuestCondition {
        let entries = try ask { () throws(SandboxError) in try control.listDomains() }
        guard let entry = entries.first(where: { $0.id == domain }) else { return .gone }
        if entry.life & 2 != 0 { return .dying }
        return entry.life & 1 != 0 ? .shutDown(entry.life >> 8 & 0xff) : .running
    }

    /// A refusal has a text here, and no number.
    public func createDomain(withID id: DomainID) throws(HostError) -> Answer {
        throw .unavailable("a sandbox does not tell why a domain can't be made")
    }

    // MARK: What a guest does

    /// Guest-physical, and RAM.
    public func exerciserBuffer() throws(HostError) -> UInt64 { Self.buffer }

    /// Begins a command: a script of its own.
    public func begin(_ command: GuestCommand, vcpu: Int) throws(HostError) {
        guard let guest, guest.isRunning else { throw .broken("no guest runs") }
        guard guest.script == nil else { throw .unavailable("a sandbox runs one script of a domain at a time") }
        guard let line = command.scriptLine(buffer: Self.buffer) else {
            throw .unavailable("no script of a sandbox has: \(command)")
        }
        let script = RunningScript(vcpu)
        guest.script = script
        let (path, domain) = (path, guest.domain)
        do throws(SystemError) {
            _ = try PlainThread {
                do throws(SandboxError) {
                    script.end(try SandboxControl(path: path).runScript("vcpu \(vcpu)\n\(line)\n", in: domain))
                } catch {
                    script.end("failed: \(error)")
                }
            }
        } catch {
            throw .broken("a thread: \(error)")
        }
    }

    /// Looks whether the script is over.
    public func progress(vcpu: Int) throws(HostError) -> GuestProgress {
        guard let guest, let script = guest.script, script.vcpu == vcpu else { return .done(0) }
        guard let text = script.outcome else { return .waiting }
        guest.script = nil
        if text.hasPrefix("failed: ") { throw .broken(text) }
        let last = text.split(separator: "\n").last ?? ""
        if last.hasSuffix("the domain has stopped") || last.hasSuffix("-> fault") { return .ended }
        // `vcpu 0: in 0x200 4 -> 0x12`.
        guard let word = last.split(separator: " ").last, last.contains("-> 0x") else { return .done(0) }
        return .done(UInt64(word.dropFirst(2), radix: 16) ?? 0)
    }
}

extension GuestCommand {
    /// As a line of a guest's script; nil: there is no such step.
    func scriptLine(buffer: UInt64) -> String? {
        func at(_ offset: UInt32) -> String { "\(buffer + UInt64(offset))" }
        func down(_ isDown: Bool) -> String { isDown ? " down" : "" }
        return switch self {
        case .input(let port, let size): "in \(port) \(size.rawValue)"
        case .output(let port, let size, let value): "out \(port) \(size.rawValue) \(value & size.allOnes)"
        case .load(let address, let size): "load \(address) \(size.rawValue)"
        case .store(let address, let size, let value): "store \(address) \(size.rawValue) \(value & size.allOnes)"
        case .peek(let offset): "load \(at(offset)) 4"
        case .poke(let offset, let word): "store \(at(offset)) 4 \(word)"
        case .stringInput(let port, let size, let count, let offset, let isDown):
            "rep ins \(port) \(size.rawValue) count \(count) to \(at(offset))\(down(isDown))"
        case .stringOutput(let port, let size, let count, let offset, let isDown):
            "rep outs \(port) \(size.rawValue) count \(count) from \(at(offset))\(down(isDown))"
        case .moveIn(let address, let size, let count, let offset, let isDown):
            "rep movs \(at(offset)) \(size.rawValue) count \(count) from \(address)\(down(isDown))"
        case .moveOut(let address, let size, let count, let offset, let isDown):
            "rep movs \(address) \(size.rawValue) count \(count) from \(at(offset))\(down(isDown))"
        case .shutDown(let reason): "shutdown \(reason)"
        case .repeatStore(let address, let size, let value, let rounds):
            "repeat \(rounds)\nstore \(address) \(size.rawValue) \(value & size.allOnes)\nend"
        case .arm, .count, .awaitVector, .acknowledge: nil
        }
    }
}
