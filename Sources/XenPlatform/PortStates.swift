// What Xen says of an event channel's port, for a server that has no other way to learn of a domain's end.
// Not for: binding, notifying (EventChannels).

public import XenABI

/// What a port is, as EVTCHNOP_status says (`event_channel.h`; xenstored.md 9.6).
public enum PortState: Equatable, Sendable {
    /// Nobody has it.
    case closed
    /// It waits for a domain to bind to it.
    case unbound
    /// It is connected with a port of that domain.
    case interdomain(DomainID)
    /// It is bound to something else: an interrupt, a processor.
    case other
}

/// Asks Xen for the state of ports: EVTCHNOP_status, a stable guest call. Source: xenstored.md 9.6.
public protocol PortStates: AnyObject {
    /// The state of a port of ours.
    func state(of port: EventPort) throws(XenError) -> PortState
    /// Whether there is a domain: false only when Xen answers ESRCH to a question for its port 1.
    func exists(_ domain: DomainID) -> Bool
}
