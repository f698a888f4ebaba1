// Which device of ours serves an access.
// Not for: which server gets it; Xen decides that (dmop.md section 6).

import XenABI

/// A claimed range and the device behind it.
struct Claim {
    let range: IORange
    /// Where the device's offset 0 is: the start of the range as it was claimed, also after a part was released.
    let origin: UInt64
    let device: any IODevice
}

/// The claims of one server, sorted by type and start. Xen refuses overlaps within a server, so at most one fits.
struct ClaimTable {
    private(set) var claims: [Claim] = []
    /// Each device once, however many ranges it has.
    private(set) var devices: [any IODevice] = []
    /// What each of `devices` is called. Apart from the claims, because each request takes a copy of one.
    private var names: [String] = []

    mutating func insert(_ range: IORange, _ device: any IODevice) {
        let claim = Claim(range: range, origin: range.start, device: device)
        claims.insert(claim, at: firstIndex(after: range.type, range.start))
        if devices.contains(where: { $0 === device }) { return }
        devices.append(device)
        names.append(device.deviceName)
    }

    /// Takes a range away from whoever holds it, as Xen does: a claim may lose a part, or fall in two.
    mutating func remove(_ range: IORange) {
        var kept: [Claim] = []
        kept.reserveCapacity(claims.count + 1)
        for claim in claims {
            let parts = claim.range.parts(outside: range)
            for part in [parts.low, parts.high] {
                if let part { kept.append(Claim(range: part, origin: claim.origin, device: claim.device)) }
            }
        }
        claims = kept
        for index in devices.indices.reversed() where !claims.contains(where: { $0.device === devices[index] }) {
            devices.remove(at: index)
            names.remove(at: index)
        }
    }

    /// What the device behind a claim is called.
    func deviceName(of claim: Claim) -> String {
        guard let index = devices.firstIndex(where: { $0 === claim.device }) else { return "" }
        return names[index]
    }

    /// Index of the claim that the whole access lies in. An access across two claims has none: it is never divided.
    @inline(__always)
    func index(of type: IORangeType, covering access: ClosedRange<UInt64>) -> Int? {
        let index = firstIndex(after: type, access.lowerBound) - 1
        guard index >= 0, claims[index].range.type == type, claims[index].range.contains(access) else { return nil }
        return index
    }

    /// Index of the first claim that sorts behind (type, start).
    @inline(__always)
    private func firstIndex(after type: IORangeType, _ start: UInt64) -> Int {
        var low = 0
        var high = claims.count
        while low < high {
            let middle = (low + high) / 2
            let range = claims[middle].range
            let isBefore = range.type == type ? range.start <= start : range.type.rawValue < type.rawValue
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
