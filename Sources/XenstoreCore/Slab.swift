// A table whose slots have small numbers: pieces of slots that come and go as they are used, so that growth copies
// nothing and what is empty goes back to the system (xenstored.md 11, 17.1).
// Not for: who may still know a number; a slot is freed once, by who has it.

/// What a slab holds.
protocol SlabSlot {
    /// Free for its slab's use while the slot is unused.
    var link: UInt32 { get set }
    /// What an unused slot holds.
    static var unused: Self { get }
    /// A piece has 2 to this power slots: 128 KiB and more, which the allocator gives back, where there are many.
    static var pieceBits: UInt32 { get }
}

/// No slot.
var noSlot: UInt32 { .max }

/// Slots in pieces.
struct Slab<Slot: SlabSlot>: ~Copyable {
    private struct Piece {
        var slots: ContiguousArray<Slot> = []
        /// The first unused one of those that were used before.
        var firstUnused = noSlot
        var usedCount: UInt32 = 0
        /// Whether it is among `open`.
        var isOpen = false
    }

    private var pieces: ContiguousArray<Piece> = []
    /// Pieces that may have room; the last one is asked first.
    private var open: ContiguousArray<UInt32> = []
    /// Numbers of pieces without memory.
    private var given: ContiguousArray<UInt32> = []
    /// The one empty piece that is kept.
    private var spare = noSlot
    /// Slots in use.
    private(set) var count = 0

    /// Numbers that were given, the largest one and 1, or more.
    var end: Int { pieces.count << Int(Slot.pieceBits) }

    private static var mask: UInt32 { 1 << Slot.pieceBits - 1 }

    subscript(_ index: UInt32) -> Slot {
        _read { yield pieces[Int(index >> Slot.pieceBits)].slots[Int(index & Self.mask)] }
        _modify { yield &pieces[Int(index >> Slot.pieceBits)].slots[Int(index & Self.mask)] }
    }

    /// Whether there is a slot, used or not, with a number below `end`.
    func contains(_ index: UInt32) -> Bool {
        Int(index & Self.mask) < pieces[Int(index >> Slot.pieceBits)].slots.count
    }

    /// Puts something into an unused slot.
    mutating func insert(_ slot: Slot) -> UInt32 {
        let number = openPiece()
        let piece = Int(number)
        if number == spare { spare = noSlot }
        count += 1
        pieces[piece].usedCount += 1
        let first = pieces[piece].firstUnused
        if first != noSlot {
            pieces[piece].firstUnused = pieces[piece].slots[Int(first)].link
            pieces[piece].slots[Int(first)] = slot
            return number << Slot.pieceBits | first
        }
        pieces[piece].slots.append(slot)
        return number << Slot.pieceBits | UInt32(pieces[piece].slots.count - 1)
    }

    /// A piece with room.
    private mutating func openPiece() -> UInt32 {
        while let number = open.last {
            let piece = Int(number)
            if pieces[piece].usedCount <= Self.mask, pieces[piece].slots.capacity != 0 { return number }
            pieces[piece].isOpen = false
            open.removeLast()
        }
        let number: UInt32
        if let old = given.popLast() {
            number = old
        } else {
            number = UInt32(pieces.count)
            pieces.append(Piece())
        }
        pieces[Int(number)].slots.reserveCapacity(Int(Self.mask) + 1)
        pieces[Int(number)].isOpen = true
        open.append(number)
        return number
    }

    /// Empties a slot that is in use.
    mutating func remove(_ index: UInt32) {
        let number = index >> Slot.pieceBits
        let piece = Int(number)
        count -= 1
        pieces[piece].usedCount -= 1
        if pieces[piece].usedCount == 0, spare != noSlot {
            let wasOpen = pieces[piece].isOpen
            pieces[piece] = Piece()
            pieces[piece].isOpen = wasOpen
            if wasOpen { open.removeAll { $0 == number } }
            pieces[piece].isOpen = false
            given.append(number)
            return
        }
        if pieces[piece].usedCount == 0 { spare = number }
        var slot = Slot.unused
        slot.link = pieces[piece].firstUnused
        pieces[piece].slots[Int(index & Self.mask)] = slot
        pieces[piece].firstUnused = index & Self.mask
        if !pieces[piece].isOpen {
            pieces[piece].isOpen = true
            open.append(number)
        }
    }
}

/// Bytes that are too long for the slot that names them.
struct LongBytes: SlabSlot {
    var bytes: [UInt8]
    var link = noSlot

    static var unused: LongBytes { LongBytes(bytes: []) }
    static var pieceBits: UInt32 { 8 }
}
