// Op 18: how frames are cached. dmop.md section 3.18.

public import XenABI

/// A range of frames whose cache attribute is pinned.
public struct PinnedCache: Hashable, Sendable {
    /// First and last frame.
    public var frames: ClosedRange<GuestFrame>
    /// How they are cached.
    public var attribute: CacheAttribute
}

extension Hypervisor {
    /// Bits of a physical address of the model's host.
    static let hostAddressWidth: UInt64 = 46

    func pinMemoryCacheAttribute(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.PinMemoryCacheAttribute.self)
        let domain = call.domain
        let limit = GuestFrame(1 << Self.hostAddressWidth)
        try check(frame.hasZeroPads(DMOP.PinMemoryCacheAttribute.self), .einval, "3.18 pad")
        try check(
            payload.start <= payload.end && payload.end < limit, .einval, "3.18 end < start, or beyond the width")
        let range = payload.start...payload.end
        let same = domain.pinnedCaches.firstIndex { $0.frames == range }
        if payload.type == .delete {
            guard let same else { throw Refusal(.enoent, "3.18 no range of these ends") }
            domain.pinnedCaches.remove(at: same)
            return
        }
        let isUncached = [.uncacheable, .writeCombining, .uncacheableMinus].contains(payload.type)
        try check(
            !isUncached || domain.shape.hasIOMMU || release.version < .v4_21, .eperm, "3.18 uncached without IOMMU")
        try check(
            isUncached || [.writeThrough, .writeProtected, .writeBack].contains(payload.type), .einval,
            "3.18 unknown type")
        if let same {
            domain.pinnedCaches[same].attribute = payload.type
            return
        }
        try check(!domain.pinnedCaches.contains { $0.frames.overlaps(range) }, .ebusy, "3.18 overlap")
        try check(domain.pinnedCaches.count < DMOPLimits.pinnedCacheRanges, .enospc, "3.18 64 ranges")
        domain.pinnedCaches.append(PinnedCache(frames: range, attribute: payload.type))
    }
}
