// What the server needs of Xen, as one value: grants, event channels, what Xen says of domains and ports, and the
// store domain's own ring (xenstored.md 8.7, 8.8, 9).
// Not for: opening devices (XenLinux and the program do), fakes (the tests have theirs).

public import XenABI
public import XenPlatform

/// The store domain's own ring, which Linux offers in /proc/xen (xenstored.md 8.7).
public struct OwnRing: ~Copyable {
    /// Its page.
    public let pages: MappedPages
    /// The port to bind interdomain to the store domain itself.
    public let port: EventPort

    /// A ring that was found.
    public init(pages: consuming MappedPages, port: EventPort) {
        self.pages = pages
        self.port = port
    }
}

/// Finds the store domain's own ring.
public protocol OwnRingSource: AnyObject {
    /// Maps the page and reads the port. Throws what opening, mapping or reading has answered.
    func ownRing() throws(XenError) -> OwnRing
}

/// Xen, as the server uses it.
public struct StorePlatform {
    /// Grant mapping: grant 1 of each guest is its ring.
    public let grants: any GrantMemory
    /// Event channels.
    public let events: any EventChannels
    /// Leads ports that fire to their rings.
    public let dispatcher: EventDispatcher
    /// Domain states; nil, or EOPNOTSUPP from it, is a Xen older than 4.21: xenstored.md 9.6 then.
    public let states: (any DomainStates)?
    /// What Xen says of an event channel's port.
    public let ports: any PortStates
    /// The store domain's own ring; nil: there is none (a store domain of its own, tests).
    public let ownRing: (any OwnRingSource)?
    /// Takes over ports that were bound before a live update; nil: there is no such thing (tests).
    public let inherited: (any InheritedPorts)?

    /// A platform of these parts.
    public init(
        grants: any GrantMemory, events: any EventChannels, dispatcher: EventDispatcher,
        states: (any DomainStates)?, ports: any PortStates, ownRing: (any OwnRingSource)?,
        inherited: (any InheritedPorts)? = nil
    ) {
        self.grants = grants
        self.events = events
        self.dispatcher = dispatcher
        self.states = states
        self.ports = ports
        self.ownRing = ownRing
        self.inherited = inherited
    }
}
