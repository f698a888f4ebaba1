// What one version of a node says (xenstored.md 11), as those who change it have it.
// Not for: how the tree keeps it (NodeSlot), which version who sees (NodeTree).

/// A node, over all of its versions. A path that is removed and made again is another node.
struct NodeID: Hashable, Sendable {
    var index: UInt32

    /// `/`.
    static var root: NodeID { NodeID(index: 0) }
    /// `@introduceDomain`.
    static var introduceDomain: NodeID { NodeID(index: 1) }
    /// `@releaseDomain`.
    static var releaseDomain: NodeID { NodeID(index: 2) }
}

/// One version of a node.
struct NodeContent {
    var value: [UInt8]
    var permissions: PermissionList
    var children = ChildList()
    /// A number that no other version has (DIRECTORY_PART).
    var generation: UInt64 = 0
    /// The guest that made this version; nil: a privileged connection.
    var changedBy: UInt16?

    /// Whether another version says the same, whoever wrote it and how often.
    func says(as other: NodeContent) -> Bool {
        generation == other.generation
            || value == other.value && permissions == other.permissions && children.isSame(as: other.children)
    }

    /// Bytes that the quota `node-size` counts (xenstored.md 7.1).
    var sizeByteCount: Int { Self.sizeByteCount(value: value.count, entries: permissions.entries.count) }

    static func sizeByteCount(value: Int, entries: Int) -> Int { 16 + 8 * entries + value }
}
