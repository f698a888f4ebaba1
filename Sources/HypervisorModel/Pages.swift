// Pages of memory that the model shares with device models: RAM of guests, pages of ioreq servers.
// Not for: where they come from (a PageSource), or which guest frame is which page (MemoryMap).

internal import XenABI
public import XenPlatform

/// A run of pages, zeroed when made, that lives as long as somebody refers to it.
public final class PageRun {
    /// The pages as the model sees them.
    public let pages: MappedPages
    /// Who made it can find what it needs to map the run for others: a memory file, say.
    public let backing: AnyObject?

    /// Pages, and what is behind them.
    public init(_ pages: consuming MappedPages, backing: AnyObject?) {
        self.pages = pages
        self.backing = backing
    }

    /// Pages in the run.
    public var count: Int { pages.byteCount / GuestFrame.byteCount }
}

/// Makes pages: of the heap for tests of the model alone, of memory files where others map them.
public protocol PageSource: AnyObject {
    /// `count` zeroed pages. ENOMEM when there are none.
    func makePages(count: Int, purpose: StaticString) throws(Refusal) -> PageRun
}
