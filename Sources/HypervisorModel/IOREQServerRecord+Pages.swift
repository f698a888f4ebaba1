// Where a server's two pages are, whichever way it got them. dmop.md section 8.
// Not for: making them (Operations/).

internal import XenABI

extension IOREQServerRecord {
    /// The page of the slots, as a run and the index of a page in it; nil while the server has none.
    func synchronousPage(in domain: Domain) -> (run: PageRun, index: Int)? {
        if let pages { return (pages, Int(IOREQServerFrame.synchronous)) }
        guard let frame = legacyFrames?.synchronous, let ram = domain.ram else { return nil }
        return (ram, Int(frame.page))
    }

    /// The page of the buffered ring; nil while the server has none, and with buffering off.
    func bufferedPage(in domain: Domain) -> (run: PageRun, index: Int)? {
        if let pages, handling != .off { return (pages, Int(IOREQServerFrame.buffered)) }
        guard let frame = legacyFrames?.buffered, let ram = domain.ram else { return nil }
        return (ram, Int(frame.page))
    }

    /// Whether the server has pages by one way or the other.
    public var hasPages: Bool { pages != nil || legacyFrames != nil }
}
