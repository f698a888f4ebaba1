// Ops 12, 15 and 17: what frames are, who gets writes to type 4, and moving frames. dmop.md sections 3.12, 3.15, 3.17.
// Not for: which changes of a frame are allowed (MemoryMap+Changes).

internal import XenABI

extension Hypervisor {
    /// Op 12: one round. dmop.md 3.12.
    func setMemoryType(_ call: OperationCall, _ frame: inout DMOPFrame) throws(Refusal) -> OperationProgress? {
        var payload = frame.payload(DMOP.SetMemoryType.self)
        let domain = call.domain
        try check(frame.hasZeroPads(DMOP.SetMemoryType.self), .einval, "3.12 pad")
        let (end, wraps) = payload.first.rawValue.addingReportingOverflow(UInt64(payload.count))
        let highest = domain.memory.highestFrameEver.rawValue
        try check(payload.count > 0 && !wraps && end - 1 <= highest, .einval, "3.12 frames empty or beyond the map")
        try check(payload.type.rawValue <= 4 && payload.type.rawValue != 3, .einval, "3.12 unknown type")
        let isTracked = payload.type == .ioreqServer
        try check(!isTracked || domain.shape.usesHAP, .eopnotsupp, "3.12 type 4 without HAP")
        try check(!isTracked || domain.memoryTypeHolder != nil, .einval, "3.12 nobody holds type 4")
        try check(call.hasHandedOut(payload.progress), .einval, "1.5 progress not ours")
        let count = min(UInt64(payload.count), OperationCall.framesPerRound)
        let done = domain.memory.setType(payload.type, from: payload.first.rawValue, count: count)
        try check(done == count, .einval, "3.12 transition not allowed")
        guard UInt64(payload.count) > count else { return nil }
        payload.first = GuestFrame(payload.first.rawValue + count)
        payload.count -= UInt32(count)
        frame = DMOPFrame(payload)
        return payload.progress
    }

    /// Op 15: one round. Frames are only gone through when the type is given back. dmop.md 3.15.
    func mapMemoryType(_ call: OperationCall, _ frame: inout DMOPFrame) throws(Refusal) -> OperationProgress? {
        var payload = frame.payload(DMOP.MapMemoryType.self)
        let domain = call.domain
        try check(domain.shape.usesHAP, .eopnotsupp, "3.15 no HAP")
        try check(payload.type == .ioreqServer, .einval, "3.15 not type 4")
        try check(payload.flags.isSubset(of: .write), .einval, "3.15 flags other than WRITE")
        let server = try ownServer(payload.id, of: domain, call.caller)
        guard payload.flags.isEmpty else {
            let isFree = domain.memoryTypeHolder == nil && domain.memory.trackedFrameCount == 0
            try check(isFree, .ebusy, "3.15 the type is held, or frames are left")
            try check(payload.opaque == 0, .einval, "1.5 progress not ours")
            domain.memoryTypeHolder = server.id
            return nil
        }
        // In later rounds the type has been given back already.
        let isHolder = domain.memoryTypeHolder == server.id || call.progress != nil
        try check(isHolder, .einval, "3.15 not the holder")
        try check(call.hasHandedOut(payload.progress), .einval, "1.5 progress not ours")
        domain.memoryTypeHolder = nil
        let next = domain.memory.releaseTracked(from: payload.opaque, limit: OperationCall.framesPerRound)
        guard let next else { return nil }
        payload.opaque = next
        frame = DMOPFrame(payload)
        return payload.progress
    }

    /// Op 17: one round. dmop.md 3.17.
    func relocateMemory(_ call: OperationCall, _ frame: inout DMOPFrame) throws(Refusal) -> OperationProgress? {
        var payload = frame.payload(DMOP.RelocateMemory.self)
        let size = UInt64(payload.count)
        try check(frame.hasZeroPads(DMOP.RelocateMemory.self), .einval, "3.17 pad")
        try check(payload.destination.rawValue != .max, .einval, "3.17 destination ~0")
        let sourceWraps = payload.source.rawValue.addingReportingOverflow(size).overflow
        let destinationWraps = payload.destination.rawValue.addingReportingOverflow(size).overflow
        try check(!sourceWraps && !destinationWraps, .eoverflow, "3.17 wraps")
        try check(call.hasHandedOut(payload.progress), .einval, "1.5 progress not ours")
        // Since 4.22 from the top down where the destination lies above the source.
        let isDownward = release.version >= .v4_22 && payload.destination > payload.source
        let count = min(size, OperationCall.framesPerRound)
        for step in 0..<count {
            let offset = isDownward ? size - 1 - step : step
            try call.domain.memory.move(
                payload.source.rawValue + offset, to: payload.destination.rawValue + offset,
                empty: release.version >= .v4_20 ? .eacces : .einval)
        }
        guard size > count else { return nil }
        payload.count -= UInt32(count)
        if !isDownward {
            payload.source = GuestFrame(payload.source.rawValue + count)
            payload.destination = GuestFrame(payload.destination.rawValue + count)
        }
        frame = DMOPFrame(payload)
        return payload.progress
    }
}

extension DMOP.SetMemoryType {
    fileprivate var progress: OperationProgress {
        OperationProgress(opcode: Self.opcode, count: UInt64(count), first: first.rawValue)
    }
}

extension DMOP.MapMemoryType {
    fileprivate var progress: OperationProgress { OperationProgress(opcode: Self.opcode, opaque: opaque) }
}

extension DMOP.RelocateMemory {
    fileprivate var progress: OperationProgress {
        OperationProgress(
            opcode: Self.opcode, count: UInt64(count), first: source.rawValue, second: destination.rawValue)
    }
}
