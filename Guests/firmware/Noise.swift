// A guest that means no good: requests that are half right, ports in every width, frames that are none. The service
// must answer each with a status that it knows, and go on (varstored.md 2, rule 4). What answers should be: see Rows.
import Machine

/// xorshift64: the same seed, the same noise.
private struct Random {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func below(_ limit: UInt64) -> UInt64 { (next() >> 16) % limit }
    mutating func word() -> UInt32 { UInt32(truncatingIfNeeded: next() >> 16) }
}

struct Noise {
    private var random: Random
    private var answers: UInt64 = 0
    private var successes: UInt64 = 0
    private var failures: UInt64 = 0

    private init(seed: UInt64) { random = Random(seed) }

    /// `noise N SEED`
    static func run(_ count: UInt64, seed: UInt64) -> Verdict {
        var noise = Noise(seed: seed)
        for number in 0..<count {
            switch noise.random.below(8) {
            case 0, 1: noise.randomFields()
            case 2, 3, 4: noise.plausible(isLate: number > count - count / 4)
            case 5: noise.update()
            case 6: noise.port()
            default: noise.frame()
            }
            if number % 64 == 0 { noise.checkPulse() }
        }
        noise.checkPulse()
        Line("firmware: noise of seed ").number(seed).text(": ").number(noise.answers).text(" answers, ")
            .number(noise.successes).text(" of them Success").end()
        Line(noise.failures == 0 ? "firmware: noise passed" : "firmware: noise FAILED").end()
        return noise.failures == 0 ? .passed : .failed
    }

    /// A call whose answer must be a status of the protocol.
    private mutating func call() {
        VariableService.call()
        answers += 1
        let status = VariableService.status
        if status == .success { successes += 1 }
        if status.phrase != nil { return }
        failures += 1
        Line("   an answer that is none: ").status(status).end()
    }

    /// A simple question must have its answer, whatever came before.
    private mutating func checkPulse() {
        let storage = Storage(7)
        if storage.status == .success, storage.total == 131072, storage.remaining <= 131072 { return }
        failures += 1
        Line("   Query is not answered any more: ").status(storage.status).end()
    }

    /// A command, then bytes and sizes at random.
    private mutating func randomFields() {
        var request = Request(random.word() % 6)
        for _ in 0..<16 {
            switch random.below(4) {
            case 0: request = request.u64(random.below(70000))
            case 1: request = request.u64(1 << random.below(64))
            case 2: request = request.u64(random.below(16))
            default: request = request.u64(random.next())
            }
        }
        call()
    }

    private mutating func name() -> Name {
        switch random.below(4) {
        case 0: .numbered("Noise", random.below(64))
        case 1: .repeated(0x6e, byteCount: random.below(4200))
        case 2: .text("")
        default: .numbered("N", random.below(8))
        }
    }

    /// Well-formed requests with names, sizes, attributes at random; volatile ones, to spare the backend.
    private mutating func plausible(isLate: Bool) {
        let (name, flag) = (name(), isLate && random.below(8) == 0)
        let guid: VendorGUID = random.below(8) == 0 ? .global : .test
        switch random.below(4) {
        case 0: _ = Request(Command.get).name(name).guid(guid).u64(random.below(60000)).flag(flag)
        case 1: _ = Request(Command.next).u64(random.below(8192)).name(name).guid(guid).flag(flag)
        default:
            let size = random.below(random.below(16) == 0 ? 58000 : 400)
            let attributes = random.below(8) == 0 ? random.word() & 0xfe : random.word() & 0x46 | 2
            _ = Request(Command.set).name(name).guid(guid).data(.filled(0x6e, count: size)).u32(attributes).flag(flag)
        }
        call()
    }

    /// A prepared update for a variable that it may be for or not, as it is or with a byte changed.
    private mutating func update() {
        guard let update = Fixture(rawValue: random.below(Fixture.count)), update != .vectors else { return }
        var draft = Draft(update)
        if random.below(4) != 0 { draft.change(at: random.below(update.byteCount)) }
        if random.below(8) == 0 { draft.put(.number(random.next(), count: 4), at: 16) }
        let variable: Variable
        switch random.below(5) {
        case 0: variable = .pk
        case 1: variable = .kek
        case 2: variable = .db
        case 3: variable = .dbx
        default: variable = .test("B")
        }
        let attributes: UInt32 = random.below(4) == 0 ? 0x67 : 0x27
        _ = Request(Command.set).name(variable.name).guid(variable.guid).data(draft.bytes).u32(attributes).flag(false)
        call()
    }

    /// Any access to any of the ports but one that would be a command.
    private mutating func port() {
        let port = 0x100 + random.word() % 12
        switch random.below(8) {
        case 0: out8(port, random.word())
        case 1: out16(port, random.word())
        case 2: if port != VariableService.commandPort { out32(port, random.word() % 400) }
        case 3: _ = in8(port)
        case 4: _ = in16(port)
        case 5: _ = in32(port)
        case 6: in_string(port, 1, Scratch.kept, 1 + random.below(64), 0)
        default: out_string(port, 4, Scratch.kept, 1 + random.below(16), 0)
        }
    }

    /// Frames that are no memory: nothing may come of them.
    private mutating func frame() {
        let frame = random.below(2) == 0 ? 0xffff_ffff - random.word() % 64 : 0x2_0000 + random.word() % 0x1_0000
        VariableService.call(frame: frame)
    }
}
