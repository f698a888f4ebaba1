// Selection beside a naive model of it: a bit for each number and server, and servers asked from the highest down.

internal import HypervisorModel
internal import XenABI

/// Who gets accesses, against a naive model.
public enum SelectionAgreement {
    /// So many random steps; who was selected, nil for nobody. Throws where the two part.
    @discardableResult
    public static func run(steps: Int, seed: UInt64) throws(Disagreement) -> Set<UInt16?> {
        var selecting: Selecting
        do throws(Refusal) {
            selecting = try Selecting(seed: seed)
        } catch {
            throw Disagreement(seed: seed, step: 0, what: "\(error)")
        }
        var selected: Set<UInt16?> = []
        for step in 0..<steps {
            guard let (access, got, wanted) = selecting.step() else { continue }
            selected.insert(got)
            if got != wanted {
                let who = "server \(got.map { "\($0)" } ?? "none"), wanted \(wanted.map { "\($0)" } ?? "none")"
                throw Disagreement(seed: seed, step: step, what: "\(access): \(who)")
            }
        }
        return selected
    }
}

/// A server, as naively as can be.
private struct NaiveServer {
    var isEnabled = false
    var claimed: [[Bool]] = World.all.map { [Bool](repeating: false, count: Int($0.count)) }
}

/// The numbers of a type that are claimed and asked for.
private struct World {
    let type: IORangeType
    let base: UInt64
    let count: UInt64

    static let all = [
        World(type: .port, base: 0xc00, count: 0x200), World(type: .memory, base: 0xf000_0400, count: 0x800),
        World(type: .pci, base: 0, count: 0x100),
    ]
}

private struct Selecting {
    var random: Randomness
    let xen = Hypervisor()
    let domain: Domain
    var naive = [NaiveServer](repeating: NaiveServer(), count: 8)

    init(seed: UInt64) throws(Refusal) {
        random = Randomness(seed: seed)
        domain = try xen.createDomain(DomainShape())
        for id in 0..<UInt32(8) {
            try call(DMOP.CreateIOREQServer(handling: .off))
            _ = try xen.acquireResource(
                by: .control, on: domain.id, type: .ioreqServer, id: id, first: 1, count: 1)
        }
    }

    /// A change, or an access: the access, who gets it, and who should.
    mutating func step() -> (access: GuestAccess, got: UInt16?, wanted: UInt16?)? {
        switch random.below(32) {
        case 0...5: change(isInsert: true)
        case 6...8: change(isInsert: false)
        case 9: toggle()
        case 10: domain.configurationAddress = UInt32(random.below(2) << 31 | random.below(0x100) << 8)
        default:
            let access = someAccess()
            return (access, domain.decide(access)?.server?.id.rawValue, wanted(access))
        }
        return nil
    }

    /// Claims a range, or gives a part of one back. What the model refuses, the naive one does not do.
    private mutating func change(isInsert: Bool) {
        let id = Int(random.below(8))
        let number = Int(random.below(3))
        let world = World.all[number]
        let first = random.below(world.count)
        let last = min(first + random.below(random.below(16) == 0 ? 64 : 5), world.count - 1)
        let server = IOREQServerID(UInt16(id))
        let (start, end) = (world.base + first, world.base + last)
        let refusal = answer { () throws(Refusal) in
            if isInsert {
                try call(DMOP.MapIORange(id: server, type: world.type, start: start, end: end))
            } else {
                try call(DMOP.UnmapIORange(id: server, type: world.type, start: start, end: end))
            }
        }
        guard refusal == nil else { return }
        for index in Int(first)...Int(last) { naive[id].claimed[number][index] = isInsert }
    }

    private mutating func toggle() {
        let id = Int(random.below(8))
        let isEnabled = random.below(4) != 0
        let refusal = answer { () throws(Refusal) in
            try call(DMOP.SetIOREQServerState(id: IOREQServerID(UInt16(id)), enabled: isEnabled))
        }
        if refusal == nil { naive[id].isEnabled = isEnabled }
    }

    /// Within a page, so that its first request is all of it.
    private mutating func someAccess() -> GuestAccess {
        let size = AccessSize.allCases[Int(random.below(4))]
        if random.below(3) == 0 {
            let isNear = random.below(4) == 0
            return .input(UInt16(isNear ? 0xcfc + random.below(4) : 0xc00 + random.below(0x200)), size)
        }
        let address = 0xf000_0400 + random.below(0x800)
        if random.below(2) == 0 { return .load(address, size) }
        return .repeatedLoad(
            address, size, count: 2 + UInt32(random.below(6)), to: 0x8800, descending: random.below(2) == 0)
    }

    private func wanted(_ access: GuestAccess) -> UInt16? {
        var number = access.space == .port ? 0 : 1
        let size = Int(access.size.rawValue)
        var first = Int(access.address)
        var count = size
        if number == 1 {
            count = size * Int(access.count)
            if access.isDescending { first -= count - size }
        } else if (0xcfc...0xcff).contains(first), domain.configurationAddress >> 31 == 1 {
            number = 2
            first = Int(domain.configurationAddress >> 8 & 0xffff)
            count = 1
        }
        let start = first - Int(World.all[number].base)
        for id in (0..<8).reversed() where naive[id].isEnabled {
            let claimed = naive[id].claimed[number]
            if start >= 0, start + count <= claimed.count, !claimed[start..<(start + count)].contains(false) {
                return UInt16(id)
            }
        }
        return nil
    }

    private func call<P: DMOPPayload>(_ payload: P) throws(Refusal) {
        var operation = [UInt8(P.opcode.rawValue), 0, 0, 0, 0, 0, 0, 0] + payload.encodedBytes
        var none: [UInt8] = []
        var first = operation.mutableSpan
        var second = none.mutableSpan
        try xen.dmOp(by: .control, on: domain.id, bufferCount: 1, &first, &second)
    }
}
