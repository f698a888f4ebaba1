// Pages of the heap, for a model that shares nothing with another process. The one file here with addresses.

internal import XenABI
internal import XenPlatform

/// Makes pages of the heap.
public final class HeapPages: PageSource {
    /// A source.
    public init() {}

    /// Pages of zeros.
    public func makePages(count: Int, purpose: StaticString) throws(Refusal) -> PageRun {
        let byteCount = count * GuestFrame.byteCount
        // SAFETY: as many bytes as are initialised; the owner frees them when the mapping goes.
        let base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: GuestFrame.byteCount)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        return unsafe PageRun(
            MappedPages(unsafeBase: base, byteCount: byteCount, owner: HeapOwner.only), backing: nil)
    }
}

private final class HeapOwner: MappingOwner {
    nonisolated(unsafe) static let only = HeapOwner()

    func unmap(address: UInt, byteCount: Int) {
        // SAFETY: MappedPages calls its owner once, with what `makePages` has allocated.
        unsafe UnsafeMutableRawPointer(bitPattern: address)?.deallocate()
    }
}
