// One ioreq server, alive: its pages, ports and claims, and the undoing of them.
// Not for: the order of set-up (IOREQServer's type states see to it) or requests (ServerCore+Requests).

import XenABI
import XenPlatform

/// A vCPU's side of a server: its port, and whether it waits for an answer of ours.
final class VCPUChannel {
    let vcpu: VCPUID
    let bound: BoundPort
    /// The request that is out with a device; 0 when none is.
    var ticket: UInt64 = 0
    /// When it arrived, in nanoseconds.
    var arrived: UInt64 = 0

    init(_ vcpu: VCPUID, _ bound: consuming BoundPort) {
        self.vcpu = vcpu
        self.bound = bound
    }
}

/// The ring's port.
final class RingChannel {
    let bound: BoundPort

    init(_ bound: consuming BoundPort) { self.bound = bound }
}

/// What the type states of `IOREQServer` share.
final class ServerCore {
    let domain: DeviceModelDomain
    let id: IOREQServerID
    let isBuffered: Bool
    var claims = ClaimTable()
    var statistics = ServerStatistics()
    private(set) var pages: IOREQPages?
    private(set) var channels: [VCPUChannel] = []
    private var ring: RingChannel?
    private(set) var isEnabled = false
    private var isClosed = false
    private var lastTicket: UInt64 = 0

    init(domain: DeviceModelDomain, buffered: Buffering) throws(XenError) {
        let handling: BufferedHandling = buffered == .atomic ? .atomic : .off
        id = try domain.perform(DMOP.CreateIOREQServer(handling: handling)).id
        self.domain = domain
        isBuffered = buffered == .atomic
    }

    /// Maps the synchronous page, and the ring's with it, in one call. Source: dmop.md section 8.1.
    func mapPages() throws(XenError) {
        let mapped = try domain.platform.memory.mapResource(
            domain.id, .ioreqServer, id: UInt32(id.rawValue), frame: isBuffered ? 0 : 1, count: isBuffered ? 2 : 1)
        pages = IOREQPages(mapped, isBuffered: isBuffered)
    }

    func claim(_ range: IORange, for device: any IODevice) throws(XenError) {
        do throws(XenError) {
            _ = try domain.perform(
                DMOP.MapIORange(id: id, type: range.type, start: range.start, end: range.end))
        } catch {
            throw error.about(range.start)
        }
        // Requests for it may be in the page already; they are looked at after this.
        claims.insert(range, device)
    }

    func release(_ range: IORange) throws(XenError) {
        do throws(XenError) {
            _ = try domain.perform(
                DMOP.UnmapIORange(id: id, type: range.type, start: range.start, end: range.end))
        } catch {
            throw error.about(range.start)
        }
        changeClaims { $0.remove(range) }
    }

    /// A device whose last claim goes is released after the change: what its deinit does may need the claims.
    private func changeClaims(_ change: (inout ClaimTable) -> Void) {
        let before = claims
        change(&claims)
        withExtendedLifetime(before) {}
    }

    /// Enables the server; the first time, binds a port for each vCPU and one for the ring.
    func enable() throws(XenError) {
        try setEnabled(true)
        if channels.isEmpty { try bindPorts() }
    }

    func disable() throws(XenError) {
        try setEnabled(false)
    }

    private func setEnabled(_ enabled: Bool) throws(XenError) {
        _ = try domain.perform(DMOP.SetIOREQServerState(id: id, enabled: enabled))
        isEnabled = enabled
    }

    private func bindPorts() throws(XenError) {
        guard let pages else { return }
        let events = domain.platform.events
        let count = try domain.knownVCPUCount() ?? UInt32(pages.slotCount)
        guard count <= pages.slotCount else {
            throw XenError(.e2big, "nr_vcpus", domain: domain.id, value: UInt64(count))
        }
        for number in 0..<count {
            let remote = pages.port(of: VCPUID(number))
            // Without a count from Xen (before 4.15) the slots that have a port tell how many vCPUs there are.
            guard remote.rawValue != 0 else { continue }
            let channel = VCPUChannel(VCPUID(number), try events.bindInterdomain(domain.id, port: remote))
            channels.append(channel)
            domain.route(channel.bound.port, to: .slot(self, channel))
        }
        guard isBuffered else { return }
        let remote = try domain.perform(DMOP.GetIOREQServerInfo(id: id, flags: .noGFNs)).bufferedPort
        let channel = RingChannel(try events.bindInterdomain(domain.id, port: remote))
        ring = channel
        domain.route(channel.bound.port, to: .ring(self))
    }

    func nextTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    /// Disables, answers what is pending, unbinds, unmaps, destroys: each step whether or not the one before worked,
    /// for the domain may be half gone. The first failure is reported. Source: dmop.md section 16.
    func close() -> XenError? {
        guard !isClosed else { return nil }
        isClosed = true
        var failure: XenError?
        if isEnabled {
            do throws(XenError) { try disable() } catch { failure = error }
        }
        answerAllPending()
        for channel in channels { domain.unroute(channel.bound.port) }
        channels = []
        if let ring { domain.unroute(ring.bound.port) }
        ring = nil
        pages = nil
        changeClaims { $0 = ClaimTable() }
        do throws(XenError) {
            _ = try domain.perform(DMOP.DestroyIOREQServer(id: id))
        } catch {
            failure = failure ?? error
        }
        return failure
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
