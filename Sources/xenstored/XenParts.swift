// The real Xen as the server wants it: XenLinux's parts, put together.
// Not for: what is done with them (XenstoreServer).

internal import XenABI
internal import XenLinux
internal import XenPlatform
internal import XenstoreServer

/// This kernel's own ring.
final class LinuxOwnRing: OwnRingSource {
    private let ring = StoreRing()
    /// The port that `--event` names; nil: the kernel says which.
    private let port: EventPort?

    init(port: EventPort?) { self.port = port }

    func ownRing() throws(XenError) -> OwnRing {
        let port = if let port { port } else { try ring.port() }
        return OwnRing(pages: try ring.page(), port: port)
    }
}

extension StorePlatform {
    /// The Xen that we run on. `ownPort` is the value of `--event`; `inheritedEvents` the descriptor of event channels
    /// that a live update has kept. Throws what opening answers; `XenLinux.advice(for:)` says what to do.
    static func xen(ownPort: EventPort?, inheritedEvents: Int32? = nil) throws(XenError) -> StorePlatform {
        let devices = try XenLinux.openStore(inheritedEvents: inheritedEvents)
        return StorePlatform(
            grants: devices.grants, events: devices.events, dispatcher: EventDispatcher(devices.events),
            states: devices.states, ports: devices.ports, ownRing: LinuxOwnRing(port: ownPort),
            inherited: devices.events)
    }
}
