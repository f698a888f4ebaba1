// The numbers of Xenstore's operations (xenstored.md 3), and how large things may be (1.2).
// Not for: what an operation does, or who may ask for it.

/// What a message is (`xsd_sockmsg.type`). Open: an unknown number survives until somebody has to act on it.
public struct XenstoreOperation: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    private init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// A command to the server itself, also called DEBUG.
    public static let control = XenstoreOperation(0)
    /// Lists the children of a node.
    public static let directory = XenstoreOperation(1)
    /// Reads a node's value.
    public static let read = XenstoreOperation(2)
    /// Reads a node's permissions.
    public static let getPermissions = XenstoreOperation(3)
    /// Asks for events of a path.
    public static let watch = XenstoreOperation(4)
    /// Ends a watch.
    public static let unwatch = XenstoreOperation(5)
    /// Starts a transaction.
    public static let transactionStart = XenstoreOperation(6)
    /// Ends a transaction, with its changes or without.
    public static let transactionEnd = XenstoreOperation(7)
    /// Tells the server of a domain.
    public static let introduce = XenstoreOperation(8)
    /// Tells the server that a domain has gone.
    public static let release = XenstoreOperation(9)
    /// Asks for a domain's home.
    public static let getDomainPath = XenstoreOperation(10)
    /// Writes a node's value, and makes the node.
    public static let write = XenstoreOperation(11)
    /// Makes a node unless it is there.
    public static let makeDirectory = XenstoreOperation(12)
    /// Removes a node and all below it.
    public static let remove = XenstoreOperation(13)
    /// Sets a node's permissions.
    public static let setPermissions = XenstoreOperation(14)
    /// From the server only: something has changed at a watched path.
    public static let watchEvent = XenstoreOperation(15)
    /// From the server only: the reply to a request that it refuses.
    public static let error = XenstoreOperation(16)
    /// Asks whether a domain is known.
    public static let isDomainIntroduced = XenstoreOperation(17)
    /// Has the next shutdown of a domain reported again.
    public static let resume = XenstoreOperation(18)
    /// Gives a domain the rights of another, its target.
    public static let setTarget = XenstoreOperation(19)
    /// Was removed from the protocol.
    public static let restrict = XenstoreOperation(20)
    /// Ends all watches and transactions of the connection.
    public static let resetWatches = XenstoreOperation(21)
    /// Lists the children of a node, a part at a time.
    public static let directoryPart = XenstoreOperation(22)
    /// Asks for a domain's features.
    public static let getFeature = XenstoreOperation(23)
    /// Sets a domain's features.
    public static let setFeature = XenstoreOperation(24)
    /// Asks for a quota.
    public static let getQuota = XenstoreOperation(25)
    /// Sets a quota.
    public static let setQuota = XenstoreOperation(26)

    /// One more than the last number with a meaning.
    public static var numberEnd: UInt32 { 27 }

    /// Whether a client may ask for it: it has a meaning, and is neither the server's own nor removed (xenstored.md 2).
    public var isRequest: Bool {
        rawValue < Self.numberEnd && self != .watchEvent && self != .error && self != .restrict
    }

    /// Its name in the protocol, for logs: `TRANSACTION_START`; `UNKNOWN` for a number without a meaning.
    public var name: StaticString {
        switch self {
        case .control: "CONTROL"
        case .directory: "DIRECTORY"
        case .read: "READ"
        case .getPermissions: "GET_PERMS"
        case .watch: "WATCH"
        case .unwatch: "UNWATCH"
        case .transactionStart: "TRANSACTION_START"
        case .transactionEnd: "TRANSACTION_END"
        case .introduce: "INTRODUCE"
        case .release: "RELEASE"
        case .getDomainPath: "GET_DOMAIN_PATH"
        case .write: "WRITE"
        case .makeDirectory: "MKDIR"
        case .remove: "RM"
        case .setPermissions: "SET_PERMS"
        case .watchEvent: "WATCH_EVENT"
        case .error: "ERROR"
        default: laterName
        }
    }

    private var laterName: StaticString {
        switch self {
        case .isDomainIntroduced: "IS_DOMAIN_INTRODUCED"
        case .resume: "RESUME"
        case .setTarget: "SET_TARGET"
        case .restrict: "RESTRICT"
        case .resetWatches: "RESET_WATCHES"
        case .directoryPart: "DIRECTORY_PART"
        case .getFeature: "GET_FEATURE"
        case .setFeature: "SET_FEATURE"
        case .getQuota: "GET_QUOTA"
        case .setQuota: "SET_QUOTA"
        default: "UNKNOWN"
        }
    }
}

/// How large things may be (xenstored.md 1.2).
public enum XenstoreLimits {
    /// Bytes of a header.
    public static var headerByteCount: Int { 16 }
    /// Bytes of a payload, either way.
    public static var payloadByteCount: Int { 4096 }
    /// Bytes of a whole message.
    public static var messageByteCount: Int { headerByteCount + payloadByteCount }
    /// Bytes of an absolute path, without its NUL.
    public static var absolutePathByteCount: Int { 3072 }
    /// Bytes of a guest's path below the home of a domain, or of all of it elsewhere: the quota `path-max` at most.
    public static var guestPathByteCount: Int { 2048 }
}
