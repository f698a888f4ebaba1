// A node as the tree keeps it: 72 bytes, without references (xenstored.md 11, 17.2).
// Not for: reading or changing it (NodeTree).

/// A value: up to 23 bytes in its place, longer ones among the long ones.
struct NodeValue {
    static var inlineByteCount: Int { 23 }
    private static var longMark: UInt64 { 255 }

    /// Bytes 0 to 7, 8 to 15, 16 to 22, the first one lowest; at the top of `third` how many, or `longMark`: then
    /// `first` is the number of a longer one.
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0

    init() {}

    /// A longer one.
    init(longNumber: UInt32) {
        first = UInt64(longNumber)
        third = Self.longMark << 56
    }

    /// The value that stands in a payload; it is not longer than `inlineByteCount`.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        first = Self.word(bytes, range.lowerBound, min(range.upperBound, range.lowerBound + 8))
        if range.count > 8 {
            second = Self.word(bytes, range.lowerBound + 8, min(range.upperBound, range.lowerBound + 16))
        }
        if range.count > 16 { third = Self.word(bytes, range.lowerBound + 16, range.upperBound) }
        third |= UInt64(range.count) << 56
    }

    private static func word(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
        var word: UInt64 = 0
        var shift: UInt64 = 0
        for index in start..<end {
            word |= UInt64(bytes[index]) << shift
            shift &+= 8
        }
        return word
    }

    var isLong: Bool { third >> 56 == Self.longMark }
    var longNumber: UInt32 { UInt32(truncatingIfNeeded: first) }
    /// Of one that is not a longer one.
    var byteCount: Int { Int(third >> 56) }

    /// Puts one that is not a longer one behind what is there.
    func append(to bytes: inout [UInt8]) {
        var word = first
        for index in 0..<byteCount {
            if index == 8 { word = second }
            if index == 16 { word = third }
            bytes.append(UInt8(truncatingIfNeeded: word))
            word >>= 8
        }
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
