// EVTCHNOP_status as a value: what Xen says of a port of a domain.
// Not for: asking (see XenLinux); other commands of event_channel_op, which the kernel's drivers make for us.

/// What an event channel's port is (`EVTCHNSTAT_*`). Source: `event_channel.h`.
public struct EventChannelKind: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Nobody has it.
    public static let closed = EventChannelKind(rawValue: 0)
    /// It waits for a domain to bind to it.
    public static let unbound = EventChannelKind(rawValue: 1)
    /// It is connected with a port of a domain.
    public static let interdomain = EventChannelKind(rawValue: 2)
    /// It is bound to an interrupt of the machine.
    public static let physicalInterrupt = EventChannelKind(rawValue: 3)
    /// It is bound to a virtual interrupt.
    public static let virtualInterrupt = EventChannelKind(rawValue: 4)
    /// It joins processors of the domain.
    public static let interprocessor = EventChannelKind(rawValue: 5)
}

/// `struct evtchn_status`, 24 bytes, question and answer. Source: `event_channel.h`; xenstored.md 9.6.
public struct EventChannelStatus: WireLayout {
    public static var layoutName: StaticString { "evtchn_status" }
    public static var byteCount: Int { 24 }

    /// Whose port, `caller` for our own.
    public var domain: DomainID
    /// The port.
    public var port: EventPort
    /// Out: what it is.
    public var kind: EventChannelKind
    /// Out: the processor that its events go to.
    public var vcpu: UInt32
    /// Out: the peer of an `interdomain` port, the domain that an `unbound` one waits for.
    public var peer: DomainID
    /// Out: the peer's port, of an `interdomain` port.
    public var peerPort: EventPort

    /// The structure with these fields.
    public init(
        domain: DomainID, port: EventPort, kind: EventChannelKind = .closed, vcpu: UInt32 = 0,
        peer: DomainID = DomainID(0), peerPort: EventPort = EventPort(0)
    ) {
        self.domain = domain
        self.port = port
        self.kind = kind
        self.vcpu = vcpu
        self.peer = peer
        self.peerPort = peerPort
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        domain = DomainID(rawValue: bytes.u16(at: 0))
        port = EventPort(rawValue: bytes.u32(at: 4))
        kind = EventChannelKind(rawValue: bytes.u32(at: 8))
        vcpu = bytes.u32(at: 12)
        peer = DomainID(rawValue: bytes.u16(at: 16))
        peerPort = EventPort(rawValue: bytes.u32(at: 20))
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(domain.rawValue, at: 0)
        bytes.zero(2, at: 2)
        bytes.put(port.rawValue, at: 4)
        bytes.put(kind.rawValue, at: 8)
        bytes.put(vcpu, at: 12)
        bytes.put(peer.rawValue, at: 16)
        bytes.zero(2, at: 18)
        bytes.put(peerPort.rawValue, at: 20)
    }
}
