// Which paths there may be, and what a relative one stands for (xenstored.md 1.2 and 1.4).
// Not for: nodes. A path here is bytes without its NUL.

/// What is wrong with a path. All of it is `EINVAL` on the wire.
public enum XenstorePathError: Error, Equatable, Sendable {
    /// No byte at all.
    case empty
    /// A byte that no path may have, at this offset.
    case character(at: Int)
    /// `//`, at this offset.
    case emptyName(at: Int)
    /// `/` at the end of a path that is not `/`.
    case trailingSlash
    /// A special node where only ordinary ones may be named.
    case special
    /// Longer than this many bytes.
    case tooLong(max: Int)
}

/// Checks paths. Comparison of paths is of their bytes.
public enum XenstorePath {
    /// What a path begins with.
    public enum Kind: Equatable, Sendable {
        /// `/`: from the root.
        case absolute
        /// `@`: a special node, such as `@releaseDomain`.
        case special
        /// Anything else: from the home of the connection's domain.
        case relative
    }

    /// Checks the bytes of a path, but not its length, and says what kind it is.
    public static func check(_ path: Span<UInt8>) throws(XenstorePathError) -> Kind {
        if path.isEmpty { throw .empty }
        var wasSlash = false
        for index in path.indices {
            let byte = path[index]
            let isSlash = byte == UInt8(ascii: "/")
            if !isSlash && !isName(byte) { throw .character(at: index) }
            if isSlash && wasSlash { throw .emptyName(at: index) }
            wasSlash = isSlash
        }
        if wasSlash && path.count > 1 { throw .trailingSlash }
        switch path[0] {
        case UInt8(ascii: "/"): return .absolute
        case UInt8(ascii: "@"): return .special
        default: return .relative
        }
    }

    /// Whether a byte may stand in a name: `A-Z a-z 0-9 - _ @`.
    public static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "@"):
            true
        default: false
        }
    }

    /// Checks a path as a connection names it, and puts it, from the root if it is relative, in place of what `result`
    /// holds, whose room is used again. `home` is the connection's domain; `guestByteCountMax` the quota `path-max` of
    /// a guest, nil for who has none; `allowsSpecial` whether the operation takes special nodes.
    public static func canonicalize(
        _ path: Span<UInt8>, home: UInt16, guestByteCountMax: Int?, allowsSpecial: Bool, into result: inout [UInt8]
    ) throws(XenstorePathError) {
        result.removeAll(keepingCapacity: true)
        // Before the bytes: the work that a long path makes is bounded.
        if path.count > XenstoreLimits.absolutePathByteCount {
            throw .tooLong(max: XenstoreLimits.absolutePathByteCount)
        }
        let kind = try check(path)
        if kind == .special && !allowsSpecial { throw .special }
        if kind == .relative {
            appendHome(of: home, to: &result)
            result.append(UInt8(ascii: "/"))
        }
        result.reserveCapacity(result.count + path.count)
        for index in path.indices { result.append(path[index]) }
        do throws(XenstorePathError) {
            try checkLength(result.span, guestByteCountMax: guestByteCountMax)
        } catch {
            result.removeAll(keepingCapacity: true)
            throw error
        }
    }

    /// Checks the length of a path that is not relative.
    public static func checkLength(_ path: Span<UInt8>, guestByteCountMax: Int?) throws(XenstorePathError) {
        if path.count > XenstoreLimits.absolutePathByteCount {
            throw .tooLong(max: XenstoreLimits.absolutePathByteCount)
        }
        guard let guestByteCountMax else { return }
        if path.count - homePrefixByteCount(path) > guestByteCountMax { throw .tooLong(max: guestByteCountMax) }
    }

    /// Puts `/local/domain/N` behind what is there.
    public static func appendHome(of domain: UInt16, to path: inout [UInt8]) {
        path.append(contentsOf: "/local/domain/".utf8)
        var divisor: UInt16 = 1
        while domain / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            path.append(48 + UInt8(truncatingIfNeeded: domain / divisor % 10))
            divisor /= 10
        }
    }

    /// Bytes of `/local/domain/<1 to 5 digits>/` at the beginning; 0 when the path begins otherwise.
    public static func homePrefixByteCount(_ path: Span<UInt8>) -> Int {
        var index = 0
        for byte in "/local/domain/".utf8 {
            if index >= path.count || path[index] != byte { return 0 }
            index += 1
        }
        let digits = index
        while index < path.count, path[index] &- 48 <= 9 { index += 1 }
        let isHome = (1...5).contains(index - digits) && index < path.count && path[index] == UInt8(ascii: "/")
        return isHome ? index + 1 : 0
    }
}
