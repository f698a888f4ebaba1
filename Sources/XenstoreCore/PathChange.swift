// A change that watches may want to hear of (xenstored.md 4.1 and 4.3).
// Not for: special nodes' events (XenstoreCore+Life).

/// What changed at a path, and who could see it.
struct PathChange {
    enum Kind { case exact, subtree }

    var path: [UInt8]
    var kind: Kind
    /// Permissions before; nil: it was not there.
    var before: PermissionList?
    /// Permissions of the parent before.
    var parentBefore: PermissionList?
    /// Permissions after; nil: it is gone.
    var after: PermissionList?
    /// Permissions of the parent after.
    var parentAfter: PermissionList?
}
