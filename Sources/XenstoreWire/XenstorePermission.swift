// Entries of a node's permissions (xenstored.md 6.1): a letter and a domain, as GET_PERMS and SET_PERMS carry them.
// Not for: what a domain may do (the core's).

/// What an entry lets its domain do; the first entry's: all domains without an entry.
public enum XenstoreAccess: UInt8, CaseIterable, Sendable {
    /// `n`.
    case none = 0x6e
    /// `r`.
    case read = 0x72
    /// `w`.
    case write = 0x77
    /// `b`.
    case both = 0x62

    /// Whether it lets read.
    public var canRead: Bool { self == .read || self == .both }
    /// Whether it lets write.
    public var canWrite: Bool { self == .write || self == .both }
}

/// One entry: `r5`. The first of a node names its owner.
public struct XenstorePermission: Equatable, Hashable, Sendable {
    /// The domain that means every one of them, DOMID_ANY.
    public static var anyDomain: UInt16 { 0x7FF5 }

    /// What is let.
    public var access: XenstoreAccess
    /// Whom.
    public var domain: UInt16

    /// An entry.
    public init(_ access: XenstoreAccess, domain: UInt16) {
        self.access = access
        self.domain = domain
    }

    /// Reads an entry without its NUL; nil for what is none: a letter of `n r w b` and a number, 0 to 65535.
    public init?(_ payload: Span<UInt8>, _ range: Range<Int>) {
        guard range.count >= 2, range.lowerBound >= 0, range.upperBound <= payload.count,
            let access = XenstoreAccess(rawValue: payload[range.lowerBound]),
            let domain = XenstoreText.domain(payload, range.lowerBound + 1..<range.upperBound)
        else { return nil }
        self.init(access, domain: domain)
    }

    /// Reads all entries of a payload from an offset on; nil when one is none, or there is none. Bytes after the last
    /// NUL are ignored.
    public static func list(_ payload: Span<UInt8>, from start: Int = 0) -> [XenstorePermission]? {
        var entries: [XenstorePermission] = []
        var next = start
        while let text = XenstoreText.string(in: payload, from: next) {
            guard let entry = XenstorePermission(payload, text) else { return nil }
            entries.append(entry)
            next = text.upperBound + 1
        }
        return entries.isEmpty ? nil : entries
    }
}

extension XenstoreWriter {
    /// An entry and its NUL.
    public mutating func put(_ entry: XenstorePermission) {
        put(entry.access.rawValue)
        putDecimal(UInt64(entry.domain))
        put(0)
    }
}
