// What Xen says of domains before the store is there: which one controls the host, which one has the store, whether one
// exists. Source: xenstored.md 9.3, 9.6, 14.3 (6).
// Not for: changes of domains while it serves (XenstoreServer).

internal import DaemonShell
internal import XenABI
internal import XenPlatform
internal import XenstoreServer

/// The domains with a part in the store; nil: Xen does not say.
struct HostDomains: Equatable {
    /// The first one that may control others.
    var control: UInt16?
    /// The last one that Xen calls the Xenstore's.
    var store: UInt16?

    /// What the states of all domains say.
    init(_ states: [DomainState]) {
        control = states.first { $0.exists && $0.isControlDomain }?.domain.rawValue
        store = states.last { $0.exists && $0.isXenstoreDomain }?.domain.rawValue
    }

    /// Nobody is known.
    private init() {}

    /// The warning of xenstored.md 9.6.
    static let indirectWarning =
        "this Xen has no stable domain state call (Xen 4.21 or newer has it); deaths of domains are found indirectly"

    /// Asks Xen. Where it has no call for that: a warning, or the end if that is required.
    static func find(
        _ platform: StorePlatform, requiresStates: Bool, _ log: DaemonLog
    ) throws(StartEnd) -> HostDomains {
        do throws(XenError) {
            if let states = platform.states { return HostDomains(try fetchAll(platform.events, states)) }
        } catch {
            // Before 4.21 the call is not known (EACCES, ENOSYS); a XSM policy may refuse it (EPERM).
            let known: [XenErrorCode] = [.eopnotsupp, .eacces, .enosys, .eperm]
            if !known.contains(error.code) { throw .failed("Xen can't be asked for its domains: \(error)") }
        }
        if requiresStates { throw .failed(indirectWarning) }
        log.write(.warning, "xen", indirectWarning)
        return HostDomains()
    }

    /// Every domain: binding the interrupt marks all of them as changed. The server binds it anew.
    private static func fetchAll(
        _ events: any EventChannels, _ states: any DomainStates
    ) throws(XenError) -> [DomainState] {
        let port = try events.bindVIRQ(.domainException)
        var all: [DomainState] = []
        while all.count < Int(UInt16.max), let state = try states.pollChanged() { all.append(state) }
        port.close()
        return all
    }

    /// The question of the core: a domain's unique number, 0 where that isn't known, nil when there is none.
    static func lookUp(_ platform: StorePlatform) -> (UInt16) -> UInt64? {
        let states = platform.states
        let ports = platform.ports
        return { domain in
            do throws(XenError) {
                if let state = try states?.state(of: DomainID(domain)) { return state.exists ? state.uniqueID : nil }
            } catch {
                if error.code == .esrch { return nil }
            }
            return ports.exists(DomainID(domain)) ? 0 : nil
        }
    }
}
