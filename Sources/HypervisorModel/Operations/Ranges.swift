// Ops 3 and 4: what an ioreq server claims. dmop.md sections 3.3 and 3.4.
// Not for: merging and counting (RangeSet), or finding the server of an access (Selection).

internal import XenABI

extension Hypervisor {
    /// Op 3. dmop.md 3.3.
    func mapIORange(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.MapIORange.self)
        try check(frame.hasZeroPads(DMOP.MapIORange.self), .einval, "3.3 pad")
        try check(payload.start <= payload.end, .einval, "3.3 start > end")
        let server = try ownServer(payload.id, of: call.domain, call.caller)
        try check(payload.type.rawValue < 3, .einval, "3.3 unknown type")
        // Taken out and put back: looking something up then needs no check for overlapping changes.
        var ranges = server.ranges
        server.ranges = []
        defer { server.ranges = ranges }
        try ranges[Int(payload.type.rawValue)].insert(payload.start...payload.end)
    }

    /// Op 4. dmop.md 3.4.
    func unmapIORange(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.UnmapIORange.self)
        try check(frame.hasZeroPads(DMOP.UnmapIORange.self), .einval, "3.4 pad")
        try check(payload.start <= payload.end, .einval, "3.4 start > end")
        let server = try ownServer(payload.id, of: call.domain, call.caller)
        try check(payload.type.rawValue < 3, .einval, "3.4 unknown type")
        // As above.
        var ranges = server.ranges
        server.ranges = []
        defer { server.ranges = ranges }
        try ranges[Int(payload.type.rawValue)].remove(payload.start...payload.end)
    }
}
