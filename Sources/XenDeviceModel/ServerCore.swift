// One ioreq server, alive: its pages, ports and claims, and the undoing of them.
// Not for: the order of set-up (IOREQServer's type states see to it) or requests (ServerCore+Requests).

import XenABI
import XenPlatform

/// What the type states of `IOREQServer` share.
final class ServerCore {
    let domain: DeviceModelDomain
    let id: IOREQServerID
    let isBuffered: Bool
    /// Whether each request and answer is shown to the platform's observer.
    let isObserved: Bool
    var claims = ClaimTable()
    var statistics = ServerStatistics()
    private(set) var pages: IOREQPages?
    private(set) var channels: [VCPUChannel] = []
    private var ring: RingChannel?
    private(set) var isEnabled = false
    private(set) var wasEnabled = false
    private(set) var isClosed = false
    private var holdsMemoryType = false
    private var lastTicket: UInt64 = 0
    private var keptFailure: XenError?

    init(domain: DeviceModelDomain, buffered: Buffering) throws(XenError) {
        let handling: BufferedHandling = buffered == .atomic ? .atomic : .off
        id = try domain.perform(DMOP.CreateIOREQServer(handling: handling)).id
        self.domain = domain
        isBuffered = buffered == .atomic
        isObserved = domain.platform.observer != nil
        domain.platform.statistics?.add(self)
    }

    /// A server that is there already, to be taken down: see `DeviceModelDomain.destroyLeftOverServer`.
    init(domain: DeviceModelDomain, leftOver id: IOREQServerID) {
        self.id = id
        self.domain = domain
        isBuffered = false
        isObserved = false
    }

    /// Maps the synchronous page, and the ring's with it, in one call. Source: dmop.md section 8.1.
    func mapPages() throws(XenError) {
        let mapped = try domain.platform.memory.mapResource(
            domain.id, .ioreqServer, id: UInt32(id.rawValue), frame: isBuffered ? 0 : 1, count: isBuffered ? 2 : 1)
        pages = IOREQPages(mapped, isBuffered: isBuffered)
    }

    func claim(_ range: IORange, for device: any IODevice) throws(XenError) {
        try checkOpen("map_io_range_to_ioreq_server")
        do throws(XenError) {
            _ = try domain.perform(
                DMOP.MapIORange(id: id, type: range.type, start: range.start, end: range.end))
        } catch {
            throw error.about(range.start)
        }
        // Requests for it may be in the page already; they are looked at after this.
        changeClaims { $0.insert(range, device) }
        domain.publishStatistics()
    }

    func release(_ range: IORange) throws(XenError) {
        try checkOpen("unmap_io_range_from_ioreq_server")
        do throws(XenError) {
            _ = try domain.perform(
                DMOP.UnmapIORange(id: id, type: range.type, start: range.start, end: range.end))
        } catch {
            throw error.about(range.start)
        }
        changeClaims { $0.remove(range) }
        domain.publishStatistics()
    }

    /// A device whose last claim goes is released after the change: what its deinit does may need the claims. The table
    /// is changed as a whole, so that looking a claim up needs no check for overlapping changes.
    private func changeClaims(_ change: (inout ClaimTable) -> Void) {
        let before = claims
        var after = before
        change(&after)
        claims = after
        withExtendedLifetime(before) {}
    }

    /// A device may keep a handle to a server that was closed, or act on one while it is being closed; Xen may have
    /// given its id to another by now.
    private func checkOpen(_ call: StaticString) throws(XenError) {
        if isClosed { throw XenError(.enoent, call, domain: domain.id, value: UInt64(id.rawValue)) }
    }

    /// Enables the server; the first time, binds a port for each vCPU and one for the ring.
    func enable() throws(XenError) {
        try checkOpen("set_ioreq_server_state")
        try setEnabled(true)
        if channels.isEmpty { try bindPorts() }
    }

    func disable() throws(XenError) {
        try checkOpen("set_ioreq_server_state")
        try setEnabled(false)
    }

    private func setEnabled(_ enabled: Bool) throws(XenError) {
        _ = try domain.perform(DMOP.SetIOREQServerState(id: id, enabled: enabled))
        isEnabled = enabled
        wasEnabled = wasEnabled || enabled
        domain.publishStatistics()
    }

