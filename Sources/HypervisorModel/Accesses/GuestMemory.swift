// The guest's own view of its RAM: its loads and stores, and what strings take from it and bring to it.
// Not for: device models' mappings of it.

internal import XenABI
internal import XenPlatform

extension Domain {
    /// What a guest reads from memory; where there is no RAM, all ones.
    public func loadMemory(_ address: UInt64, _ size: AccessSize) -> UInt64 {
        let count = Int(size.rawValue)
        if let place = memoryPlace(of: address, byteCount: count) {
            return place.run.pages.load(byteCount: count, at: place.offset)
        }
        var value: UInt64 = 0
        for index in 0..<UInt64(count) { value |= UInt64(loadByte(address &+ index)) << (8 * index) }
        return value
    }

    /// A byte of memory; all ones where there is no RAM.
    public func loadByte(_ address: UInt64) -> UInt8 {
        guard let place = memoryPlace(of: address, byteCount: 1) else { return 0xff }
        return UInt8(truncatingIfNeeded: place.run.pages.load(byteCount: 1, at: place.offset))
    }

    /// The guest writes to memory: where there is no RAM or it is read-only, the bytes are dropped.
    public func storeMemory(_ address: UInt64, _ size: AccessSize, _ value: UInt64) {
        let count = Int(size.rawValue)
        if let place = memoryPlace(of: address, byteCount: count) {
            guard place.isWritable else { return }
            place.run.pages.store(value, byteCount: count, at: place.offset)
            markDirty(GuestFrame(containing: address))
            return
        }
        for index in 0..<UInt64(count) {
            storeByte(address &+ index, UInt8(truncatingIfNeeded: value >> (8 * index)))
        }
    }

    /// The guest writes a byte to memory.
    public func storeByte(_ address: UInt64, _ value: UInt8) {
        guard let place = memoryPlace(of: address, byteCount: 1), place.isWritable else { return }
        place.run.pages.store(UInt64(value), byteCount: 1, at: place.offset)
        markDirty(GuestFrame(containing: address))
    }

    /// Where bytes of one frame are; nil when they are not in one, or it is not RAM.
    @inline(__always)
    private func memoryPlace(of address: UInt64, byteCount: Int) -> MemoryPlace? {
        let pageByteCount = UInt64(GuestFrame.byteCount)
        let offset = address & (pageByteCount - 1)
        guard
            offset + UInt64(byteCount) <= pageByteCount,
            case .ram(let type, let page) = memory.use(of: GuestFrame(containing: address)), let run = madeRAM()
        else { return nil }
        let start = page &* pageByteCount &+ offset
        guard start < UInt64(run.pages.byteCount) else { return nil }
        return MemoryPlace(run: run, offset: Int(start), isWritable: type != .ramReadOnly)
    }

    /// The pages of the RAM, made when they are first needed; nil when there is no memory for them.
    @inline(__always)
    private func madeRAM() -> PageRun? {
        if let ram { return ram }
        do throws(Refusal) { return try ramPages() } catch { return nil }
    }

    // MARK: Pieces

    /// A piece whose address is RAM of the guest's.
    func access(_ piece: AccessPiece, isRead: Bool) -> UInt64 {
        guard let memory = piece.memoryAddress else {
            if isRead { return loadMemory(piece.address, piece.size) }
            storeMemory(piece.address, piece.size, piece.value)
            return 0
        }
        for index in 0..<piece.count {
            let device = piece.element(index, of: piece.address)
            let other = piece.element(index, of: memory)
            if isRead {
                storeMemory(other, piece.size, loadMemory(device, piece.size))
            } else {
                storeMemory(device, piece.size, loadMemory(other, piece.size))
            }
        }
        return 0
    }

    /// A string that reads brings the same to each element; other pieces have no RAM.
    func fill(_ piece: AccessPiece, with value: UInt64, isRead: Bool) {
        guard isRead, let memory = piece.memoryAddress else { return }
        for index in 0..<piece.count { storeMemory(piece.element(index, of: memory), piece.size, value) }
    }
}

extension AccessPiece {
    fileprivate func element(_ index: UInt32, of start: UInt64) -> UInt64 {
        let distance = UInt64(index) &* UInt64(size.rawValue)
        return isDescending ? start &- distance : start &+ distance
    }
}

private struct MemoryPlace {
    var run: PageRun
    var offset: Int
    var isWritable: Bool
}
