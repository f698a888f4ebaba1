// XEN_DOMCTL_get_domain_state (domctl 90) as values: the one domctl with a stable ABI.

/// What domctl 90 says of a domain. Source: `domctl.h` of 4.21; dmop.md section 12.
public struct DomainState: Equatable, Sendable {
    /// The domain.
    public var domain: DomainID
    /// `XEN_DOMCTL_GETDOMSTATE_STATE_*`: 1 exists, 2 shut down, 4 dying, 8 dead. None: the domain is gone.
    public var state: UInt16
    /// `XEN_DOMCTL_GETDOMSTATE_CAP_*`: 1 control, 2 hardware, 4 xenstore domain.
    public var capabilities: UInt16
    /// Differs for each domain ever created, so that a re-used id is noticed.
    public var uniqueID: UInt64

    /// A state of these fields.
    public init(domain: DomainID, state: UInt16, capabilities: UInt16, uniqueID: UInt64) {
        self.domain = domain
        self.state = state
        self.capabilities = capabilities
        self.uniqueID = uniqueID
    }

    /// There is such a domain, alive or not; false: it is gone.
    public var exists: Bool { state & 1 != 0 }
    /// It has shut down and waits for its toolstack.
    public var isShutDown: Bool { state & 2 != 0 }
    /// It is being torn down.
    public var isDying: Bool { state & 4 != 0 }
    /// It is torn down, and stays until its last page is given up.
    public var isDead: Bool { state & 8 != 0 }

    /// It may control other domains.
    public var isControlDomain: Bool { capabilities & 1 != 0 }
    /// It owns the hardware.
    public var isHardwareDomain: Bool { capabilities & 2 != 0 }
    /// It runs the Xenstore daemon.
    public var isXenstoreDomain: Bool { capabilities & 4 != 0 }
}

/// `struct xen_domctl` of `XEN_DOMCTL_get_domain_state`, 144 bytes, question and answer. dmop.md section 12.
public struct GetDomainState: WireLayout {
    /// The domctl's number.
    public static let command: UInt32 = 90
    /// The interface version of stable domctls, in every release that has them.
    public static let stableInterfaceVersion: UInt32 = 0

    public static var layoutName: StaticString { "xen_domctl_get_domain_state" }
    public static var byteCount: Int { 144 }

    /// The command: anything but 90 is another domctl.
    public var command: UInt32
    /// 0; other numbers are EACCES, as is every number before Xen 4.21.
    public var interfaceVersion: UInt32
    /// The domain asked for, or `invalid` to poll; when polling, out: the domain that has changed.
    public var domain: DomainID
    /// Out: see `DomainState.state`.
    public var state: UInt16
    /// Out: see `DomainState.capabilities`.
    public var capabilities: UInt16
    /// 0, or else EINVAL. Kept, because it is the one pad that Xen checks.
    public var pad: UInt32
    /// Out: see `DomainState.uniqueID`.
    public var uniqueID: UInt64

    /// The structure with these fields.
    public init(
        domain: DomainID, command: UInt32 = Self.command, interfaceVersion: UInt32 = Self.stableInterfaceVersion,
        state: UInt16 = 0, capabilities: UInt16 = 0, pad: UInt32 = 0, uniqueID: UInt64 = 0
    ) {
        self.domain = domain
        self.command = command
        self.interfaceVersion = interfaceVersion
        self.state = state
        self.capabilities = capabilities
        self.pad = pad
        self.uniqueID = uniqueID
    }

    /// The question about one domain.
    public static func ask(_ domain: DomainID) -> GetDomainState { GetDomainState(domain: domain) }

    /// The question which domain has changed.
    public static func poll() -> GetDomainState { GetDomainState(domain: .invalid) }

    /// Whether this is domctl 90 in its stable form, and not some other domctl.
    public var isGetDomainState: Bool {
        command == Self.command && interfaceVersion == Self.stableInterfaceVersion
    }

    /// Whether it asks for any domain that has changed.
    public var isPoll: Bool { domain == .invalid }

    /// The answer, once the hypercall has succeeded.
    public var answer: DomainState {
        DomainState(domain: domain, state: state, capabilities: capabilities, uniqueID: uniqueID)
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        command = bytes.u32(at: 0)
        interfaceVersion = bytes.u32(at: 4)
        domain = DomainID(rawValue: bytes.u16(at: 8))
        state = bytes.u16(at: 16)
        capabilities = bytes.u16(at: 18)
        pad = bytes.u32(at: 20)
        uniqueID = bytes.u64(at: 24)
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(command, at: 0)
        bytes.put(interfaceVersion, at: 4)
        bytes.put(domain.rawValue, at: 8)
        bytes.zero(6, at: 10)
        bytes.put(state, at: 16)
        bytes.put(capabilities, at: 18)
        bytes.put(pad, at: 20)
        bytes.put(uniqueID, at: 24)
        bytes.zero(112, at: 32)
    }
}
