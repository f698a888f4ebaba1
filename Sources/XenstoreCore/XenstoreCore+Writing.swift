// WRITE, MKDIR, RM, SET_PERMS (xenstored.md 3). Each is checked wholly before anything changes.
// Not for: counts (XenstoreCore+Nodes), events (XenstoreCore+Events).

internal import XenstoreWire

extension XenstoreCore {
    /// WRITE.
    func write(_ request: Request) throws(Refusal) {
        guard let (text, octets) = XenstoreText.stringAndOctets(request.payload.span) else { throw Refusal(.invalid) }
        let path = try path(request, text)
        try touch([path], request)
        let value = Array(request.payload[octets])
        let found = find(path, request.transaction)
        guard let node = try writable(found, request) else {
            targetExisted = false
            return try make(path, found, value: value, request)
        }
        targetExisted = true
        guard let list = permissions(node, request.transaction)?.without(isGone) else { throw Refusal(.inputOutput) }
        let size = NodeContent.sizeByteCount(value: value.count, entries: list.entries.count)
        try check(.nodeSize, size, request)
        note(highest: .nodeSize, size, request.connection.guest)
        changes(path, .subtree, request.transaction)
        guard request.transaction != nil else {
            return setValue(node, request.payload.span, octets, by: request.connection)
        }
        guard var content = content(node, request.transaction) else { throw Refusal(.inputOutput) }
        content.value = value
        content.permissions = list
        write(node, content, request.transaction, by: request.connection)
    }

    /// MKDIR.
    func makeDirectory(_ request: Request) throws(Refusal) {
        let path = try path(request, try one(request))
        try touch([path], request)
        let found = find(path, request.transaction)
        targetExisted = try writable(found, request) != nil
        if targetExisted == false { try make(path, found, value: [], request) }
    }

    /// The node that may be written; nil when it may be made.
    private func writable(_ found: Found, _ request: Request) throws(Refusal) -> NodeID? {
        do throws(Refusal) {
            return try lookup(found, .write, request)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Makes a node and those missing above it, or nothing.
    private func make(_ path: [UInt8], _ found: Found, value: [UInt8], _ request: Request) throws(Refusal) {
        guard let nearest = found.nearest, let above = permissions(nearest, request.transaction) else {
            throw Refusal(.inputOutput)
        }
        let entryCount = inherited(above, by: request.connection).entries.count
        try check(.nodeSize, NodeContent.sizeByteCount(value: value.count, entries: entryCount), request)
        let domain = request.connection.domain
        let net = request.transaction?.netNodeCount ?? 0
        try check(.nodes, domain.nodes.count + net + found.missing.count, request)
        var byteCount = value.count
        for range in found.missing {
            byteCount += NodeContent.sizeByteCount(value: 0, entries: entryCount) + range.upperBound
        }
        try check(.memory, domain.memoryByteCount + byteCount, request)
        if request.transaction != nil { try touch(found.missing.map { Array(path[..<$0.upperBound]) }, request) }
        let size = NodeContent.sizeByteCount(value: value.count, entries: entryCount)
        note(highest: .nodeSize, size, request.connection.guest)
        changes(path, .subtree, request.transaction)
        create(path, found, value: value, request.transaction, by: request.connection)
    }

    /// RM.
    func remove(_ request: Request) throws(Refusal) {
        let path = try path(request, try one(request))
        try touch([path], request)
        let found = find(path, request.transaction)
        guard let node = try writable(found, request) else {
            targetExisted = false
            if found.missing.count == 1 { return }
            throw Refusal(.notFound)
        }
        targetExisted = true
        if node == .root { throw Refusal(.invalid) }
        removes(node, path, request.transaction)
        remove(node, request.transaction, by: request.connection)
    }

    /// SET_PERMS.
    func setPermissions(_ request: Request) throws(Refusal) {
        let arguments = try strings(request, 2...XenstoreLimits.payloadByteCount)
        try check(.nodePermissions, arguments.count - 1, request)
        var entries: [XenstorePermission] = []
        for range in arguments.dropFirst() {
            guard let entry = XenstorePermission(request.payload.span, range) else { throw Refusal(.invalid) }
            entries.append(entry)
        }
        if entries[0].domain == XenstorePermission.anyDomain { throw Refusal(.invalid) }
        // Who is found gone takes its nodes along: before the node is looked up, which may be one of these.
        for entry in entries.dropFirst() where entry.domain != XenstorePermission.anyDomain {
            _ = exists(entry.domain, for: request)
        }
        if !exists(entries[0].domain, for: request) { throw Refusal(.notFound) }
        let path = try path(request, arguments[0], allowsSpecial: true)
        try touch([path], request)
        let node = try lookup(path, .writeAndOwn, request)
        guard var content = content(node, request.transaction) else { throw Refusal(.inputOutput) }
        if !request.connection.isPrivileged, entries[0].domain != content.permissions.owner.domain {
            throw Refusal(.notPermitted)
        }
        let size = NodeContent.sizeByteCount(value: content.value.count, entries: entries.count)
        try check(.nodeSize, size, request)
        guard let list = permissions(entries, request) else { throw Refusal(.inputOutput) }
        // Those who watch a special node hear of domains, not of its permissions.
        if !StorePath.isSpecial(path) { changes(path, .subtree, request.transaction) }
        content.permissions = list
        note(highest: .nodeSize, size, request.connection.guest)
        note(highest: .nodePermissions, entries.count, request.connection.guest)
        write(node, content, request.transaction, by: request.connection)
    }

    /// Entries with the epochs of their domains, which become known by that; 0 for those that don't exist.
    private func permissions(_ entries: [XenstorePermission], _ request: Request) -> PermissionList? {
        PermissionList(
            entries.map { entry in
                let epoch: UInt64
                if entry.domain == XenstorePermission.anyDomain {
                    epoch = request.connection.has(feature: 8) ? 1 : 0
                } else {
                    epoch = exists(entry.domain, for: request) ? record(entry.domain).epoch : 0
                }
                return PermissionEntry(access: entry.access, domain: entry.domain, epoch: epoch)
            })
    }
}
