// Event channels that outlive a program: a live update keeps their descriptor, and so their ports, over its exec.
// Not for: binding (EventChannels).

public import XenABI

/// Takes over ports that a program before this one has bound on the same descriptor. Source: xenstored.md 13.5.
public protocol InheritedPorts: AnyObject {
    /// A port that is bound already. Throws ENOTCONN when it is not, EEXIST when it was taken over before. Its peer may
    /// be notified without cause; it may fire from now on.
    func adopt(_ port: EventPort) throws(XenError) -> BoundPort
}
