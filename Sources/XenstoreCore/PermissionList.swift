// Permissions as nodes keep them: each entry with the epoch of the domain that it named (xenstored.md 6.1 and 6.5).
// Not for: who may do what (Rights).

internal import XenstoreWire

/// An entry that remembers which of all domains with its number it meant.
struct PermissionEntry: Hashable, Sendable {
    var access: XenstoreAccess
    var domain: UInt16
    /// The epoch of the domain when the entry was written; 0: stale from the beginning. Of DOMID_ANY: 1 or 0.
    var epoch: UInt64

    var wire: XenstorePermission { XenstorePermission(access, domain: domain) }
    var isAnyDomain: Bool { domain == XenstorePermission.anyDomain }
}

/// The entries of a node. Never empty: entry 0 names the owner.
struct PermissionList: Hashable, Sendable {
    private(set) var entries: [PermissionEntry]

    /// nil without an entry.
    init?(_ entries: [PermissionEntry]) {
        if entries.isEmpty { return nil }
        self.entries = entries
    }

    /// Just an owner.
    init(owner: PermissionEntry) { entries = [owner] }

    var owner: PermissionEntry { entries[0] }

    /// What the quotas count of it (xenstored.md 7.1, 7.2).
    var byteCount: Int { 8 * entries.count }

    /// The same entries with another owner's domain; the letter stays (xenstored.md 6.4).
    func owned(by domain: UInt16, epoch: UInt64) -> PermissionList {
        var copy = self
        copy.entries[0].domain = domain
        copy.entries[0].epoch = epoch
        return copy
    }

    /// Without the entries, the owner's apart, that `isGone` names.
    func without(_ isGone: (PermissionEntry) -> Bool) -> PermissionList {
        guard entries.dropFirst().contains(where: isGone) else { return self }
        var copy = self
        copy.entries = [owner] + entries.dropFirst().filter { !isGone($0) }
        return copy
    }
}
