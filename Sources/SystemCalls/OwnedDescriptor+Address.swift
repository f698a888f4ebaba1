// Reads, writes and mappings as the conformance suite needs them: with an address that may be bad, privately where that
// is refused. EFAULT is an answer here. Not for: anything else; other code gives a span.

internal import CSystem

extension OwnedDescriptor {
    /// Reads up to `byteCount` bytes to an address: one that is not the caller's own memory is EFAULT.
    package func read(address: UInt, byteCount: Int) throws(SystemError) -> Int {
        // SAFETY: the kernel writes; whoever calls has said that the memory there is for that.
        try once("read") { unsafe CSystem.read(rawValue, UnsafeMutableRawPointer(bitPattern: address), byteCount) }
    }

    /// Writes up to `byteCount` bytes from an address: one that is not the caller's own memory is EFAULT.
    package func write(address: UInt, byteCount: Int) throws(SystemError) -> Int {
        // SAFETY: the kernel only reads.
        try once("write") { unsafe CSystem.write(rawValue, UnsafeRawPointer(bitPattern: address), byteCount) }
    }
}

extension MappedMemory {
    /// Maps a device for reading and writing, shared or privately. Throws what the device answers.
    package init(
        mapping descriptor: borrowing OwnedDescriptor, byteCount: Int, offset: UInt64, isShared: Bool
    ) throws(SystemError) {
        let flags = isShared ? MAP_SHARED : MAP_PRIVATE
        // SAFETY: the kernel chooses an address where nothing is mapped.
        let answer = unsafe mmap(
            nil, byteCount, PROT_READ | PROT_WRITE, flags, descriptor.rawValue, Int(truncatingIfNeeded: offset))
        guard let base = unsafe answer, unsafe corbel_map_failed(base) == 0 else {
            throw SystemError(corbel_errno(), "mmap")
        }
        unsafe self.init(unsafeOwning: base, byteCount: byteCount)
    }
}
