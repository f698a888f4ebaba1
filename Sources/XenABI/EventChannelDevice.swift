// The ioctls of /dev/xen/evtchn: numbers and arguments.
// Not for: calling them (see XenLinux).

/// The ioctl numbers of /dev/xen/evtchn. Source: `sys/evtchn.h`; dmop.md section 10.
public enum EventChannelCall {
    /// Binds a virtual interrupt (`EventChannelArgument`); answers the local port.
    public static let bindVIRQ: UInt32 = 0x0004_4500
    /// Binds to another domain's unbound port (`EventChannelBindInterdomain`); answers the local port.
    public static let bindInterdomain: UInt32 = 0x0008_4501
    /// Makes a port that a domain may bind to (`EventChannelArgument`); answers the local port.
    public static let bindUnboundPort: UInt32 = 0x0004_4502
    /// Unbinds a local port (`EventChannelArgument`).
    public static let unbind: UInt32 = 0x0004_4503
    /// Wakes the other end of a local port (`EventChannelArgument`).
    public static let notify: UInt32 = 0x0004_4504
    /// Empties the ring and clears an overflow; no argument.
    public static let reset: UInt32 = 0x0000_4505
    /// Limits the descriptor to one domain (`EventChannelRestrict`).
    public static let restrict: UInt32 = 0x0002_4506
    /// Takes over a port that was bound statically (`EventChannelArgument`); newer kernels.
    public static let bindStatic: UInt32 = 0x0004_4507
}

/// The argument of `bindVIRQ` (a virq), `bindUnboundPort` (a domain), `unbind`, `notify` and `bindStatic` (a port).
public struct EventChannelArgument: WireLayout {
    public static var layoutName: StaticString { "ioctl_evtchn" }
    public static var byteCount: Int { 4 }

    /// The virq, domain or port.
    public var value: UInt32

    /// The structure with these fields.
    public init(value: UInt32) {
        self.value = value
    }

    /// For `bindVIRQ`.
    public init(virq: VIRQ) { self.init(value: virq.rawValue) }
    /// For `bindUnboundPort`.
    public init(domain: DomainID) { self.init(value: UInt32(domain.rawValue)) }
    /// For `unbind`, `notify` and `bindStatic`.
    public init(port: EventPort) { self.init(value: port.rawValue) }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        value = bytes.u32(at: 0)
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(value, at: 0)
    }
}

/// The argument of `bindInterdomain`.
public struct EventChannelBindInterdomain: WireLayout {
    public static var layoutName: StaticString { "ioctl_evtchn_bind_interdomain" }
    public static var byteCount: Int { 8 }

    /// The domain at the other end.
    public var remoteDomain: UInt32
    /// Its port, unbound and meant for us.
    public var remotePort: EventPort

    /// The structure with these fields.
    public init(remoteDomain: UInt32, remotePort: EventPort) {
        self.remoteDomain = remoteDomain
        self.remotePort = remotePort
    }

    /// The structure with these fields.
    public init(remoteDomain: DomainID, remotePort: EventPort) {
        self.init(remoteDomain: UInt32(remoteDomain.rawValue), remotePort: remotePort)
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        remoteDomain = bytes.u32(at: 0)
        remotePort = EventPort(rawValue: bytes.u32(at: 4))
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(remoteDomain, at: 0)
        bytes.put(remotePort.rawValue, at: 4)
    }
}

/// The argument of `restrict`.
public struct EventChannelRestrict: WireLayout {
    public static var layoutName: StaticString { "ioctl_evtchn_restrict_domid" }
    public static var byteCount: Int { 2 }

    /// The only domain from here on.
    public var domain: DomainID

    /// The structure with these fields.
    public init(domain: DomainID) {
        self.domain = domain
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        domain = DomainID(rawValue: bytes.u16(at: 0))
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(domain.rawValue, at: 0)
    }
}
