// One access of a guest: what an instruction does to a port or to memory.
// Not for: what requests become of it (AccessCursor), or who gets them (Selection).

/// Bytes of an element of an access.
public enum AccessSize: UInt32, Hashable, Sendable, CaseIterable {
    /// A byte.
    case one = 1
    /// 2 bytes.
    case two = 2
    /// 4 bytes.
    case four = 4
    /// 8 bytes: memory only.
    case eight = 8

    /// As many bits set as the size has: what a read of nothing gives.
    public var allOnes: UInt64 { ~0 >> (64 - 8 * UInt64(rawValue)) }
}

/// What one instruction of a guest does. dmop.md section 4.2.
public struct GuestAccess: Hashable, Sendable {
    /// Where the address is.
    public enum Space: UInt8, Hashable, Sendable {
        /// I/O ports.
        case port
        /// Guest-physical memory.
        case memory
    }

    /// Port or memory.
    public var space: Space
    /// The port, or the guest-physical address: of the first element that the processor takes.
    public var address: UInt64
    /// Bytes of an element.
    public var size: AccessSize
    /// The guest reads.
    public var isRead: Bool
    /// What the guest writes; not used by strings.
    public var value: UInt64
    /// Elements: 1, unless it is a string.
    public var count: UInt32
    /// The guest-physical address of the first element's RAM, for a string: `rep ins`, `rep outs`, `rep movs`.
    public var memoryAddress: UInt64?
    /// The direction flag, of strings: addresses go down.
    public var isDescending: Bool

    private init(_ space: Space, _ address: UInt64, _ size: AccessSize, isRead: Bool, value: UInt64 = 0) {
        self.space = space
        self.address = address
        self.size = size
        self.isRead = isRead
        self.value = value & size.allOnes
        count = 1
        memoryAddress = nil
        isDescending = false
    }

    /// `in`.
    public static func input(_ port: UInt16, _ size: AccessSize) -> GuestAccess {
        GuestAccess(.port, UInt64(port), size, isRead: true)
    }

    /// `out`.
    public static func output(_ port: UInt16, _ size: AccessSize, _ value: UInt64) -> GuestAccess {
        GuestAccess(.port, UInt64(port), size, isRead: false, value: value)
    }

    /// A load from memory.
    public static func load(_ address: UInt64, _ size: AccessSize) -> GuestAccess {
        GuestAccess(.memory, address, size, isRead: true)
    }

    /// A store to memory.
    public static func store(_ address: UInt64, _ size: AccessSize, _ value: UInt64) -> GuestAccess {
        GuestAccess(.memory, address, size, isRead: false, value: value)
    }

    /// `rep ins`: from a port to RAM.
    public static func repeatedInput(
        _ port: UInt16, _ size: AccessSize, count: UInt32, to memory: UInt64, descending: Bool = false
    ) -> GuestAccess {
        input(port, size).repeated(count, memory, descending)
    }

    /// `rep outs`: from RAM to a port.
    public static func repeatedOutput(
        _ port: UInt16, _ size: AccessSize, count: UInt32, from memory: UInt64, descending: Bool = false
    ) -> GuestAccess {
        output(port, size, 0).repeated(count, memory, descending)
    }

    /// `rep movs` from a device to RAM.
    public static func repeatedLoad(
        _ address: UInt64, _ size: AccessSize, count: UInt32, to memory: UInt64, descending: Bool = false
    ) -> GuestAccess {
        load(address, size).repeated(count, memory, descending)
    }

    /// `rep movs` from RAM to a device.
    public static func repeatedStore(
        _ address: UInt64, _ size: AccessSize, count: UInt32, from memory: UInt64, descending: Bool = false
    ) -> GuestAccess {
        store(address, size, 0).repeated(count, memory, descending)
    }

    private func repeated(_ count: UInt32, _ memory: UInt64, _ descending: Bool) -> GuestAccess {
        var access = self
        access.count = count
        access.memoryAddress = memory
        access.isDescending = descending
        return access
    }
}

/// How an access, or a part of it, has ended.
public enum AccessOutcome: Hashable, Sendable {
    /// Done; what was read, cut to the size. 0 for writes and strings.
    case done(UInt64)
    /// The vCPU waits for a device model.
    case waiting
    /// The vCPU tries again for ever: a write to a frame of type 4 that no server holds. dmop.md section 3.6.
    case retrying
    /// The guest gets #GP. dmop.md section 5.1.
    case generalProtection
    /// The guest gets a data abort: Arm, and nobody has claimed the address. dmop.md section 6.
    case dataAbort
    /// The domain has shut down, or was crashed by this access: the vCPU does not run.
    case stopped
}
