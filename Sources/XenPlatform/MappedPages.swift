// Shared memory behind bounds checks: the only place of the platform that touches an address.
// Not for: making mappings; an owner does, and undoes them.

public import Synchronization

/// How a mapping may be used.
public enum PageAccess: Equatable, Sendable {
    /// Reading only.
    case read
    /// Reading and writing.
    case readWrite
}

/// What made a mapping, and undoes it.
public protocol MappingOwner: AnyObject {
    /// Undoes the mapping of `byteCount` bytes at `address`. Called once.
    func unmap(address: UInt, byteCount: Int)
}

/// Pages that are shared with a guest or with Xen. Everything is copied in or out; no pointer leaves, so that what
/// has been checked can't change afterwards. An offset out of bounds is a bug of ours and traps.
///
/// What a request needs of it is inlined into its callers: beside a call, the references that are counted around one
/// are saved.
@safe
public struct MappedPages: ~Copyable {
    @usableFromInline
    let base: UnsafeMutableRawPointer
    private let owner: any MappingOwner
    /// Bytes in the mapping, a multiple of 4096.
    public let byteCount: Int

    /// Takes over a mapping.
    ///
    /// `base` is page-aligned and stays mapped for `byteCount` bytes until `owner.unmap` is called by this value.
    @unsafe
    public init(unsafeBase base: UnsafeMutableRawPointer, byteCount: Int, owner: any MappingOwner) {
        unsafe self.base = base
        self.byteCount = byteCount
        self.owner = owner
    }

    deinit {
        unsafe owner.unmap(address: UInt(bitPattern: base), byteCount: byteCount)
    }

    /// Unmaps now.
    public consuming func close() {}

    /// Copies bytes out of the shared memory: `bytes.count` of them, from `offset` on. Each is read exactly once, by
    /// atomic loads, which the compiler may not split, repeat or leave out: what is in `bytes` afterwards is what gets
    /// checked and used.
    public func copyOut(from offset: Int, into bytes: inout MutableSpan<UInt8>) {
        check(offset, bytes.count)
        // SAFETY: as many bytes as were checked against the mapping, which lives as long as self; the target has as
        // many, and nobody else has it. Words are loaded from aligned addresses only.
        unsafe bytes.withUnsafeMutableBufferPointer { target in
            guard let start = target.baseAddress else { return }
            let end = target.count
            let aligned = min(end, (8 - offset & 7) & 7)
            let words = aligned + (end - aligned) & ~7
            unsafe copyOutBytes(offset, start, 0..<aligned)
            unsafe copyOutWords(base + (offset + aligned), UnsafeMutableRawPointer(start + aligned), words - aligned)
            unsafe copyOutBytes(offset, start, words..<end)
        }
    }

    /// Eight bytes at a time: a multiple of that many, from an aligned address.
    @inline(__always)
    private func copyOutWords(_ source: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int) {
        let words = unsafe UnsafePointer(source.assumingMemoryBound(to: Atomic<UInt64>.self))
        var index = 0
        while index < count &>> 3 {
            // In memory they lie as they lay: no matter which end comes first.
            let word = unsafe words[index].load(ordering: .relaxed)
            unsafe target.storeBytes(of: word, toByteOffset: index &<< 3, as: UInt64.self)
            index &+= 1
        }
    }

    /// What lies around the aligned words.
    @inline(__always)
    private func copyOutBytes(_ offset: Int, _ target: UnsafeMutablePointer<UInt8>, _ range: Range<Int>) {
        for index in range {
            unsafe target[index] = unsafe atomic(offset + index, UInt8.self).pointee.load(ordering: .relaxed)
        }
    }

    /// Copies 32 bytes out of the shared memory, as four little-endian numbers: an ioreq slot. Each is read exactly
    /// once, as by `copyOut`. `offset` is a multiple of 8.
    @inlinable
    @inline(__always)
    public func copyOut32(from offset: Int) -> InlineArray<4, UInt64> {
        check(offset, 32)
        precondition(offset & 7 == 0, "atomic access out of alignment")
        // SAFETY: all 32 bytes are in bounds and the first is aligned, checked above, and mapped for as long as self
        // lives.
        let words = unsafe UnsafePointer(base.advanced(by: offset).assumingMemoryBound(to: Atomic<UInt64>.self))
        return unsafe [
            words[0].load(ordering: .relaxed).littleEndian, words[1].load(ordering: .relaxed).littleEndian,
            words[2].load(ordering: .relaxed).littleEndian, words[3].load(ordering: .relaxed).littleEndian,
        ]
    }

