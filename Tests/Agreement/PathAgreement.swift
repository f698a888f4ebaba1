// The whole way of an access, from a guest's program through the model, shared pages and XenDeviceModel to a device and
// back, beside a few lines that say who gets it and what comes of it. Not for: the naive side (NaiveMachine).

internal import HypervisorModel
internal import ModelAgreement
internal import SandboxServer
internal import XenABI
internal import XenDeviceModel
internal import XenPlatform

/// A claim's registers: bytes that keep what is written, and before that look random.
final class Registers: RegisterDevice {
    let claim: Claim
    private(set) var written: [UInt64: UInt8] = [:]
    private(set) var accessCount = 0

    init(_ claim: Claim) { self.claim = claim }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        accessCount += 1
        return (0..<UInt64(width.byteCount)).reduce(0) { value, index in
            value | UInt64(written[offset + index] ?? claim.pattern(offset + index)) << (8 * index)
        }
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        accessCount += 1
        for index in 0..<UInt64(width.byteCount) {
            written[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
    }
}

/// The same registers, answered when somebody says so.
final class LateRegisters: IODevice {
    let registers: Registers
    private var waiting: IORequest?

    init(_ registers: Registers) { self.registers = registers }

    func accept(_ request: consuming IORequest) { waiting = consume request }

    func finish() throws(XenError) {
        if let request = waiting.take() { try registers.accept(request) }
    }
}

/// Random programs of two vCPUs against three servers.
enum PathAgreement {
    private static let accessesPerProgram = 500

    static func run(accesses: Int, seed: UInt64) throws(Disagreement) {
        let perRound = accessesPerProgram * NaiveMachine.vcpuCount
        for round in 0..<(accesses / perRound) {
            let roundSeed = seed &* 1_000_003 &+ UInt64(round)
            do throws(XenError) {
                if let what = try Self.round(roundSeed) {
                    throw XenError(.eio, what)
                }
            } catch {
                throw Disagreement(seed: seed, step: round, what: error.description)
            }
        }
    }

    /// One fresh sandbox. Answers what has gone wrong.
    private static func round(_ seed: UInt64) throws(XenError) -> StaticString? {
        var random = SeededGenerator(seed: seed)
        var machine = NaiveMachine(&random)
        let program = GuestProgram(
            (0..<NaiveMachine.vcpuCount).map { machine.program(ofVCPU: $0, accessesPerProgram, &random) })
        let sandbox = try sandbox()
        let target = try domain(of: sandbox)
        let domain = try sandbox.platform().domain(target.id, restricted: true)
        var devices: [Registers] = []
        var late: [LateRegisters] = []
        let servers = try Servers(domain, machine.claims, &devices, &late, &random)
        let guest = Guest(target, program, seed: seed)
        var turns = 0
        while !guest.isFinished {
            guest.runUntilIdle()
            try domain.process()
            for device in late.shuffled(using: &random) { try device.finish() }
            turns += 1
            if turns > 100 * accessesPerProgram { return "a vCPU waits for ever" }
        }
        try servers.close()
        if guest.trace.failureCount > 0 { return "a read gives something else than it should" }
        if target.vcpus.contains(where: { $0.misuseCount > 0 }) { return "the library breaks a rule of section 5.1" }
        return compare(devices, machine, target)
    }

    private static func sandbox() throws(XenError) -> InProcessSandbox {
        do throws(Refusal) { return try InProcessSandbox() } catch { throw XenError(error.code, error.rule) }
    }

    private static func domain(of sandbox: InProcessSandbox) throws(XenError) -> Domain {
        do throws(Refusal) {
            return try sandbox.createDomain(DomainShape(vcpuCount: NaiveMachine.vcpuCount, frameCount: 16))
        } catch {
            throw XenError(error.code, error.rule)
        }
    }

    private static func compare(_ devices: [Registers], _ machine: NaiveMachine, _ target: Domain) -> StaticString? {
        for device in devices {
            let expected = machine.registers[device.claim] ?? NaiveMachine.Registers()
            if device.written != expected.written { return "a device was not written as it should be" }
            if device.accessCount != expected.accessCount { return "a device got more or fewer accesses" }
        }
        for (address, byte) in machine.ram where target.loadByte(address) != byte {
            return "RAM is not as it should be"
        }
        return nil
    }
}

/// Three servers with their claims, each by a device that answers now or later.
private struct Servers {
    private var kept: [ServerBox] = []

    private final class ServerBox {
        var server: IOREQServer<ServerState.Serving>?

        init(_ server: consuming IOREQServer<ServerState.Serving>) { self.server = consume server }
    }

    init(
        _ domain: DeviceModelDomain, _ claims: [Claim], _ devices: inout [Registers], _ late: inout [LateRegisters],
        _ random: inout SeededGenerator
    ) throws(XenError) {
        for number in 0..<NaiveMachine.serverCount {
            var server = try domain.makeIOREQServer().mapPages()
            for claim in claims where claim.server == number {
                let registers = Registers(claim)
                devices.append(registers)
                var device: any IODevice = registers
                if random.next() & 3 == 0 {
                    let later = LateRegisters(registers)
                    late.append(later)
                    device = later
                }
                server = try server.claim(claim.range, for: device)
            }
            kept.append(ServerBox(try server.enable()))
        }
    }

    func close() throws(XenError) {
        for box in kept { if let server = box.server.take() { try server.close() } }
    }
}
