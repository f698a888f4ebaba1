// The page of a ring, as a protocol of few verbs, and over a mapping.
// Not for: what is done in which order (GuestRing).

public import XenPlatform

/// A page that a guest may change at any time. Each call touches it once; what has come out is a copy.
public protocol RingMemory: AnyObject {
    /// A word, by one aligned load with acquire ordering.
    func load(_ word: RingWord) -> UInt32
    /// Stores a word, by one aligned store with release ordering.
    func store(_ value: UInt32, to word: RingWord)
    /// Copies bytes out of the page, from `offset` on, each read exactly once.
    func copyOut(from offset: Int, into bytes: inout MutableSpan<UInt8>)
    /// Copies bytes into the page.
    func copyIn(at offset: Int, from bytes: Span<UInt8>)
    /// All that was stored before is visible before anything is loaded after.
    func fence()
}

/// A page that is mapped. It is unmapped when this goes away.
public final class MappedRing: RingMemory {
    private let pages: MappedPages

    /// Takes over a mapping of one page or more, for reading and writing.
    public init(_ pages: consuming MappedPages) { self.pages = pages }

    /// A word, by one aligned load with acquire ordering.
    public func load(_ word: RingWord) -> UInt32 { pages.loadAcquiring32(at: word.rawValue).littleEndian }

    /// Stores a word, by one aligned store with release ordering.
    public func store(_ value: UInt32, to word: RingWord) {
        pages.storeReleasing32(value.littleEndian, at: word.rawValue)
    }

    /// Copies bytes out of the page, each read exactly once.
    public func copyOut(from offset: Int, into bytes: inout MutableSpan<UInt8>) {
        pages.copyOut(from: offset, into: &bytes)
    }

    /// Copies bytes into the page.
    public func copyIn(at offset: Int, from bytes: Span<UInt8>) { pages.copyIn(at: offset, from: bytes) }

    /// All that was stored before is visible before anything is loaded after.
    public func fence() { MappedPages.fence() }
}
