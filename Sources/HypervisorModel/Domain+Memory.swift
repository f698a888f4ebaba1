// The pages of a domain's RAM, and which of them the guest has written to.
// Not for: which frame is what (MemoryMap).

public import XenABI

extension Domain {
    /// All pages of its RAM, made at the first call. A page's index is what `FrameUse.ram` says. ENOMEM when there is
    /// no memory, or the domain has none.
    public func ramPages() throws(Refusal) -> PageRun {
        if let ram { return ram }
        try check(!life.isDead && shape.frameCount > 0, .enomem, "8 the domain has no RAM")
        let run = try hypervisor.pageSource.makePages(count: Int(shape.frameCount), purpose: "guest RAM")
        ram = run
        return run
    }

    /// The page at a frame, for those who map it: nil unless it is RAM. dmop.md 9.4 and rows F1, G4.
    public func page(of frame: GuestFrame) -> (PageRun, Int)? {
        guard case .ram(_, let page) = memory.use(of: frame) else { return nil }
        do throws(Refusal) { return (try ramPages(), Int(page)) } catch { return nil }
    }

    /// The guest has written to a frame of RAM.
    public func markDirty(_ frame: GuestFrame) { dirtyFrames.guestWrote(frame) }

    /// The window of op 7: the frames whose writes a device model follows; nil when it follows none.
    public var dirtyWindow: (first: GuestFrame, count: Int)? {
        dirtyFrames.window.map { (GuestFrame($0.first), Int($0.count)) }
    }

    /// Whether the target is in log-dirty mode, as during migration: op 11 looks at nothing otherwise. dmop.md 3.11.
    public var isLogDirty: Bool {
        get { dirtyFrames.isLogging }
        set { dirtyFrames.isLogging = newValue }
    }

    /// Frames written to since log-dirty mode began, by the guest or, by op 11, by device models.
    public var loggedFrames: Set<GuestFrame> { dirtyFrames.logged }
}
