// From a mapping of Linux' to the platform's MappedPages, and back to be undone. The one file here with addresses.

internal import SystemCalls
internal import XenPlatform

/// Undoes a mapping that `MappedPages` has taken over.
func undoMapping(address: UInt, byteCount: Int) {
    guard let base = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    // SAFETY: MappedPages calls its owner once, with what it has taken over below, and is gone afterwards.
    unsafe MappedMemory(unsafeOwning: base, byteCount: byteCount).close()
}

/// Undoes mappings of which the sandbox need not know.
final class PlainMappings: MappingOwner {
    func unmap(address: UInt, byteCount: Int) { undoMapping(address: address, byteCount: byteCount) }
}

extension MappedPages {
    /// Hands a mapping over; `owner` undoes it.
    init(_ memory: consuming MappedMemory, owner: any MappingOwner) {
        let byteCount = memory.byteCount
        // SAFETY: mmap answers pages, the mapping is given up by its old owner, and only this value's owner undoes it.
        unsafe self.init(unsafeBase: memory.relinquish(), byteCount: byteCount, owner: owner)
    }
}
