// Ops 1, 2, 5 and 6: the life of an ioreq server. dmop.md sections 3.1, 3.2, 3.5 and 3.6.
// Not for: what it claims (Operations/Ranges, Operations/MemoryTypes), or its pages (Resources, LegacyFrames).

internal import XenABI
internal import XenPlatform

extension Hypervisor {
    /// Op 1. dmop.md 3.1.
    func createIOREQServer(_ call: OperationCall, _ frame: inout DMOPFrame) throws(Refusal) {
        var payload = frame.payload(DMOP.CreateIOREQServer.self)
        let domain = call.domain
        try check(frame.hasZeroPads(DMOP.CreateIOREQServer.self), .einval, "3.1 pad")
        try check(!domain.shape.isArm || payload.handling == .off, .einval, "3.1 no buffering on Arm")
        try check(payload.handling.rawValue <= BufferedHandling.atomic.rawValue, .einval, "3.1 unknown handling")
        let free = domain.servers.firstIndex { $0 == nil } ?? domain.servers.count
        try check(free < DMOPLimits.serversPerDomain, .enospc, "3.1 8 servers in use")
        try check(!domain.life.isDying, .einval, "3.1 dying")
        payload.id = IOREQServerID(UInt16(free))
        let server = IOREQServerRecord(payload.id, owner: call.caller.domain, handling: payload.handling)
        try allocatePorts(of: server, in: domain)
        if free == domain.servers.count { domain.servers.append(server) } else { domain.servers[free] = server }
        frame = DMOPFrame(payload)
    }

    /// vCPU 0, the ring, the other vCPUs: each the lowest free port. All or none. dmop.md 3.1.
    private func allocatePorts(of server: IOREQServerRecord, in domain: Domain) throws(Refusal) {
        do throws(Refusal) {
            for vcpu in domain.vcpus {
                let port = try allocate(in: domain, remote: server.owner, .vcpu(vcpu.id))
                server.vcpuPorts = server.vcpuPorts + [port]
                if vcpu.id.rawValue == 0, server.handling != .off {
                    server.bufferedPort = try allocate(in: domain, remote: server.owner, .ring)
                }
            }
        } catch {
            closePorts(of: server, in: domain)
            throw error
        }
    }

    private func closePorts(of server: IOREQServerRecord, in domain: Domain) {
        for port in server.vcpuPorts { close(domain, port) }
        if let port = server.bufferedPort { close(domain, port) }
        server.vcpuPorts = []
        server.bufferedPort = nil
    }

    /// Op 2. Outputs that do not apply keep what the caller had in them. dmop.md 3.2.
    func getIOREQServerInfo(_ call: OperationCall, _ frame: inout DMOPFrame) throws(Refusal) {
        var payload = frame.payload(DMOP.GetIOREQServerInfo.self)
        let known: ServerInfoFlags = release.version >= .v4_11 ? .noGFNs : []
        try check(payload.flags.isSubset(of: known), .einval, "3.2 unknown flag")
        let server = try ownServer(payload.id, of: call.domain, call.caller)
        if !payload.flags.contains(.noGFNs) {
            let frames = try legacyFrames(of: server, in: call.domain)
            payload.ioreqFrame = frames.synchronous.frame
            if let buffered = frames.buffered { payload.bufferedFrame = buffered.frame }
        }
        if let port = server.bufferedPort { payload.bufferedPort = port }
        frame = DMOPFrame(payload)
    }

    /// Op 5. dmop.md 3.5.
    func setIOREQServerState(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.SetIOREQServerState.self)
        try check(frame.hasZeroPads(DMOP.SetIOREQServerState.self), .einval, "3.5 pad")
        let server = try ownServer(payload.id, of: call.domain, call.caller)
        setState(of: server, in: call.domain, isEnabled: payload.enabled)
    }

    private func setState(of server: IOREQServerRecord, in domain: Domain, isEnabled: Bool) {
        guard server.isEnabled != isEnabled else { return }
        server.isEnabled = isEnabled
        if isEnabled {
            takeOutLegacyFrames(of: server, in: domain)
            writePorts(of: server, in: domain)
        } else {
            putBackLegacyFrames(of: server, in: domain)
        }
    }

    /// Each vCPU's port into `vp_eport` of its slot, in the pages that exist. dmop.md 3.5 and 15.1.
    private func writePorts(of server: IOREQServerRecord, in domain: Domain) {
        guard let (run, page) = server.synchronousPage(in: domain) else { return }
        server.hasPublishedPorts = true
        for (vcpu, port) in server.vcpuPorts.prefix(IOREQ.slotsPerPage).enumerated() {
            let slot = page * GuestFrame.byteCount + vcpu * IOREQ.byteCount
            run.pages.store(UInt64(port.rawValue), byteCount: 4, at: slot + IOREQ.portOffset)
        }
    }

    /// Op 6. dmop.md 3.6.
    func destroyIOREQServer(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.DestroyIOREQServer.self)
        try check(frame.hasZeroPads(DMOP.DestroyIOREQServer.self), .einval, "3.6 pad")
        remove(try ownServer(payload.id, of: call.domain, call.caller), from: call.domain)
    }

    /// Everything of a server goes; frames of type 4 keep their type (3.15), and pages live while somebody maps them.
    func remove(_ server: IOREQServerRecord, from domain: Domain) {
        // Before anything else: legacy frames are cleared as they come back.
        abandonRequests(of: server, in: domain)
        setState(of: server, in: domain, isEnabled: false)
        if domain.memoryTypeHolder == server.id { domain.memoryTypeHolder = nil }
        domain.servers[Int(server.id.rawValue)] = nil
        closePorts(of: server, in: domain)
        server.ranges = [RangeSet(), RangeSet(), RangeSet()]
        giveBackLegacyFrames(of: server, in: domain)
        server.pages = nil
    }
}
