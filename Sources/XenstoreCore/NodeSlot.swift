// A node as the tree keeps it: 72 bytes, without references (xenstored.md 11, 17.2).
// Not for: reading or changing it (NodeTree).

/// A value: up to 23 bytes in its place, longer ones among the long ones.
struct NodeValue {
    static var inlineByteCount: Int { 23 }
    static var longMark: UInt8 { 255 }

    /// The value; of a longer one its number.
    var bytes = InlineArray<23, UInt8>(repeating: 0)
    /// How many; `longMark`: it is a longer one.
    var byteCount: UInt8 = 0

    var isLong: Bool { byteCount == Self.longMark }

    var longNumber: UInt32 {
        get { UInt32(bytes[0]) | UInt32(bytes[1]) << 8 | UInt32(bytes[2]) << 16 | UInt32(bytes[3]) << 24 }
        set { for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: newValue >> UInt32(8 * index)) } }
    }
}

/// What a version says, by the numbers that the tree's tables have for it. Each is the version's own: long values and
/// lists of children are copied for another one, which costs a reference; permissions are counted.
struct PackedContent {
    var generation: UInt64 = 0
    var value = NodeValue()
    var permissions: UInt32 = 0
    /// `noSlot`: no children.
    var children = noSlot
    /// `noGuest`: a privileged connection.
    var changedBy = noGuest

    static var noGuest: UInt16 { .max }
}

/// A node and its newest version.
struct NodeSlot: SlabSlot {
    var content = PackedContent()
    /// Bytes of the absolute path, for the quota `memory`: 12 bits; and marks.
    private var pathAndMarks: UInt16 = 0
    var name: UInt32 = 0
    var parent: UInt32 = 0
    /// Nodes of the same owner.
    var nextOwned = noSlot
    var previousOwned = noSlot
    /// The version before, if somebody may still look at it.
    var older = noSlot
    /// The tree's clock when the newest version was made.
    var born: UInt64 = 0

    private static var pathMask: UInt16 { 0x0FFF }
    private static var existsMark: UInt16 { 0x8000 }
    private static var detachedMark: UInt16 { 0x4000 }

    init() {}

    init(name: UInt32, parent: UInt32, pathByteCount: Int) {
        self.name = name
        self.parent = parent
        pathAndMarks = UInt16(truncatingIfNeeded: pathByteCount) & Self.pathMask
    }

    var pathByteCount: Int { Int(pathAndMarks & Self.pathMask) }

    /// Whether there is a newest version; without one the node is not in the store (removed, or so far in a transaction
    /// only).
    var exists: Bool {
        get { pathAndMarks & Self.existsMark != 0 }
        set { pathAndMarks = newValue ? pathAndMarks | Self.existsMark : pathAndMarks & ~Self.existsMark }
    }

    /// Whether it is the top of what was removed and is still to be counted off.
    var isDetached: Bool {
        get { pathAndMarks & Self.detachedMark != 0 }
        set { pathAndMarks = newValue ? pathAndMarks | Self.detachedMark : pathAndMarks & ~Self.detachedMark }
    }

    var link: UInt32 {
        get { older }
        set { older = newValue }
    }
    static var unused: NodeSlot { NodeSlot() }
    static var pieceBits: UInt32 { 11 }
}

/// A version that only views of earlier times see.
struct OlderVersion: SlabSlot {
    var content = PackedContent()
    var node: UInt32 = 0
    /// The version before this one.
    var older = noSlot
    /// The next version that is kept for the same snapshot.
    var nextKept = noSlot
    var born: UInt64 = 0

    var link: UInt32 {
        get { older }
        set { older = newValue }
    }
    static var unused: OlderVersion { OlderVersion() }
    static var pieceBits: UInt32 { 11 }
}

/// A version's list of children.
struct ListSlot: SlabSlot {
    var list = ChildList()
    var link = noSlot

    static var unused: ListSlot { ListSlot() }
    static var pieceBits: UInt32 { 12 }
}

/// Nodes of one owner, linked through their slots.
struct OwnedNodes {
    var first = noSlot
    /// How many.
    var count = 0
}
