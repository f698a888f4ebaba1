// Snapshots: views of the store as it was. Versions that no view sees any more go in slices (xenstored.md 11, 17.1).
// Not for: what transactions change.

extension NodeTree {
    /// Begins a view of the store as it is. Each moment is one snapshot's own.
    mutating func takeSnapshot() -> UInt64 {
        let moment = clock
        clock += 1
        snapshots.append(Snapshot(moment: moment))
        return moment
    }

    /// The index of the first snapshot that is not before a moment.
    private func index(of moment: UInt64) -> Int {
        var index = 0
        var end = snapshots.count
        while index < end {
            let middle = (index + end) / 2
            if snapshots[middle].moment < moment { index = middle + 1 } else { end = middle }
        }
        return index
    }

    /// Ends a view: its versions are left over until `freeVersions`.
    mutating func endSnapshot(_ moment: UInt64) {
        let index = index(of: moment)
        guard index < snapshots.count, snapshots[index].moment == moment else { return }
        let snapshot = snapshots.remove(at: index)
        if snapshot.firstKept != noSlot { ended.append(snapshot) }
    }

    /// Looks through so many versions that were left over: those that an earlier snapshot sees are kept for that, the
    /// others go. Answers how many.
    mutating func freeVersions(_ countMax: Int) -> Int {
        var done = 0
        while done < countMax, let snapshot = ended.last {
            let number = snapshot.firstKept
            guard number != noSlot else {
                ended.removeLast()
                continue
            }
            ended[ended.count - 1].firstKept = versions[number].nextKept
            done += 1
            // Later snapshots than its own did not see it: it was not the newest one any more.
            let earlier = index(of: snapshot.moment) - 1
            if earlier >= 0, snapshots[earlier].moment >= versions[number].born {
                versions[number].nextKept = snapshots[earlier].firstKept
                snapshots[earlier].firstKept = number
            } else {
                drop(number)
            }
        }
        return done
    }

    private mutating func drop(_ number: UInt32) {
        let version = versions[number]
        let node = NodeID(index: version.node)
        if slots[node.index].older == number {
            slots[node.index].older = version.older
        } else {
            var at = slots[node.index].older
            while at != noSlot, versions[at].older != number { at = versions[at].older }
            if at != noSlot { versions[at].older = version.older }
        }
        free(version.content)
        versions.remove(number)
        releaseIfUnseen(node)
    }
}
