// Xen's nodes as a Xenstore server needs them: grants, event channels, what Xen says of domains and ports.
// Not for: device models (XenLinux.open), the store domain's own ring (StoreRing).

internal import SystemCalls
public import XenABI

/// What a Xenstore server needs of Xen. Source: xenstored.md 8.8.
public struct StoreDevices {
    /// Maps rings. A grant whose page is paged out is EAGAIN at once: one domain must not keep the others waiting.
    public let grants: GrantDevice
    /// Event channels; also those that were bound before a live update.
    public let events: EventChannelDevice
    /// Domain states; EOPNOTSUPP from it before Xen 4.21.
    public let states: HypercallDomainStates
    /// What Xen says of ports.
    public let ports: HypercallPortStates
}

extension XenLinux {
    /// Grants that a server asks the driver to allow: one for each domain that Xen can have.
    static var grantsOfStoreMax: UInt32 { 32_752 }

    static let openInherited: StaticString = "take over /dev/xen/evtchn"
    static let lockMemory: StaticString = "lock memory for hypercalls"

    /// Opens what a Xenstore server needs. `inheritedEvents` is the number of an open descriptor of /dev/xen/evtchn,
    /// which a live update has kept; it is taken over, and the ports bound on it wait for `events.adopt`. `devices` is
    /// the folder of the nodes. Throws what opening answers; `advice(for:)` says what to do.
    public static func openStore(
        devices: String = standardDevices, inheritedEvents: Int32? = nil
    ) throws(XenError) -> StoreDevices {
        let evtchn: OwnedDescriptor
        if let inheritedEvents {
            do throws(SystemError) {
                evtchn = try OwnedDescriptor.inherited(inheritedEvents)
            } catch {
                throw XenError(error, openInherited)
            }
        } else {
            evtchn = try openNode(devices + "/evtchn", openEvtchn)
        }
        let grants = GrantDevice(owning: try openNode(devices + "/gntdev", openGntdev), pagedOutRetriesMax: 0)
        try grants.allow(grantsOfStoreMax)
        let commands = PrivilegedCommands(owning: try openNode(devices + "/privcmd", openPrivcmd))
        guard let page = try hypercallMemory(devices) else { throw XenError(.eperm, lockMemory) }
        return StoreDevices(
            grants: grants, events: try EventChannelDevice(owning: evtchn),
            states: HypercallDomainStates(commands, memory: page), ports: HypercallPortStates(commands, memory: page))
    }
}
