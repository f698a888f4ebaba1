// What a client reads in replies and events: lists of names, parts of them, events of watches (xenstored.md 3).
// Not for: requests.

/// A list of children is not one: a name that is empty or has other bytes than names have, or no NUL at the end.
public struct XenstoreListError: Error, Equatable, Sendable {
    /// Where in the payload.
    public var offset: Int

    /// A list that goes wrong there.
    public init(at offset: Int) { self.offset = offset }
}

/// Reads lists of children.
public enum XenstoreNames {
    /// The names in a part of a payload, each with its NUL, given to `body` in order as ranges of the payload.
    public static func forEach(
        in payload: Span<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void
    ) throws(XenstoreListError) {
        if range.lowerBound < 0 || range.upperBound > payload.count { throw XenstoreListError(at: payload.count) }
        var start = range.lowerBound
        for index in range {
            let byte = payload[index]
            if byte != 0 {
                if !XenstorePath.isName(byte) { throw XenstoreListError(at: index) }
                continue
            }
            if index == start { throw XenstoreListError(at: index) }
            body(start..<index)
            start = index + 1
        }
        if start != range.upperBound { throw XenstoreListError(at: range.upperBound) }
    }
}

/// The reply of DIRECTORY_PART: `gen|child|*[|]`.
public struct XenstoreDirectoryPart: Equatable, Sendable {
    /// A number that changes with the node. Opaque: only to be compared.
    public var generation: UInt64
    /// Where in the payload the names lie.
    public var names: Range<Int>
    /// Whether these are the last names.
    public var isLast: Bool

    /// Reads a reply; nil when it is none. That the names are names is not looked at.
    public init?(_ payload: Span<UInt8>) {
        guard let text = XenstoreText.string(in: payload, from: 0),
            let generation = XenstoreText.number(payload, text, max: .max)
        else { return nil }
        let start = text.upperBound + 1
        let count = payload.count
        // The end is one more NUL, behind that of a name or of the generation.
        let isLast = count > start && payload[count - 1] == 0 && payload[count - 2] == 0
        self.generation = generation
        self.names = start..<(isLast ? count - 1 : count)
        self.isLast = isLast
    }
}

/// An event of a watch.
public struct XenstoreWatchEvent: Equatable, Hashable, Sendable {
    /// What has changed, as the watch named it: relative if that was relative; special nodes too.
    public var path: [UInt8]
    /// The token that the watch was registered with.
    public var token: [UInt8]

    /// An event.
    public init(path: [UInt8], token: [UInt8]) {
        self.path = path
        self.token = token
    }

    /// Reads the payload of a WATCH_EVENT; nil unless it is `path|token|`.
    public init?(payload: Span<UInt8>) {
        guard let path = XenstoreText.string(in: payload, from: 0), !path.isEmpty,
            let token = XenstoreText.string(in: payload, from: path.upperBound + 1),
            token.upperBound == payload.count - 1
        else { return nil }
        self.init(path: XenstoreText.copy(payload, path), token: XenstoreText.copy(payload, token))
    }
}

extension XenstoreText {
    /// A copy of some of the bytes.
    public static func copy(_ payload: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range { bytes.append(payload[index]) }
        return bytes
    }
}
