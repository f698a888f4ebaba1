// What a device model needs of the world, as five protocols, and the bundle in which a program receives them.
// Not for: any system call; XenLinux and the sandbox implement these.

public import XenABI

/// The platform a program runs on: real Xen, or the sandbox's model of it. A program receives one and hands parts of
/// it down.
public struct Platform {
    /// DM_OP.
    public let calls: any DeviceModelCalls
    /// Mapping of guest frames and of Xen's resources.
    public let memory: any GuestMemory
    /// Event channels.
    public let events: any EventChannels
    /// Leads the ports that fire to who bound them. All that is made on this platform shares it.
    public let dispatcher: EventDispatcher
    /// Grant mapping, where the platform has it.
    public let grants: (any GrantMemory)?
    /// Domain states (Xen 4.21 and later), where the platform has it.
    public let states: (any DomainStates)?
    /// A clock for statistics; without one nothing is timed.
    public let clock: (any MonotonicClock)?
    /// The statistics page of the servers on this platform; without one nothing is published.
    public let statistics: StatisticsBoard?
    /// Who looks on; to be set before domains are opened.
    public var observer: (any RequestObserver)?

    /// A platform of these parts.
    public init(
        calls: any DeviceModelCalls, memory: any GuestMemory, events: any EventChannels,
        grants: (any GrantMemory)? = nil, states: (any DomainStates)? = nil, clock: (any MonotonicClock)? = nil,
        statistics: StatisticsBoard? = nil
    ) {
        self.calls = calls
        self.memory = memory
        self.events = events
        dispatcher = EventDispatcher(events)
        self.grants = grants
        self.states = states
        self.clock = clock
        self.statistics = statistics
    }

    /// Limits this platform's handles to one domain, for ever: DM_OP, foreign and resource mapping, event channels, and
    /// thereby ends hypercalls. Grant mapping can't be limited: a platform that is to be restricted is opened without.
    /// Another domain needs a platform of its own. Throws what the driver answers (dmop.md sections 9.3 and 10).
    public func restrict(to domain: DomainID) throws(XenError) {
        try calls.restrict(to: domain)
        try events.restrict(to: domain)
    }
}

/// DM_OP: hypercall 41, by way of the kernel's audit. Source: dmop.md sections 1 and 9.1.
public protocol DeviceModelCalls: AnyObject {
    /// One DM_OP on `domain`. `operation` is buffer 0, and is written where the operation answers; `data` is buffer
    /// 1, and is not sent when empty. Both lie in ordinary writable memory, 4096 bytes each at most.
    func dmOp(
        _ domain: DomainID, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(XenError)

    /// From here on this handle (and the foreign mappings made by it) is audited to `domain`. Can't be undone.
    func restrict(to domain: DomainID) throws(XenError)
}

/// Mapping of memory that the guest, or Xen, shares with us. Source: dmop.md sections 8.1, 9.4 and 9.5.
public protocol GuestMemory: AnyObject {
    /// Maps guest frames, one page each, in the order given. A frame that can't be mapped fails the whole call.
    func mapFrames(
        _ domain: DomainID, _ frames: [GuestFrame], access: PageAccess
    ) throws(XenError) -> MappedPages

    /// Maps `count` frames of a resource, from `frame` on, for reading and writing.
    func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, frame: UInt32, count: Int
    ) throws(XenError) -> MappedPages

    /// The number of frames of a resource. Xen 4.11 to 4.14 answer a constant.
    func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(XenError) -> UInt64
}

/// Event channels. Source: dmop.md section 10.
public protocol EventChannels: AnyObject {
    /// A local port bound to an unbound port of another domain. A fresh binding fires once without cause.
    func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort
    /// A local port to which `domain` may bind.
    func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort
    /// A local port on which Xen raises a virtual interrupt.
    func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort
    /// Wakes the other end.
    func notify(_ port: EventPort) throws(XenError)
    /// Lets a port fire again; `next()` has masked it.
    func unmask(_ port: EventPort) throws(XenError)
    /// Lets several ports fire again, with one call where that can be.
    func unmask(_ ports: [EventPort]) throws(XenError)
    /// The next local port that has fired, masked from here on; nil when all that the last look found were handed out.
    /// Never blocks. While there is more, `descriptor` stays readable.
    func next() throws(XenError) -> EventPort?
    /// Limits this handle to one domain. Ports that are bound stay usable.
    func restrict(to domain: DomainID) throws(XenError)
    /// A file descriptor that is readable while `next()` has an answer.
    var descriptor: Int32 { get }
    /// Sleeps until `next()` has an answer, until the descriptor `other` is readable, or until `milliseconds` have
    /// passed.
    func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome
}

extension EventChannels {
    /// One after the other.
    public func unmask(_ ports: [EventPort]) throws(XenError) {
        for port in ports { try unmask(port) }
    }
}

/// Why `EventChannels.wait` came back.
public enum WaitOutcome: Equatable, Sendable {
    /// An event is there.
    case event
    /// The other descriptor is readable, whether or not an event is there as well.
    case other
    /// Neither came in time.
    case timeout
}

/// Mapping of pages that other domains grant. Source: dmop.md section 11.
public protocol GrantMemory: AnyObject {
    /// Maps one granted page, for reading and writing.
    func mapGrant(_ domain: DomainID, _ reference: GrantReference) throws(XenError) -> MappedPages
}

/// Domain states by the one stable domctl (Xen 4.21 and later). Source: dmop.md section 12.
public protocol DomainStates: AnyObject {
    /// The state of one domain. Throws ESRCH when there is none; EOPNOTSUPP when this Xen has no such call.
    func state(of domain: DomainID) throws(XenError) -> DomainState
    /// The next domain whose state has changed; nil when there is none. Its caller has bound `VIRQ.domainException`.
    /// Throws EOPNOTSUPP when this Xen has no such call.
    func pollChanged() throws(XenError) -> DomainState?
}

/// A clock that never goes back.
public protocol MonotonicClock: AnyObject {
    /// Nanoseconds since some fixed moment.
    var nanoseconds: UInt64 { get }
    /// Lets that many milliseconds pass, whatever comes in.
    func pause(milliseconds: Int32)
}

extension MonotonicClock {
    /// A clock that somebody sets has nothing to wait for.
    public func pause(milliseconds: Int32) {}
}

/// A descriptor that becomes readable when a program is to stop: a signal, a pipe, a socket.
public protocol StopSource: AnyObject {
    /// The file descriptor to wait for. It stays the same for as long as somebody waits for it.
    var descriptor: Int32 { get }
}
