// What lies where on the page that a domain shares with the store, and what its words mean (xenstored.md 8.1, 8.2 and
// 8.5).
// Not for: access to the page (RingMemory); arithmetic of the indices (RingWindow).

/// Sizes and places on the page (`struct xenstore_domain_interface`).
public enum RingLayout {
    /// Bytes of the page.
    public static var pageByteCount: Int { 4096 }
    /// Bytes of a ring, either way. Byte x of a stream lies at x modulo this.
    public static var ringByteCount: Int { 1024 }
    /// Where the bytes from the guest begin.
    public static var requestBytes: Int { 0 }
    /// Where the bytes from the server begin.
    public static var responseBytes: Int { 1024 }
}

/// A word of the page: 32 bits, by its offset.
public enum RingWord: Int, CaseIterable, Sendable {
    /// Bytes of requests that the server has taken, modulo 2^32: the server's.
    case requestConsumer = 2048
    /// Bytes of requests that the guest has written: the guest's.
    case requestProducer = 2052
    /// Bytes of responses that the guest has taken: the guest's.
    case responseConsumer = 2056
    /// Bytes of responses that the server has written: the server's.
    case responseProducer = 2060
    /// `RingFeatures`: the server's.
    case features = 2064
    /// `RingConnection`: the guest sets 1, the server 0.
    case connection = 2068
    /// `RingError`, or 0: the server's.
    case error = 2072
    /// The port of the event channel for a domain that was built at boot; 0: what INTRODUCE says. Xen's.
    case port = 2076
}

/// What the connection word says. Other values than 1 ask for nothing.
public enum RingConnection {
    /// The server is there.
    public static var connected: UInt32 { 0 }
    /// The guest wants to begin anew.
    public static var reconnect: UInt32 { 1 }
}

/// What the server offers to a domain (xenstored.md 8.2).
public struct RingFeatures: OptionSet, Hashable, Sendable {
    /// The word on the page.
    public var rawValue: UInt32

    /// Features by the word on the page.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The connection word is looked at.
    public static let reconnection = RingFeatures(rawValue: 1)
    /// The error word is written.
    public static let errors = RingFeatures(rawValue: 2)
    /// WATCH takes a depth, and events of special nodes name a domain.
    public static let watchDepth = RingFeatures(rawValue: 4)
    /// DOMID_ANY in permissions.
    public static let anyDomain = RingFeatures(rawValue: 8)
    /// What a domain gets unless SET_FEATURE has said otherwise.
    public static let all = RingFeatures(rawValue: 15)
}

/// Why a ring is ignored (xenstored.md 8.5); the raw value is that of the error word.
public enum RingError: UInt32, Error, CaseIterable, Sendable {
    /// The event channel could not be bound again, or a notification failed.
    case channel = 1
    /// More than 1024 bytes between the indices of a direction.
    case indices = 2
    /// A request announces a payload of more than 4096 bytes.
    case messageTooLong = 3
}
