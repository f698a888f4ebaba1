// How a memory map changes: types (op 12), moves (op 17), frames that leave and come back (legacy frames).
// Not for: the checks before the first frame (Operations/).

package import XenABI

extension MemoryMap {
    /// Gives frames a type, in order, up to the first that may not have it; says how many. Nothing wraps: the last
    /// frame is at most the highest one in use. dmop.md 3.12.
    package mutating func setType(_ type: MemoryType, from first: UInt64, count: UInt64) -> UInt64 {
        guard count > 0 else { return 0 }
        let last = first + (count - 1)
        var done: UInt64 = 0
        while done < count {
            let extent = extent(from: first + done, to: last)
            guard let use = Self.use(of: extent.use, after: type) else { break }
            replace(MemoryExtent(first: extent.first, last: extent.last, use: use))
            done += extent.count
        }
        return done
    }

    /// What a use becomes when it is given a type; nil where that is not allowed.
    static func use(of use: FrameUse, after type: MemoryType) -> FrameUse? {
        switch (use, type) {
        case (.hole, .mmioDM), (.deviceMemory, .mmioDM): .deviceMemory
        case (.hole, _), (.deviceMemory, _): nil
        case (.ram(.ramReadWrite, let page), .ioreqServer): .ram(.ioreqServer, page: page)
        case (.ram(_, _), .ioreqServer): nil
        case (.ram(.ioreqServer, let page), .ramReadWrite): .ram(.ramReadWrite, page: page)
        case (.ram(.ioreqServer, _), _): nil
        case (.ram(_, _), .mmioDM): .deviceMemory
        case (.ram(_, let page), .ramReadWrite), (.ram(_, let page), .ramReadOnly): .ram(type, page: page)
        default: nil
        }
    }

    /// Turns frames of type 4 into ordinary RAM, at most `limit` of them, from a frame on. What follows the last one,
    /// or nil when none is left from there on. dmop.md 3.15.
    package mutating func releaseTracked(from first: UInt64, limit: UInt64) -> UInt64? {
        var left = limit
        var frame = first
        while left > 0 {
            guard var extent = trackedExtent(from: frame) else { return nil }
            if extent.count > left { extent.last = extent.first + (left - 1) }
            guard case .ram(_, let page) = extent.use else { return nil }
            replace(MemoryExtent(first: extent.first, last: extent.last, use: .ram(.ramReadWrite, page: page)))
            left -= extent.count
            let (next, isEnd) = extent.last.addingReportingOverflow(1)
            if isEnd { return nil }
            frame = next
        }
        return trackedFrameCount > 0 ? frame : nil
    }

    /// Moves the page of a frame; what was at the destination is freed. A source without a page is refused by `empty`.
    /// dmop.md 3.17.
    package mutating func move(
        _ source: UInt64, to destination: UInt64, empty: XenErrorCode = .einval
    ) throws(Refusal) {
        guard case .ram(_, let page) = use(of: GuestFrame(source)) else {
            throw Refusal(empty, "3.17 source empty")
        }
        // A frame that op 12 has given to device models is in nobody's way.
        guard source != destination else { return }
        remove(source)
        put(page, at: destination)
    }

    /// Takes what is at a frame away.
    package mutating func remove(_ frame: UInt64) {
        replace(MemoryExtent(first: frame, last: frame, use: .hole))
    }

    /// Puts a page at a frame, as ordinary RAM.
    package mutating func put(_ page: UInt64, at frame: UInt64) {
        replace(MemoryExtent(first: frame, last: frame, use: .ram(.ramReadWrite, page: page)))
    }
}
