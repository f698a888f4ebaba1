// Memory mappings with one owner.
// Not for: memory shared with a guest; that is handed to the platform's MappedPages.

internal import CSystem

/// What a mapping is for.
public enum MappingAccess: Equatable, Sendable {
    /// Reading only.
    case read
    /// Reading and writing.
    case readWrite

    var protection: Int32 { self == .read ? PROT_READ : PROT_READ | PROT_WRITE }
}

/// A mapping that is undone when this value is closed or goes away.
@safe @frozen
public struct MappedMemory: ~Copyable {
    private let base: UnsafeMutableRawPointer
    /// Bytes in the mapping, as asked for.
    public let byteCount: Int

    /// Bytes in a page of this machine.
    public static var pageByteCount: Int { sysconf(Int32(_SC_PAGESIZE)) }

    /// Takes over `byteCount` bytes that are mapped at `base` and that nothing else will unmap.
    @unsafe
    public init(unsafeOwning base: UnsafeMutableRawPointer, byteCount: Int) {
        // SAFETY: the caller promises that the range is mapped, and its own.
        unsafe self.base = base
        self.byteCount = byteCount
    }

    /// Maps `byteCount` bytes of a file or device, shared, from byte `offset` on. Throws what `mmap` answers.
    public init(
        sharing descriptor: borrowing OwnedDescriptor, byteCount: Int, offset: UInt64 = 0, access: MappingAccess
    ) throws(SystemError) {
        // SAFETY: the kernel chooses an address where nothing is mapped.
        let answer = unsafe mmap(nil, byteCount, access.protection, MAP_SHARED, descriptor.rawValue, Int(offset))
        guard let base = unsafe answer, unsafe corbel_map_failed(base) == 0 else {
            throw SystemError(corbel_errno(), "mmap")
        }
        unsafe self.base = base
        self.byteCount = byteCount
    }

    /// Maps `byteCount` fresh bytes, zeroed, that are never paged out and are not there in a forked child: what a
    /// hypercall may be given where there is no /dev/xen/hypercall. Throws EAGAIN or EPERM when locking is not allowed.
    public static func locked(byteCount: Int) throws(SystemError) -> MappedMemory {
        // SAFETY: as above.
        let answer = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, corbel_map_anonymous_locked, -1, 0)
        guard let base = unsafe answer, unsafe corbel_map_failed(base) == 0 else {
            throw SystemError(corbel_errno(), "mmap")
        }
        let memory = unsafe MappedMemory(unsafeOwning: base, byteCount: byteCount)
        // SAFETY: the range is the mapping just made.
        _ = try once("madvise") { unsafe madvise(base, byteCount, MADV_DONTFORK) }
        return memory
    }

    /// Reserves `byteCount` bytes of addresses that can't be read yet, to be filled by `place`.
    public static func reserved(byteCount: Int) throws(SystemError) -> MappedMemory {
        // SAFETY: the kernel chooses an address where nothing is mapped.
        let answer = unsafe mmap(nil, byteCount, PROT_NONE, corbel_map_reserved, -1, 0)
        guard let base = unsafe answer, unsafe corbel_map_failed(base) == 0 else {
            throw SystemError(corbel_errno(), "mmap")
        }
        return unsafe MappedMemory(unsafeOwning: base, byteCount: byteCount)
    }

    /// Maps a piece of a file over a part of this mapping, shared. All numbers are of whole pages; out of bounds traps.
    public mutating func place(
        _ descriptor: borrowing OwnedDescriptor, fileOffset: UInt64, at offset: Int, byteCount: Int,
        access: MappingAccess
    ) throws(SystemError) {
        check(offset, byteCount)
        precondition((offset | byteCount) % Self.pageByteCount == 0, "a piece that is not of whole pages")
        // SAFETY: the range lies within the mapping, which is ours alone: nothing of anybody else's is replaced.
        let answer = unsafe mmap(
            base.advanced(by: offset), byteCount, access.protection, corbel_map_shared_fixed, descriptor.rawValue,
            Int(truncatingIfNeeded: fileOffset))
        if unsafe corbel_map_failed(answer) != 0 { throw SystemError(corbel_errno(), "mmap") }
    }

    deinit {
        // SAFETY: this value owns the range, and it is gone with it.
        let answer = unsafe munmap(base, byteCount)
        precondition(answer == 0, "a mapping of ours could not be undone")
    }

    /// Unmaps now.
    public consuming func close() {}

    /// The address of the first byte, for calls that take one as a number.
    public var address: UInt {
        // SAFETY: a number can't be read through.
        UInt(bitPattern: unsafe base)
    }

    /// Gives up the mapping without undoing it. Who takes the address undoes it, by `init(unsafeOwning:byteCount:)`.
    @unsafe
    public consuming func relinquish() -> UnsafeMutableRawPointer {
        // SAFETY: whoever calls takes over what deinit would have done.
        let base = unsafe base
        discard self
        return unsafe base
    }

    /// Copies bytes out of the mapping, `bytes.count` of them, from `offset` on. Out of bounds traps.
    public func copyOut(from offset: Int, into bytes: inout MutableSpan<UInt8>) {
        check(offset, bytes.count)
        // SAFETY: the range was checked against the mapping.
        unsafe bytes.withUnsafeMutableBufferPointer { target in
            guard let start = target.baseAddress else { return }
            unsafe UnsafeMutableRawPointer(start).copyMemory(from: base.advanced(by: offset), byteCount: target.count)
        }
    }

    /// Copies bytes into the mapping, at `offset`. Out of bounds traps.
    public func copyIn(at offset: Int, from bytes: Span<UInt8>) {
        check(offset, bytes.count)
        // SAFETY: the range was checked against the mapping.
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe base.advanced(by: offset).copyMemory(from: UnsafeRawPointer(start), byteCount: source.count)
        }
    }

    private func check(_ offset: Int, _ count: Int) {
        precondition(offset >= 0 && count >= 0 && offset <= byteCount - count, "access outside of a mapping")
    }
}
