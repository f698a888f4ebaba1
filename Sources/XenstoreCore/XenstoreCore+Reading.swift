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
        reply.reserveCapacity(children.byteCount)
        children.forEach { append($0, to: &reply) }
    }

    private func append(_ node: NodeID, to reply: inout [UInt8]) {
        tree.appendName(node, to: &reply)
        reply.append(0)
    }

    /// DIRECTORY_PART: as many whole names from a byte of the list on as fit.
    func directoryPart(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) {
        let arguments = try strings(request, 2...2)
        let offset = Int(clamping: try number(request, arguments[1], max: .max))
        let content = try readable(request, arguments[0])
        var writer = XenstoreWriter()
        writer.putDecimal(content.generation)
        reply = writer.bytes + [0]
        if putPart(content.children, from: offset, &reply) { reply.append(0) }
    }

    /// Says whether the end of the list was reached.
    private func putPart(_ children: ChildList, from offset: Int, _ reply: inout [UInt8]) -> Bool {
        let countMax = XenstoreLimits.payloadByteCount - 1
        // An offset inside a name: the rest of that name, as the bytes of the list from there on.
        return children.visit(from: offset, { tree.nameByteCount($0) }) { node, skipped in
            if reply.count + tree.nameByteCount(node) + 1 - skipped > countMax { return false }
            tree.appendName(node, from: skipped, to: &reply)
            reply.append(0)
            return true
        }
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
