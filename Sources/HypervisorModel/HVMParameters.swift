// HVM parameters, as far as they are about the legacy frames of ioreq servers. dmop.md section 8.2.
// Not for: handing the frames to servers (Operations/LegacyFrames).

public import XenABI

/// Parameters of a domain, and which frames of the pool are in use.
struct HVMParameters {
    static let ioreqFrame: UInt32 = 5
    static let bufferedFrame: UInt32 = 6
    static let poolFirst: UInt32 = 32
    static let poolCount: UInt32 = 33

    private var values: [UInt32: UInt64] = [:]
    private var taken: Set<GuestFrame> = []

    subscript(index: UInt32) -> UInt64 { values[index] ?? 0 }

    mutating func set(_ index: UInt32, _ value: UInt64) throws(Refusal) {
        try check(index != 13 && index != 26 && index <= 38, .einval, "8.2 dead or unknown parameter")
        if index == Self.poolFirst || index == Self.poolCount {
            try check(self[index] == 0 || self[index] == value, .eexist, "8.2 set already")
        }
        try check(index != Self.poolCount || (1...64).contains(value), .einval, "8.2 1 to 64 frames")
        values[index] = value
    }

    /// Takes the lowest free frame of the pool.
    mutating func takeFrame() -> GuestFrame? {
        let count = self[Self.poolCount]
        var pool = (0..<count).map { GuestFrame(self[Self.poolFirst] &+ $0) }
        for index in [Self.ioreqFrame, Self.bufferedFrame] {
            if let value = values[index] { pool.append(GuestFrame(value)) }
        }
        guard let frame = pool.first(where: { !taken.contains($0) }) else { return nil }
        taken.insert(frame)
        return frame
    }

    mutating func giveBack(_ frame: GuestFrame) { taken.remove(frame) }
}

extension Hypervisor {
    /// Sets an HVM parameter of a domain.
    public func setParameter(_ index: UInt32, to value: UInt64, on id: DomainID) throws(Refusal) {
        guard let domain = domain(id) else { throw Refusal(.esrch, "no such domain") }
        try domain.parameters.set(index, value)
    }

    /// The value of an HVM parameter; 0 while it is not set.
    public func parameter(_ index: UInt32, on id: DomainID) throws(Refusal) -> UInt64 {
        guard let domain = domain(id) else { throw Refusal(.esrch, "no such domain") }
        try check(index != 13 && index != 26 && index <= 38, .einval, "8.2 dead or unknown parameter")
        return domain.parameters[index]
    }
}
