// Ops 7 and 11: which frames were written to. dmop.md sections 3.7 and 3.11.

internal import XenABI

extension Hypervisor {
    /// Op 7: the dirty frames of a window, a bit for each, into buffer 1. dmop.md 3.7.
    func trackDirtyVRAM(
        _ call: OperationCall, _ frame: DMOPFrame, _ data: inout MutableSpan<UInt8>
    ) throws(Refusal) {
        let payload = frame.payload(DMOP.TrackDirtyVRAM.self)
        let domain = call.domain
        let byteCount = (Int(payload.count) + 7) / 8
        try check(frame.hasZeroPads(DMOP.TrackDirtyVRAM.self), .einval, "3.7 pad")
        try check(call.bufferCount >= 2, .einval, "3.7 fewer than 2 buffers")
        try check(Int(payload.count) <= DMOPLimits.dirtyWindowFramesMax, .einval, "3.7 window too large")
        try check(!domain.life.isDying, .esrch, "3.7 dying")
        try check(!domain.vcpus.isEmpty, .einval, "3.7 no vCPU 0")
        try check(data.count >= byteCount, .einval, "3.7 buffer 1 too small")
        guard payload.count > 0 else {
            domain.dirtyFrames.window = nil
            return
        }
        let first = payload.first.rawValue
        if !domain.shape.usesHAP {
            let (end, wraps) = first.addingReportingOverflow(UInt64(payload.count))
            let highest = domain.memory.highestFrameEver.rawValue
            try check(!wraps && end - 1 <= highest, .einval, "3.7 shadow: beyond the memory map")
        }
        guard let bits = domain.dirtyFrames.take(first: first, count: payload.count) else {
            try check(domain.shape.usesHAP, .enodata, "3.7 shadow: first call")
            for index in 0..<byteCount { data[index] = 0xff }
            return
        }
        for index in 0..<byteCount { data[index] = bits[index] }
    }

    /// Op 11: the device model has written to frames; buffer 1 holds extents. One round. dmop.md 3.11.
    func modifiedMemory(
        _ call: OperationCall, _ frame: inout DMOPFrame, _ data: inout MutableSpan<UInt8>
    ) throws(Refusal) -> OperationProgress? {
        var payload = frame.payload(DMOP.ModifiedMemory.self)
        let domain = call.domain
        try check(call.bufferCount == 2 || !release.hasXSA506, .einval, "3.11 not 2 buffers")
        guard domain.isLogDirty else { return nil }
        let dataByteCount = call.bufferCount == 2 ? data.count : 0
        try check(dataByteCount / DMOP.Extent.byteCount >= Int(payload.extentCount), .einval, "3.11 buffer 1 small")
        try check(call.progress == nil || call.hasHandedOut(payload.progress), .einval, "1.5 progress not ours")
        var left = OperationCall.framesPerRound
        while payload.extentCount > 0 {
            if left == 0 {
                frame = DMOPFrame(payload)
                return payload.progress
            }
            let extent = try extent(Int(payload.extentCount) - 1, in: &data, of: call)
            try check(payload.opaque < extent.count, .einval, "3.11 opaque beyond the extent")
            try check(call.progress != nil || payload.opaque == 0, .einval, "1.5 progress not ours")
            let count = min(UInt64(extent.count - payload.opaque), left)
            domain.report(from: extent.first.rawValue + UInt64(payload.opaque), count: count)
            left -= count
            payload.opaque += UInt32(count)
            if payload.opaque == extent.count {
                payload.extentCount -= 1
                payload.opaque = 0
            }
        }
        return nil
    }

    private func extent(
        _ index: Int, in data: inout MutableSpan<UInt8>, of call: OperationCall
    ) throws(Refusal) -> DMOP.Extent {
        let end = (index + 1) * DMOP.Extent.byteCount
        try check(end <= call.readableDataBytes, .efault, "3.11 extent unreadable")
        var bytes = InlineArray<16, UInt8>(repeating: 0)
        for byte in bytes.indices { bytes[byte] = data[index * DMOP.Extent.byteCount + byte] }
        let extent = DMOP.Extent(trusting: bytes.span)
        // Its one pad is bytes 4 to 7.
        try check(bytes[4] | bytes[5] | bytes[6] | bytes[7] == 0, .einval, "3.11 extent.pad")
        let (endFrame, wraps) = extent.first.rawValue.addingReportingOverflow(UInt64(extent.count))
        let highest = call.domain.memory.highestFrameEver.rawValue
        try check(extent.count > 0 && !wraps && endFrame <= highest, .einval, "3.11 extent empty or beyond the map")
        return extent
    }
}

extension DMOP.ModifiedMemory {
    fileprivate var progress: OperationProgress {
        OperationProgress(opcode: Self.opcode, count: UInt64(extentCount), opaque: UInt64(opaque))
    }
}

extension Domain {
    /// Marks frames that a device model has written to; those without memory are skipped.
    fileprivate func report(from first: UInt64, count: UInt64) {
        for frame in first..<(first + count) {
            guard case .ram = memory.use(of: GuestFrame(frame)) else { continue }
            dirtyFrames.deviceModelWrote(GuestFrame(frame))
        }
    }
}
