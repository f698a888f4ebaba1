// What one version of a node says, and the node's place in the table of nodes (xenstored.md 11).
// Not for: which version who sees (NodeTree).

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

/// A version that only views of earlier times see.
struct OlderVersion {
    var born: UInt64
    var content: NodeContent?
}

/// A node and its versions.
struct NodeSlot {
    var name: [UInt8]
    var parent: NodeID
    /// Bytes of the absolute path, for the quota `memory`.
    var pathByteCount: Int
    /// The newest version; nil: not in the store (removed, or so far in a transaction only).
    var content: NodeContent?
    /// The tree's clock when the newest version was made.
    var born: UInt64 = 0
    /// Earlier versions that somebody may still look at, oldest first.
    var older: [OlderVersion] = []
}
