// Lists of names, straight into the buffer that they are sent from (xenstored.md 17.1, rule 6).
// Not for: who may see them, how much a reply holds (XenstoreCore+Reading).

extension NodeTree {
    /// Puts the names of children behind what is there, each with its NUL, from a byte of the list of all on: whole
    /// names, as long as they take no more than `byteCountMax`. Says whether the end of the list was reached.
    func appendNames(
        _ children: ChildList, from offset: Int = 0, byteCountMax: Int, to bytes: inout [UInt8]
    ) -> Bool {
        let left = max(0, children.byteCount - min(offset, children.byteCount))
        if left == 0 { return true }
        var place = bytes.count
        let end = place + min(left, byteCountMax)
        bytes.append(contentsOf: repeatElement(0, count: end - place))
        let isAll = children.visit(from: offset) { nodes, offset in
            var left = offset
            var span = bytes.mutableSpan
            for node in nodes {
                let name = slots[node.index].name
                if left > 0 {
                    let byteCount = names.byteCount(name) + 1
                    if left >= byteCount {
                        left -= byteCount
                        continue
                    }
                }
                // An offset inside a name: the rest of that name, as the bytes of the list from there on.
                guard let next = names.put(name, from: left, at: place, before: end, into: &span) else { return false }
                place = next
                left = 0
            }
            return true
        }
        bytes.removeLast(bytes.count - place)
        return isAll
    }
}
