// The physical presence window of ports: 256 function flags and PPIBuffer behind an index register.
// Source: varstored.md 10.4. Not for: which port accesses come here (the daemon; varstored.md 2).

extension VariableServices {
    /// Bytes of the window: 256 flags, then PPIBuffer.
    public static var windowByteCount: Int { AncillaryState.flagCount &+ ppiBufferByteCount }

    /// A write to the index register (port 0x104, 4 bytes).
    public mutating func setWindowIndex(_ index: UInt32) { ancillary.ppiIndex = index }

    /// A read of `size` bytes (1, 2 or 4) at `offset` of the data register (port 0x108): little-endian, 0 outside.
    public func readWindow(offset: Int, size: Int) -> UInt32 {
        guard let start = windowPlace(offset, size) else { return 0 }
        let buffer = slot(.ppiBuffer).map { store.slots[Int($0)].record.data } ?? []
        var value: UInt32 = 0
        for byte in 0..<size {
            let place = start &+ byte
            let above = place &- AncillaryState.flagCount
            let read: UInt8
            if above < 0 { read = ancillary.ppiFlags[place] } else { read = above < buffer.count ? buffer[above] : 0 }
            value |= UInt32(read) &<< UInt32(8 &* byte)
        }
        return value
    }

    /// A write of `size` bytes (1, 2 or 4) at `offset` of the data register. Answers whether a backend write is to be
    /// scheduled: PPIBuffer changed, and changes are kept. Source: varstored.md 10.4, 13.4; 6, row 22.
    public mutating func writeWindow(offset: Int, size: Int, value: UInt32) -> Bool {
        guard let start = windowPlace(offset, size) else { return false }
        let slot = slot(.ppiBuffer)
        let old = slot.map { store.slots[Int($0)].record.data } ?? []
        var buffer = old
        for byte in 0..<size {
            let place = start &+ byte
            let above = place &- AncillaryState.flagCount
            let written = UInt8(truncatingIfNeeded: value &>> UInt32(8 &* byte))
            if above < 0 {
                ancillary.setFlag(place, written)
            } else if above < buffer.count {
                buffer[above] = written
            }
        }
        guard let slot, buffer != old else { return false }
        store.replace(slot, data: buffer)
        return policy.persistent
    }

    /// Where in the window an access begins; nil if some of it lies outside.
    private func windowPlace(_ offset: Int, _ size: Int) -> Int? {
        if offset < 0 || offset > 3 || !(size == 1 || size == 2 || size == 4) { return nil }
        let start = UInt64(ancillary.ppiIndex) &+ UInt64(offset)
        return start &+ UInt64(size) > UInt64(Self.windowByteCount) ? nil : Int(start)
    }
}
