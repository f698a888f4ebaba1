// Which guest frame is what: RAM of a type, a place for devices, or nothing.

public import XenABI

/// What is at a frame.
public enum FrameUse: Hashable, Sendable {
    /// Nothing.
    case hole
    /// Accesses go to device models (`mmio_dm`, set by op 12).
    case deviceMemory
    /// RAM: `page` is its index in the domain's run of pages.
    case ram(MemoryType, page: UInt64)
}

/// A domain's memory map.
public struct MemoryMap {
    init(ramFrameCount: UInt64) {}

    /// What is at a frame.
    public func use(of frame: GuestFrame) -> FrameUse { .hole }
}
