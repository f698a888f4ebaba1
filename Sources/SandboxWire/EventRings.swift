// The memory file that a process and the sandbox share for events: two rings, and who sleeps. No system call is made
// for an event while the other side is awake.
// Each side trusts its own numbers only. What it reads of the other's is a hint: copied once, checked, and harmful to
// nobody but the other.
// What an event needs of it is inlined into its callers.
// Not for: waking. Who finds the process asleep rings its bell, an eventfd of the sandbox' that the process has no
// descriptor of, so that it can't be made to block; an epoll instance that both have tells of it. Who finds the sandbox
// asleep signals an eventfd.

public import XenPlatform

/// Where things are in the memory file. Words that different sides write have cache lines of their own.
public enum EventLayout {
    /// Words in a ring, a power of two: more than twice the ports of a connection, so that the ring of fired ports
    /// never overflows. A port is in it once, and once more when it was unbound and bound again in between.
    @inlinable public static var capacity: UInt32 { 2048 }
    /// Bytes of the file: whole pages.
    public static var byteCount: Int { 4096 + 2 * Int(capacity) * 4 }

    /// Fired ports, from the sandbox to the process.
    public static var fired: EventRing { EventRing(produced: 64, consumed: 128, slots: 4096) }
    /// Commands, from the process to the sandbox.
    public static var commands: EventRing {
        EventRing(produced: 192, consumed: 256, slots: 4096 + Int(capacity) * 4)
    }
    /// 1: the process sleeps, or soon will, and is to be woken.
    @inlinable public static var processSleeps: SleepWord { SleepWord(offset: 320) }
    /// 1: the sandbox sleeps, or soon will, and is to be woken.
    @inlinable public static var sandboxSleeps: SleepWord { SleepWord(offset: 384) }
}

/// A ring with one writer and one reader.
public struct EventRing: Sendable {
    @usableFromInline let produced: Int
    @usableFromInline let consumed: Int
    @usableFromInline let slots: Int

    @inlinable
    func slot(_ index: UInt32) -> Int { slots + Int(index & (EventLayout.capacity - 1)) * 4 }
}

/// The writer's end of a ring.
public struct RingWriter: Sendable {
    @usableFromInline let ring: EventRing
    @usableFromInline var index: UInt32 = 0

    /// Writes to a fresh ring.
    public init(_ ring: EventRing) { self.ring = ring }

    /// Whether there is room, as far as the reader says.
    @inlinable
    public func hasRoom(_ memory: borrowing MappedPages) -> Bool {
        index &- memory.loadAcquiring32(at: ring.consumed) < EventLayout.capacity
    }

    /// Writes a word; false when there is no room, or the reader claims so.
    @inlinable
    public mutating func push(_ word: UInt32, to memory: borrowing MappedPages) -> Bool {
        let used = index &- memory.loadAcquiring32(at: ring.consumed)
        guard used < EventLayout.capacity else { return false }
        memory.storeReleasing32(word, at: ring.slot(index))
        index &+= 1
        memory.storeReleasing32(index, at: ring.produced)
        return true
    }
}

/// The reader's end of a ring.
public struct RingReader: Sendable {
    /// What reading finds.
    public enum Outcome: Equatable, Sendable {
        /// Nothing.
        case empty
        /// The next word.
        case word(UInt32)
        /// The writer claims more than there can be.
        case broken
    }

    @usableFromInline let ring: EventRing
    @usableFromInline var index: UInt32 = 0

    /// Reads a fresh ring.
    public init(_ ring: EventRing) { self.ring = ring }

    /// Whether there is a word, or a claim of one.
    @inlinable
    public func isEmpty(_ memory: borrowing MappedPages) -> Bool {
        memory.loadAcquiring32(at: ring.produced) == index
    }

    /// Reads the next word.
    @inlinable
    public mutating func pop(from memory: borrowing MappedPages) -> Outcome {
        let available = memory.loadAcquiring32(at: ring.produced) &- index
        if available == 0 { return .empty }
        if available > EventLayout.capacity { return .broken }
        let word = memory.loadAcquiring32(at: ring.slot(index))
        index &+= 1
        memory.storeReleasing32(index, at: ring.consumed)
        return .word(word)
    }
}

/// Says whether a side sleeps. It stores 1, and looks at its ring once more before it sleeps; the other side writes to
/// the ring, and looks at the word afterwards. With a fence in between on both sides, one of them sees the other.
public struct SleepWord: Sendable {
    @usableFromInline let offset: Int

    @inlinable
    init(offset: Int) { self.offset = offset }

    /// Before sleeping: look at the ring afterwards.
    @inlinable
    public func set(_ memory: borrowing MappedPages) {
        memory.storeReleasing32(1, at: offset)
        MappedPages.fence()
    }

    /// After waking, by the side itself: false when the other side has taken the word, and signals.
    @inlinable
    public func clear(_ memory: borrowing MappedPages) -> Bool { memory.exchange32(1, for: 0, at: offset) }

    /// Whether it is still set.
    @inlinable
    public func isSet(_ memory: borrowing MappedPages) -> Bool { memory.loadAcquiring32(at: offset) == 1 }

    /// After writing to the ring, by the other side: true when the eventfd is to be signalled, by who asks, once.
    @inlinable
    public func take(_ memory: borrowing MappedPages) -> Bool {
        MappedPages.fence()
        return memory.loadAcquiring32(at: offset) == 1 && memory.exchange32(1, for: 0, at: offset)
    }
}

/// What a process wants of the sandbox, in one word.
public enum EventCommand: Equatable, Sendable {
    /// Wake the other end of a port.
    case notify(port: UInt32)
    /// Let a port fire again.
    case unmask(port: UInt32)

    /// Ports are below this.
    private static var portMask: UInt32 { 0x00FF_FFFF }

    /// Reads a word; nil when it is no command.
    public init?(_ word: UInt32) {
        switch word >> 24 {
        case 1: self = .notify(port: word & Self.portMask)
        case 2: self = .unmask(port: word & Self.portMask)
        default: return nil
        }
    }

    /// As a word. A port of more than 24 bits becomes another one: no domain has as many.
    public var word: UInt32 {
        switch self {
        case .notify(let port): 1 << 24 | port & Self.portMask
        case .unmask(let port): 2 << 24 | port & Self.portMask
        }
    }
}
