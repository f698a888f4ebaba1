// A buffer of 32-bit numbers that a driver fills: no copy, and no check beyond its bounds, on the way to each.
// Not for: bytes (see OwnedDescriptor).

internal import CSystem

/// Memory for `capacity` little-endian numbers, filled by reading a descriptor.
@safe
package struct WordBuffer: ~Copyable {
    private let base: UnsafeMutablePointer<UInt32>
    /// Numbers that there is room for.
    package let capacity: Int

    package init(capacity: Int) {
        precondition(capacity > 0, "a buffer without room")
        unsafe base = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
        unsafe base.initialize(repeating: 0, count: capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    /// Reads what is there, as many whole numbers as have room: how many that were; 0 when there is nothing (yet).
    package func fill(from descriptor: borrowing OwnedDescriptor) throws(SystemError) -> Int {
        while true {
            // SAFETY: the kernel writes within the memory that `base` owns.
            let answer = unsafe CSystem.read(descriptor.rawValue, base, capacity * 4)
            if answer >= 0 { return answer / 4 }
            let code = corbel_errno()
            if code == EAGAIN { return 0 }
            precondition(code != EBADF && code != EFAULT, "a descriptor or a buffer of ours is bad")
            if code != EINTR { throw SystemError(code, "read") }
        }
    }

    /// A number. Out of bounds traps.
    package subscript(index: Int) -> UInt32 {
        get {
            precondition(index >= 0 && index < capacity, "outside of the buffer")
            // SAFETY: in bounds, checked above.
            return unsafe UInt32(littleEndian: base[index])
        }
        nonmutating set {
            precondition(index >= 0 && index < capacity, "outside of the buffer")
            // SAFETY: as above.
            unsafe base[index] = newValue.littleEndian
        }
    }
}
