// From memory files to the platform's MappedPages: pages of any runs, side by side. The one file here with addresses.

internal import HypervisorModel
internal import SystemCalls
internal import XenPlatform

/// Undoes a mapping, and lets go of what it has kept meanwhile.
private final class FileMapping: MappingOwner {
    private var token: MappingToken?

    init(_ token: MappingToken?) { self.token = token }

    func unmap(address: UInt, byteCount: Int) {
        if let base = unsafe UnsafeMutableRawPointer(bitPattern: address) {
            // SAFETY: MappedPages calls its owner once, with what it has taken over below.
            unsafe MappedMemory(unsafeOwning: base, byteCount: byteCount).close()
        }
        token = nil
    }
}

extension MappedPages {
    /// Hands a mapping over. `token` is kept until it is undone.
    init(_ memory: consuming MappedMemory, keeping token: MappingToken?) {
        let byteCount = memory.byteCount
        // SAFETY: mmap answers pages, the mapping is given up by its old owner, and only this value's owner undoes it.
        unsafe self.init(unsafeBase: memory.relinquish(), byteCount: byteCount, owner: FileMapping(token))
    }
}
