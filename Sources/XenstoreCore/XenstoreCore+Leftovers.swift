// What is left over of requests and is done in slices between them (xenstored.md 17.1): nodes that were removed,
// versions that nobody sees, entries of dead domains.
// Not for: when (XenstoreCore+Pauses).

extension XenstoreCore {
    /// How much of it a call of `tick` does: well below a millisecond.
    static var sliceCount: Int { 256 }

    /// Whether something is left over.
    var hasLeftovers: Bool {
        !detached.isEmpty || !falling.isEmpty || !tree.ended.isEmpty || uncleanList != nil && check == nil
    }

    /// A node that nothing leads to any more is to be counted off and freed, with all below it.
    func detach(_ node: NodeID) {
        if tree.slots[node.index].isDetached { return }
        tree.slots[node.index].isDetached = true
        detached.append(node)
    }

    /// Whether something above a node, or the node itself, was detached.
    func isDetached(_ node: NodeID) -> Bool {
        var at = node
        while true {
            if tree.slots[at.index].isDetached { return true }
            let parent = tree.parent(at)
            if parent == at { return false }
            at = parent
        }
    }

    /// Does so many steps of it. Who would be refused for a count waits until all is done.
    func reclaim(_ countMax: Int = .max) {
        var left = countMax - tree.freeVersions(countMax)
        while left > 0, let node = nextDetached() {
            left -= 1
            write(node, nil, nil, by: nil)
        }
        left -= cleanLists(left)
        // What went may have left versions.
        if left > 0, !tree.ended.isEmpty { _ = tree.freeVersions(left) }
    }

    /// The next node that is to be freed: those below it have gone before.
    private func nextDetached() -> NodeID? {
        while true {
            var next: NodeID?
            if falling.isEmpty {
                next = detached.popLast()
                if next == nil { return nil }
            } else {
                next = falling[falling.count - 1].children.popLast()
                // Its own turn comes.
                if let child = next, tree.slots[child.index].isDetached { continue }
            }
            guard let node = next else { return falling.popLast()?.node }
            let children = children(node, nil)
            if children.count == 0 { return node }
            falling.append((node, children))
        }
    }

    /// Takes entries of dead domains out of so many lists of permissions (xenstored.md 6.5). Answers how many.
    private func cleanLists(_ countMax: Int) -> Int {
        // A check has counted lists as they are: they stay so until its end.
        guard let first = uncleanList, check == nil else { return 0 }
        let end = min(tree.permissions.end, Int(first) + min(countMax, tree.permissions.end))
        for number in Int(first)..<max(Int(first), end) {
            guard let freed = tree.permissions.clean(UInt32(number), isGone) else { continue }
            if let owner = domains[freed.owner.domain], owner.epoch == freed.owner.epoch {
                owner.memoryByteCount -= freed.byteCount
            }
        }
        uncleanList = end >= tree.permissions.end ? nil : UInt32(end)
        return end - Int(first)
    }
}
