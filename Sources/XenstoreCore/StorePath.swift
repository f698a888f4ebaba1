// Canonical paths, as XenstorePath makes them: their names, ancestors and order.
// Not for: checking what a client named (XenstorePath does).

/// The names of a canonical path, as ranges of its bytes: `/a/b` has two, `/` none, `@releaseDomain/5` two.
struct PathNames: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var start: Int

    init(_ path: [UInt8]) {
        bytes = path
        start = StorePath.isSpecial(path) ? 0 : 1
    }

    mutating func next() -> Range<Int>? {
        if start >= bytes.count { return nil }
        var end = start
        while end < bytes.count, bytes[end] != StorePath.slash { end += 1 }
        let name = start..<end
        start = end + 1
        return name
    }
}

/// What can be said of canonical paths.
enum StorePath {
    static var slash: UInt8 { UInt8(ascii: "/") }
    static var root: [UInt8] { [slash] }

    static func isSpecial(_ path: [UInt8]) -> Bool { path.first == UInt8(ascii: "@") }

    /// The path above; nil for `/` and for special paths of one name.
    static func parent(_ path: [UInt8]) -> [UInt8]? {
        guard path.count > 1, let last = path.lastIndex(of: slash) else { return nil }
        return last == 0 ? root : Array(path[..<last])
    }

    /// How many of the first bytes of a path are the path above; nil for `/` and for special paths of one name.
    static func parentByteCount(_ path: Span<UInt8>, _ count: Int) -> Int? {
        var last = count - 1
        if last < 1 { return nil }
        while last > 0, path[last] != slash { last -= 1 }
        if last == 0 { return path[0] == slash ? 1 : nil }
        return last
    }

    /// The name that begins at an offset; nil at the end.
    static func name(_ path: Span<UInt8>, from start: Int) -> Range<Int>? {
        if start >= path.count { return nil }
        var end = start
        while end < path.count, path[end] != slash { end += 1 }
        return start..<end
    }

    /// How many names.
    static func depth(_ path: Span<UInt8>) -> Int {
        if path.count <= 1 { return path.count == 1 && path[0] != slash ? 1 : 0 }
        // Each but that of a special path begins with a slash.
        var count = path[0] == slash ? 0 : 1
        for index in path.indices where path[index] == slash { count += 1 }
        return count
    }

    /// A path with one name more.
    static func child(_ path: [UInt8], _ name: [UInt8]) -> [UInt8] {
        var result = path
        result.reserveCapacity(path.count + name.count + 1)
        if path.count != 1 || path[0] != slash { result.append(slash) }
        result.append(contentsOf: name)
        return result
    }

    /// Bytes of the longest path that is at or above both.
    static func commonByteCount(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Int {
        var count = 0
        while count < one.count, count < other.count, one[count] == other[count] { count += 1 }
        let oneEnds = count == one.count || one[count] == slash
        let otherEnds = count == other.count || other[count] == slash
        if count > 0, oneEnds, otherEnds { return count }
        while count > 1, one[count - 1] != slash { count -= 1 }
        return count > 1 ? count - 1 : count
    }

    /// Whether one path comes before another in tree order: parents before children, siblings by their bytes.
    static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        for index in 0..<Swift.min(one.count, other.count) where one[index] != other[index] {
            if one[index] == slash { return true }
            if other[index] == slash { return false }
            return one[index] < other[index]
        }
        return one.count < other.count
    }
}
