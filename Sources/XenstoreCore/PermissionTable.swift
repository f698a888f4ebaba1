// Lists of permissions, each once (xenstored.md 11): nodes have its number. Entries of dead domains go out of all nodes
// at once when they go out of a list (6.5).
// Not for: what entries grant (Rights).

internal import XenstoreWire

/// Lists by numbers, counted.
struct PermissionTable: ~Copyable {
    private struct Entry {
        var list: PermissionList?
        /// Versions of nodes that have it, and those of them that are the store's.
        var useCount = 0
        var currentCount = 0
    }

    private var entries: ContiguousArray<Entry> = []
    private var unused: ContiguousArray<UInt32> = []
    private var numbers: [PermissionList: UInt32] = [:]

    /// Numbers that were given, the largest one and 1.
    var end: Int { entries.count }
    /// How many lists.
    var count: Int { entries.count - unused.count }

    /// A list in use.
    subscript(_ number: UInt32) -> PermissionList {
        entries[Int(number)].list ?? PermissionList(owner: PermissionEntry(access: .none, domain: 0, epoch: 0))
    }

    func byteCount(_ number: UInt32) -> Int { entries[Int(number)].list?.byteCount ?? 0 }

    /// The number of a list, which has one user more.
    mutating func intern(_ list: PermissionList) -> UInt32 {
        if let number = numbers[list] {
            entries[Int(number)].useCount += 1
            return number
        }
        let number: UInt32
        if let old = unused.popLast() {
            number = old
        } else {
            number = UInt32(entries.count)
            entries.append(Entry())
        }
        entries[Int(number)] = Entry(list: list, useCount: 1)
        numbers[list] = number
        return number
    }

    mutating func retain(_ number: UInt32) { entries[Int(number)].useCount += 1 }

    /// One user less.
    mutating func release(_ number: UInt32) {
        entries[Int(number)].useCount -= 1
        guard entries[Int(number)].useCount == 0, let list = entries[Int(number)].list else { return }
        if numbers[list] == number { numbers[list] = nil }
        entries[Int(number)] = Entry()
        unused.append(number)
    }

    /// A node of the store begins (1) or ends (-1) to have a list.
    mutating func countCurrent(_ number: UInt32, _ sign: Int) { entries[Int(number)].currentCount += sign }

    /// Takes entries out of a list, the owner's apart. Answers whose nodes take fewer bytes now, and how many in all.
    mutating func clean(
        _ number: UInt32, _ isGone: (PermissionEntry) -> Bool
    ) -> (owner: PermissionEntry, byteCount: Int)? {
        guard let old = entries[Int(number)].list else { return nil }
        let new = old.without(isGone)
        if new.entries.count == old.entries.count { return nil }
        if numbers[old] == number { numbers[old] = nil }
        entries[Int(number)].list = new
        if numbers[new] == nil { numbers[new] = number }
        return (old.owner, (old.byteCount - new.byteCount) * entries[Int(number)].currentCount)
    }
}
