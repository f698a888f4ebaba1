// READ, DIRECTORY, DIRECTORY_PART, GET_PERMS (xenstored.md 3).
// Not for: what a connection may see (XenstoreCore+Lookup).

internal import XenstoreWire

extension XenstoreCore {
    /// The node that the only argument names, with read permission.
    private func readable(
        _ request: Request, _ range: Range<Int>, allowsSpecial: Bool = false
    ) throws(Refusal) -> NodeContent {
        let path = try path(request, range, allowsSpecial: allowsSpecial)
        try touch([path], request)
        let node = try lookup(path, .read, request)
        guard let content = content(node, request.transaction) else { throw Refusal(.inputOutput) }
        return content
    }

    /// READ.
    func read(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) {
        reply = try readable(request, try one(request)).value
    }

    /// DIRECTORY.
    func directory(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) {
        let children = try readable(request, try one(request)).children
        if children.byteCount > XenstoreLimits.payloadByteCount { throw Refusal(.tooBig) }
        _ = tree.appendNames(children, byteCountMax: children.byteCount, to: &reply)
    }

    /// DIRECTORY_PART.
    func directoryPart(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) {
        let arguments = try strings(request, 2...2)
        let offset = Int(clamping: try number(request, arguments[1], max: .max))
        let content = try readable(request, arguments[0])
        putPart(of: content.children, content.generation, from: offset, &reply)
    }

    /// The reply of DIRECTORY_PART, behind what is there: as many whole names from a byte of the list on as fit.
    func putPart(of children: ChildList, _ generation: UInt64, from offset: Int, _ reply: inout [UInt8]) {
        let start = reply.count
        var writer = XenstoreWriter()
        writer.putDecimal(generation)
        reply.append(contentsOf: writer.bytes)
        reply.append(0)
        // One byte is for the mark of the end.
        let byteCountMax = XenstoreLimits.payloadByteCount - 1 - (reply.count - start)
        if tree.appendNames(children, from: offset, byteCountMax: byteCountMax, to: &reply) { reply.append(0) }
    }

    /// GET_PERMS: entries of domains that have died since they were written are not listed.
    func getPermissions(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) {
        let list = try readable(request, try one(request), allowsSpecial: true).permissions
        var writer = XenstoreWriter()
        writer.put(list.owner.wire)
        for entry in list.entries.dropFirst() where !isGone(entry) { writer.put(entry.wire) }
        reply = writer.bytes
    }
}