    /// Copies bytes into the shared memory, at `offset`.
    public func copyIn(at offset: Int, from bytes: Span<UInt8>) {
        check(offset, bytes.count)
        // SAFETY: the range was checked against the mapping; who else writes there makes bytes stale, nothing worse.
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe base.advanced(by: offset).copyMemory(from: UnsafeRawPointer(start), byteCount: source.count)
        }
    }

    /// A little-endian value of 1 to 8 bytes, wherever it lies. Each byte is read exactly once.
    public func load(byteCount: Int, at offset: Int) -> UInt64 {
        precondition(byteCount >= 1 && byteCount <= 8, "a value has 1 to 8 bytes")
        var bytes = InlineArray<8, UInt8>(repeating: 0)
        for index in 0..<byteCount {
            check(offset + index, 1)
            bytes[index] = unsafe atomic(offset + index, UInt8.self).pointee.load(ordering: .relaxed)
        }
        var value: UInt64 = 0
        for index in 0..<byteCount { value |= UInt64(bytes[index]) << UInt64(8 * index) }
        return value
    }

    /// Stores the low 1 to 8 bytes of a value, little end first, wherever they come to lie.
    public func store(_ value: UInt64, byteCount: Int, at offset: Int) {
        precondition(byteCount >= 1 && byteCount <= 8, "a value has 1 to 8 bytes")
        check(offset, byteCount)
        let value = value.littleEndian
        // SAFETY: target checked above; the source has 8 bytes.
        unsafe withUnsafeBytes(of: value) { source in
            guard let start = source.baseAddress else { return }
            unsafe base.advanced(by: offset).copyMemory(from: start, byteCount: byteCount)
        }
    }

    /// One byte, with acquire ordering: what its writer wrote before it is visible afterwards.
    @inlinable
    public func loadAcquiring8(at offset: Int) -> UInt8 {
        unsafe atomic(offset, UInt8.self).pointee.load(ordering: .acquiring)
    }

    /// One byte, with release ordering: all that was written before is visible to who reads it.
    @inlinable
    public func storeReleasing8(_ value: UInt8, at offset: Int) {
        unsafe atomic(offset, UInt8.self).pointee.store(value, ordering: .releasing)
    }

    /// 32 bits, with acquire ordering. `offset` is a multiple of 4.
    @inlinable
    public func loadAcquiring32(at offset: Int) -> UInt32 {
        unsafe atomic(offset, UInt32.self).pointee.load(ordering: .acquiring)
    }

    /// 32 bits, with release ordering. `offset` is a multiple of 4.
    @inlinable
    public func storeReleasing32(_ value: UInt32, at offset: Int) {
        unsafe atomic(offset, UInt32.self).pointee.store(value, ordering: .releasing)
    }

    /// Replaces 32 bits as one step, where they are `expected`; says whether they were. In order with everything that
    /// either side does that way, and with `fence`. `offset` is a multiple of 4.
    @inlinable
    public func exchange32(_ expected: UInt32, for value: UInt32, at offset: Int) -> Bool {
        unsafe atomic(offset, UInt32.self).pointee.compareExchange(
            expected: expected, desired: value, ordering: .sequentiallyConsistent
        ).exchanged
    }

    /// All that was stored before is visible to others before anything is loaded after.
    @inlinable
    public static func fence() { atomicMemoryFence(ordering: .sequentiallyConsistent) }

    /// 64 bits, with acquire ordering. `offset` is a multiple of 8.
    @inlinable
    public func loadAcquiring64(at offset: Int) -> UInt64 {
        unsafe atomic(offset, UInt64.self).pointee.load(ordering: .acquiring)
    }

    /// 64 bits, with release ordering. `offset` is a multiple of 8.
    @inlinable
    public func storeReleasing64(_ value: UInt64, at offset: Int) {
        unsafe atomic(offset, UInt64.self).pointee.store(value, ordering: .releasing)
    }

    /// Adds to 32 bits as one step that nobody can come between, wrapping. `offset` is a multiple of 4.
    @inlinable
    public func wrappingAdd32(_ amount: UInt32, at offset: Int) {
        unsafe atomic(offset, UInt32.self).pointee.wrappingAdd(amount, ordering: .acquiringAndReleasing)
    }

    /// Stores 64 bits if `expected` is still there, as one step; whether it was. `offset` is a multiple of 8.
    @inlinable
    public func compareExchange64(_ expected: UInt64, _ desired: UInt64, at offset: Int) -> Bool {
        unsafe atomic(offset, UInt64.self).pointee.compareExchange(
            expected: expected, desired: desired, ordering: .acquiringAndReleasing
        ).exchanged
    }

    @inlinable
    func check(_ offset: Int, _ count: Int) {
        precondition(offset >= 0 && count >= 0 && offset <= byteCount - count, "access outside of a mapping")
    }

    /// An atomic laid over the mapping. `Atomic<T>` has the size, alignment and representation of T.
    @inlinable
    func atomic<Value: AtomicRepresentable>(_ offset: Int, _: Value.Type) -> UnsafePointer<Atomic<Value>> {
        let width = MemoryLayout<Value>.size
        check(offset, width)
        precondition(offset & (width - 1) == 0, "atomic access out of alignment")
        // SAFETY: in bounds and aligned, checked above, and mapped for as long as self lives.
        return unsafe UnsafePointer(base.advanced(by: offset).assumingMemoryBound(to: Atomic<Value>.self))
    }
}
