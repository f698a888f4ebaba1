// A target domain: the way to its ioreq servers, its operations and its events.
// Not for: the single operations (DeviceModelDomain+*.swift).

public import XenABI
public import XenPlatform

extension Platform {
    /// The domain that a device model is for. Throws ESRCH when there is none or it is dying, EPERM for the caller's
    /// own, EINVAL when it is not an HVM or PVH guest.
    ///
    /// `restricted` limits this platform's handles to that domain before anything of the guest's is read: another
    /// domain then needs a platform of its own.
    public func domain(_ id: DomainID, restricted: Bool) throws(XenError) -> DeviceModelDomain {
        let domain = DeviceModelDomain(id, on: self)
        _ = try domain.knownVCPUCount()
        guard try domain.isAlive() else { throw XenError(.esrch, "domain is dying", domain: id) }
        if restricted { try restrict(to: id) }
        return domain
    }
}

/// Where a fired port leads.
enum PortRoute {
    case slot(ServerCore, VCPUChannel)
    case ring(ServerCore)
}

/// A domain that device models serve. All its ioreq servers share the platform's event-channel handle, and one thread.
public final class DeviceModelDomain {
    /// The target domain.
    public let id: DomainID
    /// What the program runs on.
    public let platform: Platform

    private var routes: [(port: UInt32, route: PortRoute)] = []
    private var counters = [CallCounter](repeating: CallCounter(), count: DMOpcode.all.count + 1)
    private var keptFailure: XenError?

    init(_ id: DomainID, on platform: Platform) {
        self.id = id
        self.platform = platform
    }

    /// A new ioreq server, disabled, with no ranges. Throws ENOSPC when the domain has 8 already.
    public func makeIOREQServer(buffered: Buffering = .off) throws(XenError) -> IOREQServer<ServerState.Created> {
        IOREQServer(ServerLifetime(try ServerCore(domain: self, buffered: buffered)))
    }

    // MARK: Calls

    /// Makes one device-model operation, with buffer 0 only, and returns its payload as Xen left it.
    func perform<Payload: DMOPPayload>(_ payload: Payload) throws(XenError) -> Payload {
        var none = MutableSpan<UInt8>()
        return try perform(payload, data: &none)
    }

    /// Makes one device-model operation with a buffer 1. The payload is built anew for each call (dmop.md section 1.5).
    func perform<Payload: DMOPPayload>(
        _ payload: Payload, data: inout MutableSpan<UInt8>
    ) throws(XenError) -> Payload {
        var frame = DMOPFrame(payload)
        var bytes = frame.bytes.mutableSpan
        let index = Int(Payload.opcode.rawValue)
        let weight = counters[index].begin()
        let start = weight > 0 ? now : 0
        do throws(XenError) {
            try platform.calls.dmOp(id, &bytes, &data)
        } catch {
            counters[index].refused += 1
            if weight > 0 { counters[index].nanoseconds &+= weight &* (now &- start) }
            throw error
        }
        if weight > 0 { counters[index].nanoseconds &+= weight &* (now &- start) }
        return frame.payload(Payload.self)
    }

    /// What an operation has cost so far, on this domain, by this process.
    public func counter(of operation: DMOpcode) -> CallCounter {
        let index = Int(operation.rawValue)
        return index < counters.count ? counters[index] : CallCounter()
    }

    /// Nanoseconds of the platform's clock; 0 where it has none.
    var now: UInt64 { platform.clock?.nanoseconds ?? 0 }

    // MARK: Events

    /// Serves what has come in, on every server of this domain, and returns without waiting. Throws when a server's
    /// shared pages are not what they must be, or when the event-channel driver refuses.
    public func process() throws(XenError) {
        let events = platform.events
        while let port = try events.next() {
            switch route(of: port) {
            case .slot(let server, let channel):
                // Early: its vCPU waits, so nothing fires before the answer does; and what the answer makes the vCPU
                // ask next then finds the port open, which saves the kernel a hypercall.
                try events.unmask(port)
                server.serveSlot(of: channel)
            case .ring(let server):
                // Late, so that the port does not fire again for what is being looked at.
                try server.drainRing()
                try events.unmask(port)
            case nil: try events.unmask(port)
            }
        }
        if let failure = keptFailure {
            keptFailure = nil
            throw failure
        }
    }

    /// Keeps a failure that comes up where nothing can be thrown; `process()` throws it.
    func keep(_ failure: XenError) { keptFailure = keptFailure ?? failure }

    func route(_ port: EventPort, to route: PortRoute) {
        routes.insert((port.rawValue, route), at: routes.firstIndex { $0.port > port.rawValue } ?? routes.endIndex)
    }

    func unroute(_ port: EventPort) { routes.removeAll { $0.port == port.rawValue } }

    private func route(of port: EventPort) -> PortRoute? {
        var low = 0
        var high = routes.count
        while low < high {
            let middle = (low + high) / 2
            if routes[middle].port < port.rawValue { low = middle + 1 } else { high = middle }
        }
        return low < routes.count && routes[low].port == port.rawValue ? routes[low].route : nil
    }
}
