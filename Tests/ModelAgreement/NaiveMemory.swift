// A domain's memory as plainly as it can be said: what is at each frame. dmop.md sections 3.12, 3.15 and 3.17.

internal import HypervisorModel
internal import XenABI

struct NaiveMemory {
    static let ramFrames: UInt64 = 640
    /// Nothing gets beyond this frame.
    static let world: UInt64 = 1024

    var frames = (0..<world).map { $0 < ramFrames ? FrameUse.ram(.ramReadWrite, page: $0) : .hole }
    var holder: UInt16?

    var trackedFrameCount: Int { frames.count { type(of: $0) == .ioreqServer } }

    /// At which there ever was something.
    private var highest = ramFrames - 1

    private func type(of use: FrameUse) -> MemoryType? {
        guard case .ram(let type, _) = use else { return nil }
        return type
    }

    mutating func setType(_ first: UInt64, _ count: UInt32, _ type: MemoryType) -> XenErrorCode? {
        if count == 0 || first + UInt64(count) - 1 > highest { return .einval }
        if type.rawValue == 3 || type.rawValue > 4 { return .einval }
        if type == .ioreqServer, holder == nil { return .einval }
        for index in Int(first)..<Int(first) + Int(count) {
            guard let use = changed(frames[index], type) else { return .einval }
            frames[index] = use
        }
        return nil
    }

    private func changed(_ use: FrameUse, _ type: MemoryType) -> FrameUse? {
        guard case .ram(let old, let page) = use else { return type == .mmioDM ? .deviceMemory : nil }
        if type == .ioreqServer, old != .ramReadWrite { return nil }
        if old == .ioreqServer, type != .ramReadWrite { return nil }
        return type == .mmioDM ? .deviceMemory : .ram(type, page: page)
    }

    mutating func hold(_ id: UInt16) -> XenErrorCode? {
        if holder != nil || trackedFrameCount > 0 { return .ebusy }
        holder = id
        return nil
    }

    mutating func giveBack(_ id: UInt16) -> XenErrorCode? {
        if holder != id { return .einval }
        holder = nil
        for index in frames.indices {
            if case .ram(.ioreqServer, let page) = frames[index] { frames[index] = .ram(.ramReadWrite, page: page) }
        }
        return nil
    }

    mutating func destroy(_ id: UInt16) {
        if holder == id { holder = nil }
    }

    mutating func move(_ source: UInt64, _ destination: UInt64, _ count: UInt32) -> XenErrorCode? {
        for index in 0..<Int(count) {
            let (from, to) = (Int(source) + index, Int(destination) + index)
            guard case .ram(_, let page) = frames[from] else { return .einval }
            if from == to { continue }
            frames[from] = .hole
            frames[to] = .ram(.ramReadWrite, page: page)
            highest = max(highest, UInt64(to))
        }
        return nil
    }
}
