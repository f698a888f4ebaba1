// XENMEM_acquire_resource: the pages of ioreq servers. dmop.md section 8.1.
// Not for: legacy frames (Operations/LegacyFrames).

public import XenABI

extension Hypervisor {
    private func target(_ caller: Caller, _ id: DomainID) throws(Refusal) -> Domain {
        guard let domain = domain(id), !id.isReserved else { throw Refusal(.esrch, "8.1 no such domain") }
        try check(id != caller.domain, .eperm, "8.1 own domain")
        try check(caller.mayControl(id), .eperm, "8.1 no permission")
        return domain
    }

    /// The pages behind frames of a resource, in order: a run and the index of a page in it.
    public func acquireResource(
        by caller: Caller, on target: DomainID, type: ResourceType, id: UInt32, first: UInt64, count: UInt32
    ) throws(Refusal) -> [(PageRun, Int)] {
        try check(release.version >= .v4_11, .enosys, "14 since 4.11")
        let (end, wraps) = first.addingReportingOverflow(UInt64(count))
        try check(!wraps && end <= UInt64(UInt32.max), .einval, "8.1 frames beyond 32 bits")
        let domain = try self.target(caller, target)
        try check(type == .ioreqServer, unknownResource, "8.1 unknown type")
        try check(count > 0, .einval, "8.1 list and no frames")
        try check(id <= UInt32(UInt16.max), .einval, "8.1 id beyond 16 bits")
        var pages: [(PageRun, Int)] = []
        for frame in first..<end {
            let server = try ownServer(IOREQServerID(UInt16(id)), of: domain, caller)
            try check(server.legacyFrames == nil, .eperm, "8.1 has legacy frames")
            let run = try madePages(of: server)
            try check(
                frame != UInt64(IOREQServerFrame.buffered) || server.handling != .off, .enoent, "8.1 buffering is off")
            try check(frame <= UInt64(IOREQServerFrame.synchronous), .einval, "8.1 no such frame")
            pages.append((run, Int(frame)))
        }
        return pages
    }

    /// The frames of a resource: a query with a null list. `count` is what the caller says, and 0.
    public func resourceSize(
        by caller: Caller, on target: DomainID, type: ResourceType, id: UInt32, count: UInt32 = 0
    ) throws(Refusal) -> UInt32 {
        try check(release.version >= .v4_11, .enosys, "14 since 4.11")
        if release.version < .v4_15 {
            try check(count == 0, .einval, "8.1 null list and frames")
            return 32
        }
        let domain = try self.target(caller, target)
        let isKnown = type == .ioreqServer
        // 4.17 and older answer with a huge number.
        try check(isKnown || release.version < .v4_18, .einval, "8.1 unknown type")
        try check(count == 0, .einval, "8.1 null list and frames")
        guard isKnown else { return UInt32(Int32.max) }
        return 1 + UInt32((domain.shape.vcpuCount + IOREQ.slotsPerPage - 1) / IOREQ.slotsPerPage)
    }

    private var unknownResource: XenErrorCode { release.version < .v4_18 ? .eopnotsupp : .einval }

    /// A server's pages, made zeroed at the first request for any frame.
    private func madePages(of server: IOREQServerRecord) throws(Refusal) -> PageRun {
        if let pages = server.pages { return pages }
        let run = try pageSource.makePages(count: 2, purpose: "ioreq server")
        server.pages = run
        return run
    }

    /// The server of this id: ENOENT when there is none, EPERM when another domain owns it. dmop.md 3.
    func ownServer(_ id: IOREQServerID, of domain: Domain, _ caller: Caller) throws(Refusal) -> IOREQServerRecord {
        guard let server = domain.server(id) else { throw Refusal(.enoent, "3 unknown id") }
        try check(server.owner == caller.domain, .eperm, "3 not own")
        return server
    }
}
