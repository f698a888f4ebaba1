// What a connection may do with a node (xenstored.md 6.2).
// Not for: what it is told when it may not (XenstoreCore+Lookup).

internal import XenstoreWire

/// Rights on one node.
struct Rights: Equatable {
    var read: Bool
    var write: Bool
    var own: Bool

    static let all = Rights(read: true, write: true, own: true)

    init(read: Bool, write: Bool, own: Bool) {
        self.read = read
        self.write = write
        self.own = own
    }

    init(_ access: XenstoreAccess) { self.init(read: access.canRead, write: access.canWrite, own: false) }
}

/// What an operation needs of a node.
enum Need {
    case read, write, writeAndOwn

    func isMet(by rights: Rights) -> Bool {
        switch self {
        case .read: rights.read
        case .write: rights.write
        case .writeAndOwn: rights.write && rights.own
        }
    }

    /// What an ancestor has to let, so that the truth is told (xenstored.md 6.3).
    func isToldTruth(by rights: Rights) -> Bool {
        self == .writeAndOwn ? rights.write || rights.own : isMet(by: rights)
    }
}

extension XenstoreCore {
    /// The target of a connection while it lives (xenstored.md 9.7).
    func target(of connection: Connection) -> (domain: UInt16, epoch: UInt64)? {
        guard let target = connection.target, domains[target.domain]?.epoch == target.epoch else { return nil }
        return target
    }

    /// Whether an entry grants nothing any more, or never did (xenstored.md 6.5).
    func isStale(_ entry: PermissionEntry) -> Bool {
        if entry.epoch == 0 { return true }
        return !entry.isAnyDomain && domains[entry.domain]?.epoch != entry.epoch
    }

    /// Whether an entry named a domain that has died since: it isn't listed any more.
    func isGone(_ entry: PermissionEntry) -> Bool { entry.epoch != 0 && isStale(entry) }

    /// Rights of a connection on a node with these permissions.
    func rights(of connection: Connection, on list: PermissionList) -> Rights {
        if connection.isPrivileged { return .all }
        let own = (domain: connection.domain.domain, epoch: connection.domain.epoch)
        let target = target(of: connection)
        func names(_ entry: PermissionEntry) -> Bool {
            if entry.domain == own.domain && entry.epoch == own.epoch { return true }
            guard let target else { return false }
            return entry.domain == target.domain && entry.epoch == target.epoch
        }
        if names(list.owner) { return .all }
        for entry in list.entries.dropFirst() where !isStale(entry) && (entry.isAnyDomain || names(entry)) {
            return Rights(entry.access)
        }
        return Rights(list.owner.access)
    }
}
