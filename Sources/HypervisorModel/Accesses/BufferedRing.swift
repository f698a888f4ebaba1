// Xen's side of the buffered ring: posted writes. dmop.md sections 4.3, 4.4 and 7.
// The pointers are shared with a device model: no index comes of them but modulo the number of slots.

internal import XenABI
internal import XenPlatform

extension IOREQServerRecord {
    /// Posts a write. false: it has to go the synchronous way.
    func post(_ request: IOREQ, in domain: Domain) -> Bool {
        guard
            handling != .off, let ring = bufferedPage(in: domain).flatMap(BufferedRing.init), !request.isRead,
            request.address < 0x100000, request.count == 1,
            !request.dataIsPointer, let sizeCode = Self.sizeCode(request.size)
        else { return false }
        let slots: UInt32 = sizeCode == 3 ? 2 : 1
        let (read, write) = ring.pointers
        // Full at 511, for two slots at 510; so is a ring whose pointers are out of reach of each other.
        guard write &- read < UInt32(BufferedPage.slotCount) - (slots - 1) else { return false }
        var entry = BufferedIOREQ(
            type: request.type, sizeCode: sizeCode, address: UInt32(truncatingIfNeeded: request.address),
            data: UInt32(truncatingIfNeeded: request.data))
        ring.put(entry, at: write)
        if slots == 2 {
            entry.data = UInt32(truncatingIfNeeded: request.data >> 32)
            ring.put(entry, at: write &+ 1)
        }
        ring.advance(by: slots)
        if handling == .atomic { ring.reducePointers() }
        return true
    }

    private static func sizeCode(_ size: UInt32) -> UInt8? {
        switch size {
        case 1: 0
        case 2: 1
        case 4: 2
        case 8: 3
        default: nil
        }
    }
}

/// The page of a ring.
private struct BufferedRing {
    private let run: PageRun
    private let start: Int

    /// nil: the run has no such page.
    init?(_ run: PageRun, _ index: Int) {
        guard index >= 0, index < run.count else { return nil }
        self.run = run
        start = index * GuestFrame.byteCount
    }

    /// Read and write pointer, as one.
    var pointers: (read: UInt32, write: UInt32) {
        let both = run.pages.loadAcquiring64(at: start + BufferedPage.readPointerOffset)
        return (UInt32(truncatingIfNeeded: both), UInt32(truncatingIfNeeded: both >> 32))
    }

    func advance(by slots: UInt32) { run.pages.wrappingAdd32(slots, at: start + BufferedPage.writePointerOffset) }

    func put(_ entry: BufferedIOREQ, at pointer: UInt32) {
        var bytes = InlineArray<8, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        entry.encode(into: &span)
        let index = Int(pointer % UInt32(BufferedPage.slotCount))
        run.pages.copyIn(
            at: start + BufferedPage.slotsOffset + index * BufferedPage.slotByteCount, from: bytes.span)
    }

    /// Takes the same multiple of 511 from both pointers while the read pointer has it, as one step that no addition
    /// of the device model's can come between. It may win every time: then they stay for the next write.
    func reducePointers() {
        for _ in 0..<BufferedPage.slotCount {
            let (read, write) = pointers
            let excess = read - read % UInt32(BufferedPage.slotCount)
            guard excess > 0 else { return }
            let old = UInt64(write) << 32 | UInt64(read)
            let new = UInt64(write &- excess) << 32 | UInt64(read - excess)
            if run.pages.compareExchange64(old, new, at: start + BufferedPage.readPointerOffset) { return }
        }
    }
}
