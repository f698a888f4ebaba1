// A domain's memory map beside a naive model of it, both told to change by ops 6, 12, 15 and 17.

internal import HypervisorModel
internal import XenABI

/// The memory map against its naive model.
public enum MemoryAgreement {
    /// So many random steps; what came of them. Throws where the two part. Each guest lives for some steps only:
    /// memory that is gone does not come back.
    @discardableResult
    public static func run(steps: Int, seed: UInt64) throws(Disagreement) -> Set<Outcome> {
        var random = Randomness(seed: seed)
        let xen = Hypervisor()
        var outcomes: Set<Outcome> = []
        var step = 0
        while step < steps {
            guard let life = GuestLife(xen) else {
                throw Disagreement(seed: seed, step: step, what: "no guest can be made")
            }
            for _ in 0..<min(1000, steps - step) {
                let (outcome, wanted) = life.step(&random)
                outcomes.insert(outcome)
                if outcome.answer != wanted {
                    throw Disagreement(
                        seed: seed, step: step,
                        what: "\(outcome.what): \(name(outcome.answer)), wanted \(name(wanted))")
                }
                if step % 64 == 0, let what = life.difference() {
                    throw Disagreement(seed: seed, step: step, what: what)
                }
                step += 1
            }
            if let code = life.end() { throw Disagreement(seed: seed, step: step, what: "its end: \(name(code))") }
        }
        return outcomes
    }
}

/// A guest and its naive model.
private final class GuestLife {
    private let xen: Hypervisor
    private let guest: Domain
    private var naive = NaiveMemory()

    /// With two servers, 0 and 1; nil when the model makes none.
    init?(_ xen: Hypervisor) {
        self.xen = xen
        do throws(Refusal) {
            guest = try xen.createDomain(DomainShape(frameCount: NaiveMemory.ramFrames))
        } catch { return nil }
        for _ in 0..<2 { if op(DMOP.CreateIOREQServer(handling: .off)) != nil { return nil } }
    }

    func end() -> XenErrorCode? { answer { () throws(Refusal) in try xen.destroyDomain(guest.id) } }

    /// One random operation, as the model answers it, and as the naive model does.
    func step(_ random: inout Randomness) -> (Outcome, XenErrorCode?) {
        let id = UInt16(random.below(2))
        let server = IOREQServerID(id)
        // Most runs are short, some take two rounds.
        let most: UInt64 = random.below(16) == 0 ? 400 : 6
        switch random.below(16) {
        case 0...7:
            let (first, count) = (random.below(700), UInt32(random.below(most)))
            let type = MemoryType(UInt16(random.below(16) == 0 ? random.below(7) : [0, 1, 4, 0][Int(random.below(4))]))
            let got = op(DMOP.SetMemoryType(count: count, type: type, first: GuestFrame(first)))
            return (Outcome("set type", got), naive.setType(first, count, type))
        case 8, 9:
            let got = op(DMOP.MapMemoryType(id: server, type: .ioreqServer, flags: .write))
            return (Outcome("hold", got), naive.hold(id))
        case 10:
            let got = op(DMOP.MapMemoryType(id: server, type: .ioreqServer, flags: []))
            return (Outcome("give back", got), naive.giveBack(id))
        case 11:
            let got = op(DMOP.DestroyIOREQServer(id: server)) ?? op(DMOP.CreateIOREQServer(handling: .off))
            naive.destroy(id)
            return (Outcome("destroy", got), nil)
        default:
            let (source, destination) = (random.below(NaiveMemory.world - 400), random.below(NaiveMemory.world - 400))
            let count = UInt32(random.below(most))
            let got = op(
                DMOP.RelocateMemory(
                    count: count, source: GuestFrame(source), destination: GuestFrame(destination)))
            return (Outcome("move", got), naive.move(source, destination, count))
        }
    }

    func difference() -> String? {
        for frame in 0..<NaiveMemory.world {
            let (got, wanted) = (guest.memory.use(of: GuestFrame(frame)), naive.frames[Int(frame)])
            if got != wanted { return "frame \(frame) is \(got), wanted \(wanted)" }
        }
        let count = guest.memory.trackedFrameCount
        if count != UInt64(naive.trackedFrameCount) { return "\(count) frames of type 4" }
        return guest.memory.use(of: GuestFrame(NaiveMemory.world)) == .hole ? nil : "something beyond the world"
    }

    private func op<P: DMOPPayload>(_ payload: P) -> XenErrorCode? {
        var frame = DMOPFrame(payload)
        var none: [UInt8] = []
        var operation = frame.bytes.mutableSpan
        var data = none.mutableSpan
        do throws(Refusal) {
            try xen.dmOp(by: .control, on: guest.id, bufferCount: 1, &operation, &data)
            return nil
        } catch {
            return error.code
        }
    }
}