    func bindPorts() throws(XenError) {
        guard let pages else { return }
        let known = try domain.knownVCPUCount()
        let count = known ?? UInt32(pages.slotCount)
        guard count <= pages.slotCount else {
            throw XenError(.e2big, "nr_vcpus", domain: domain.id, value: UInt64(count))
        }
        for number in 0..<count {
            let remote = pages.port(of: VCPUID(number))
            // Without a count from Xen (before 4.15) the slots that have a port tell how many vCPUs there are.
            if remote.rawValue == 0, known == nil { continue }
            try bind(remote, vcpu: VCPUID(number))
        }
        guard !channels.isEmpty else { throw XenError(.enodev, "vp_eport", domain: domain.id) }
        if isBuffered { try bindRing() }
    }

    private func bind(_ remote: EventPort, vcpu: VCPUID) throws(XenError) {
        // A vCPU whose requests nobody would ever hear of.
        guard remote.rawValue != 0 else {
            throw XenError(.enodev, "vp_eport", domain: domain.id, value: UInt64(vcpu.rawValue))
        }
        let bound = try domain.platform.events.bindInterdomain(domain.id, port: remote)
        let channel = VCPUChannel(self, vcpu, bound)
        channels.append(channel)
        // Early: its vCPU waits, so nothing fires before the answer does; and what the answer makes the vCPU ask next
        // then finds the port open, which saves the kernel a hypercall.
        domain.platform.dispatcher.connect(channel.port, .beforeHandler, to: channel)
    }

    private func bindRing() throws(XenError) {
        let remote = try domain.perform(DMOP.GetIOREQServerInfo(id: id, flags: .noGFNs)).bufferedPort
        let channel = RingChannel(self, try domain.platform.events.bindInterdomain(domain.id, port: remote))
        ring = channel
        domain.platform.dispatcher.connect(channel.port, .afterHandler, to: channel)
    }

    /// Takes the writes to frames of type 4, or gives the type back (dmop.md section 3.15).
    func holdMemoryType(_ hold: Bool) throws(XenError) {
        try checkOpen("map_mem_type_to_ioreq_server")
        _ = try domain.perform(DMOP.MapMemoryType(id: id, type: .ioreqServer, flags: hold ? .write : []))
        holdsMemoryType = hold
    }

    func nextTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    /// Keeps a failure that comes up where nothing can be thrown, for the next request's turn or for closing.
    func keep(_ failure: XenError) { keptFailure = keptFailure ?? failure }

    func throwKept() throws(XenError) {
        guard let failure = keptFailure else { return }
        keptFailure = nil
        throw failure
    }

    private func unbind() {
        for channel in channels { channel.close() }
        channels = []
        ring?.close()
        ring = nil
    }

    /// Forgets a server that stays as it is.
    func letGo() {
        isClosed = true
        unbind()
        pages = nil
    }

    /// Gives the memory type back, disables, answers what is pending, unbinds, destroys, unmaps: each step whether or
    /// not the one before worked, for the domain may be half gone. The first failure is reported. Source: dmop.md
    /// section 16.
    ///
    /// The type first: frames that keep it when its holder is destroyed make a vCPU that writes to one try again for
    /// ever. The pages last: as long as we map one, Xen gives the id of a dead domain to no other, so that no call of
    /// ours can reach a stranger.
    func close() -> XenError? {
        guard !isClosed else { return nil }
        if holdsMemoryType {
            do throws(XenError) { try holdMemoryType(false) } catch { keep(error) }
        }
        isClosed = true
        if isEnabled {
            do throws(XenError) { try setEnabled(false) } catch { keep(error) }
        }
        answerAllPending()
        awaitFetching()
        unbind()
        changeClaims { $0 = ClaimTable() }
        do throws(XenError) {
            _ = try domain.perform(DMOP.DestroyIOREQServer(id: id))
        } catch {
            keep(error)
        }
        pages = nil
        domain.platform.statistics?.remove(self)
        defer { keptFailure = nil }
        return keptFailure
    }
}

extension XenError {
    /// The same error, naming the value that was refused.
    func about(_ value: UInt64) -> XenError {
        var error = self
        error.value = value
        return error
    }
}
