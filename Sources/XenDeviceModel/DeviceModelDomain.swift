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

/// A domain that device models serve. All ioreq servers on a platform share its event-channel handle, and one thread.
public final class DeviceModelDomain {
    /// The target domain.
    public let id: DomainID
    /// What the program runs on.
    public let platform: Platform

    /// By operation, 1 to 20. In place, so that counting a call needs no check for overlapping changes.
    private var counters = InlineArray<21, CallCounter>(repeating: CallCounter())

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

    /// Nanoseconds of the platform's clock; 0 where it has none. The statistics page goes by the last reading.
    var now: UInt64 {
        guard let clock = platform.clock else { return 0 }
        let moment = clock.nanoseconds
        platform.statistics?.note(moment)
        return moment
    }

    /// Rounds of a loop until the clock is looked at for the page, and when it was last looked at.
    var roundsUntilLook = 0
    var roundsPerLook = 1
    var lastLook: UInt64 = 0

    /// Whether the platform has a clock.
    var isTimed: Bool { platform.clock != nil }

    // MARK: Events

    /// Serves one round of what has come in, on every server of the platform, and returns without waiting. Throws
    /// when a server's shared pages are not what they must be (that server is down then), or when the event-channel
    /// driver refuses; all else of the round has been served.
    public func process() throws(XenError) {
        defer { platform.statistics?.publishIfDue() }
        try platform.dispatcher.process()
    }
}
