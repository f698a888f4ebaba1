// Which guest frame is what: RAM of a type, a place for devices, or nothing.
// Not for: the bytes (Domain+Memory), or which changes are allowed (MemoryMap+Changes).

public import XenABI

/// What is at a frame.
public enum FrameUse: Hashable, Sendable {
    /// Nothing.
    case hole
    /// Accesses go to device models (`mmio_dm`, set by op 12).
    case deviceMemory
    /// RAM: `page` is its index in the domain's run of pages.
    case ram(MemoryType, page: UInt64)

    /// The use of the frame so many further on in a run of frames.
    func advanced(by frames: UInt64) -> FrameUse {
        guard case .ram(let type, let page) = self else { return self }
        return .ram(type, page: page + frames)
    }

    var isTracked: Bool {
        guard case .ram(.ioreqServer, _) = self else { return false }
        return true
    }
}

/// Frames of one use that follow each other, and so do their pages.
struct MemoryExtent: Hashable, Sendable {
    var first: UInt64
    var last: UInt64
    /// Of the first frame.
    var use: FrameUse

    var count: UInt64 { last - first + 1 }

    func use(of frame: UInt64) -> FrameUse { use.advanced(by: frame - first) }

    /// The extent from a frame of it on.
    func tail(from frame: UInt64) -> MemoryExtent { MemoryExtent(first: frame, last: last, use: use(of: frame)) }

    /// Whether the other one goes on where this one ends.
    func joins(_ next: MemoryExtent) -> Bool {
        last + 1 == next.first && next.use == use.advanced(by: count)
    }
}

/// A domain's memory map: extents in order, as few as can be, so that an idle domain costs one.
public struct MemoryMap: Sendable {
    private(set) var extents: [MemoryExtent] = []
    /// The highest frame at which there ever was something: what operations compare with. dmop.md 3.11 and 3.12.
    package private(set) var highestFrameEver = GuestFrame(0)
    /// Frames of memory type 4.
    package private(set) var trackedFrameCount: UInt64 = 0

    /// RAM from frame 0 on.
    package init(ramFrameCount: UInt64) {
        guard ramFrameCount > 0 else { return }
        extents = [MemoryExtent(first: 0, last: ramFrameCount - 1, use: .ram(.ramReadWrite, page: 0))]
        highestFrameEver = GuestFrame(ramFrameCount - 1)
    }

    /// What is at a frame.
    public func use(of frame: GuestFrame) -> FrameUse {
        let index = index(reaching: frame.rawValue)
        guard index < extents.count, extents[index].first <= frame.rawValue else { return .hole }
        return extents[index].use(of: frame.rawValue)
    }

    /// The highest frame at which there is something; nil in an empty map.
    public var highestFrame: GuestFrame? { extents.last.map { GuestFrame($0.last) } }

    /// The frames from `first` on that have one use, up to `last`.
    func extent(from first: UInt64, to last: UInt64) -> MemoryExtent {
        let index = index(reaching: first)
        guard index < extents.count else { return MemoryExtent(first: first, last: last, use: .hole) }
        let found = extents[index]
        guard found.first <= first else {
            return MemoryExtent(first: first, last: min(last, found.first - 1), use: .hole)
        }
        return MemoryExtent(first: first, last: min(last, found.last), use: found.use(of: first))
    }

    /// The frames of the first run of type 4 from `first` on.
    func trackedExtent(from first: UInt64) -> MemoryExtent? {
        guard let found = extents[index(reaching: first)...].first(where: \.use.isTracked) else { return nil }
        return found.first < first ? found.tail(from: first) : found
    }

    /// Gives frames one use, whatever they were.
    mutating func replace(_ extent: MemoryExtent) {
        let low = index(reaching: extent.first)
        var high = low
        while high < extents.count, extents[high].first <= extent.last {
            if extents[high].use.isTracked {
                trackedFrameCount -= min(extents[high].last, extent.last) - max(extents[high].first, extent.first) + 1
            }
            high += 1
        }
        if extent.use.isTracked { trackedFrameCount += extent.count }
        if extent.use != .hole { highestFrameEver = max(highestFrameEver, GuestFrame(extent.last)) }
        var pieces = Pieces()
        if low > 0 { pieces.append(extents[low - 1]) }
        if low < high, extents[low].first < extent.first {
            pieces.append(MemoryExtent(first: extents[low].first, last: extent.first - 1, use: extents[low].use))
        }
        if extent.use != .hole { pieces.append(extent) }
        if low < high, extents[high - 1].last > extent.last {
            pieces.append(extents[high - 1].tail(from: extent.last + 1))
        }
        if high < extents.count { pieces.append(extents[high]) }
        extents.replaceSubrange(max(low - 1, 0)..<min(high + 1, extents.count), with: pieces.list)
    }

    /// The first extent that ends at or after a frame.
    private func index(reaching frame: UInt64) -> Int {
        var low = 0
        var high = extents.count
        while low < high {
            let middle = (low + high) / 2
            if extents[middle].last < frame { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Extents in order; one that goes on where the last one ends lengthens it.
private struct Pieces {
    var list: [MemoryExtent] = []

    mutating func append(_ extent: MemoryExtent) {
        if let end = list.indices.last, list[end].joins(extent) {
            list[end].last = extent.last
        } else {
            list.append(extent)
        }
    }
}
