// DM_OP with random bytes: nothing traps, and nothing is written where it may not be. dmop.md sections 1.3 and 1.4.
// Not for: whether an answer is right.

internal import HypervisorModel
public import XenABI

/// Calls of a caller who sends anything.
public enum HostileCalls {
    /// So many random calls; which operations have succeeded. Throws where bytes changed that no operation writes.
    @discardableResult
    public static func run(steps: Int, seed: UInt64) throws(Disagreement) -> Set<DMOpcode> {
        var random = Randomness(seed: seed)
        var succeeded: Set<DMOpcode> = []
        var step = 0
        while step < steps {
            let xen = Hypervisor(release: Release(random.pick(Release.Version.allCases), hasXSA506: nil))
            guard let guest = someGuest(xen, &random) else {
                throw Disagreement(seed: seed, step: step, what: "no guest can be made")
            }
            for _ in 0..<min(500, steps - step) {
                var call = HostileCall(&random)
                if let what = call.make(xen, on: guest) { throw Disagreement(seed: seed, step: step, what: what) }
                if call.hasSucceeded { succeeded.insert(call.opcode) }
                step += 1
            }
        }
        return succeeded
    }

    private static func someGuest(_ xen: Hypervisor, _ random: inout Randomness) -> DomainID? {
        let shape = DomainShape(
            random.pick([.pvh, .hvm, .hvm, .pv]), vcpuCount: random.pick([1, 2, 3]),
            frameCount: random.pick([0, 700]),
            usesHAP: random.below(4) != 0, isArm: random.below(4) == 0)
        do throws(Refusal) {
            let guest = try xen.createDomain(shape)
            guest.isLogDirty = random.below(2) == 0
            try xen.setParameter(33, to: 4, on: guest.id)
            return guest.id
        } catch { return nil }
    }
}

/// One call: two buffers of any length.
private struct HostileCall {
    /// Numbers at which something may happen.
    private static let numbers: [UInt64] = [
        0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 64, 255, 256, 257, 600, 0x3ff, 0x400, 0xffff, .max - 1, .max,
    ]

    var operation: [UInt8]
    var data: [UInt8]
    let bufferCount: UInt32
    private(set) var hasSucceeded = false

    init(_ random: inout Randomness) {
        let opcode = random.below(24)
        bufferCount = random.below(16) == 0 ? UInt32(random.below(5)) : opcode == 7 || opcode == 11 ? 2 : 1
        operation = [UInt8](repeating: 0, count: random.below(4) == 0 ? Int(random.below(40)) : 32)
        data = [UInt8](repeating: 0, count: random.below(4) == 0 ? Int(random.below(64)) : 4096)
        if !operation.isEmpty { operation[0] = UInt8(opcode) }
        if random.below(32) == 0 { Self.put(random.next(), 8, at: 0, &operation) }
        for _ in 0..<random.below(5) {
            Self.put(random.pick(Self.numbers), random.pick([1, 2, 4, 8]), at: 8 + Int(random.below(24)), &operation)
        }
        for extent in 0..<4 {
            Self.put(random.pick(Self.numbers) & 0xffff, 4, at: extent * 16, &data)
            Self.put(random.pick(Self.numbers), 8, at: extent * 16 + 8, &data)
        }
        // Nobody waits for 2^32 frames, as Xen would: types of holes, a page that a move takes along with itself.
        if opcode == 12 || opcode == 17, operation.count >= 12 { (operation[10], operation[11]) = (0, 0) }
    }

    var opcode: DMOpcode { DMOpcode(operation.isEmpty ? 0 : UInt32(operation[0])) }

    /// Calls; what is wrong with the buffers afterwards.
    mutating func make(_ xen: Hypervisor, on guest: DomainID) -> String? {
        let (operationBefore, dataBefore) = (operation, data)
        var (operation, data) = (operation, data)
        var first = operation.mutableSpan
        var second = data.mutableSpan
        do throws(Refusal) {
            try xen.dmOp(by: .control, on: guest, bufferCount: bufferCount, &first, &second)
            hasSucceeded = true
        } catch {
            // Any errno will do.
        }
        let end = min(operation.count, 8 + opcode.payloadByteCount)
        let isWritten = opcode.writeBack != .never && (hasSucceeded || opcode == .setMemoryType || goesOn)
        var wanted = operationBefore
        if isWritten, end > 8 { wanted.replaceSubrange(8..<end, with: operation[8..<end]) }
        if operation != wanted { return "\(opcode) has written to buffer 0" }
        if opcode != .trackDirtyVRAM || !hasSucceeded, data != dataBefore { return "\(opcode) has written to buffer 1" }
        return nil
    }

    /// Operations that leave their progress also where a later round is refused.
    private var goesOn: Bool { [.modifiedMemory, .mapMemoryType, .relocateMemory].contains(opcode) }

    private static func put(_ number: UInt64, _ byteCount: Int, at offset: Int, _ bytes: inout [UInt8]) {
        for index in 0..<byteCount where offset + index < bytes.count {
            bytes[offset + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
        }
    }
}
