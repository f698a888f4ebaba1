// What a store's state consists of when it goes from one program to the next, record by record (xenstored.md 13.1).
// Not for: bytes (StateWriter, StateReader), the store (XenstoreCore).

public import XenstoreWire

/// How a stream of state is written.
public struct StateFormat: Equatable, Sendable {
    /// The version, 1 or 2: version 1 has no depth of watches and no features of domains.
    public var version: UInt32
    /// Whether numbers behind the header are big-endian. Those of our hosts are not.
    public var isBigEndian: Bool

    /// A format.
    public init(version: UInt32 = 2, isBigEndian: Bool = false) {
        self.version = version
        self.isBigEndian = isBigEndian
    }
}

/// How a connection reaches the daemon.
public enum StateTransport: Equatable, Sendable {
    /// A ring: its domain, the domain's target (nil: none), the local port (0: none).
    case ring(domain: UInt16, target: UInt16?, port: UInt32)
    /// A socket, by its descriptor.
    case socket(descriptor: Int32)
}

/// A connection (CONNECTION_DATA).
public struct StateConnection: Equatable, Sendable {
    /// Names the connection in other records; not 0.
    public var id: UInt32
    /// What it comes by.
    public var transport: StateTransport
    /// Bytes that were read and not processed, 65535 at most.
    public var input: [UInt8]
    /// Bytes that were not yet sent.
    public var output: [UInt8]
    /// How many of `output` complete a message that was sent in part.
    public var unfinishedByteCount: Int
    /// Xen's own number of a ring's domain; nil: not known.
    public var uniqueID: UInt64?

    /// A connection.
    public init(
        id: UInt32, transport: StateTransport, input: [UInt8] = [], output: [UInt8] = [],
        unfinishedByteCount: Int = 0, uniqueID: UInt64? = nil
    ) {
        self.id = id
        self.transport = transport
        self.input = input
        self.output = output
        self.unfinishedByteCount = unfinishedByteCount
        self.uniqueID = uniqueID
    }
}

/// A watch (WATCH_DATA, WATCH_DATA_EXTENDED).
public struct StateWatch: Equatable, Sendable {
    /// Whose it is.
    public var connection: UInt32
    /// The path as the client named it.
    public var path: [UInt8]
    /// The token.
    public var token: [UInt8]
    /// How many levels below; nil: no limit. Lost in version 1.
    public var depth: UInt16?

    /// A watch.
    public init(connection: UInt32, path: [UInt8], token: [UInt8], depth: UInt16? = nil) {
        self.connection = connection
        self.path = path
        self.token = token
        self.depth = depth
    }
}

/// An entry of a node's permissions.
public struct StateEntry: Equatable, Sendable {
    /// What it lets.
    public var access: XenstoreAccess
    /// Whom.
    public var domain: UInt16
    /// Whether it grants nothing, as the domain was not there when it was written.
    public var isStale: Bool

    /// An entry.
    public init(_ access: XenstoreAccess, domain: UInt16, isStale: Bool = false) {
        self.access = access
        self.domain = domain
        self.isStale = isStale
    }
}

/// A node (NODE_DATA): of the store, or as a transaction of C's daemon has looked at it or left it.
public struct StateNode: Equatable, Sendable {
    /// The connection of the transaction; 0: a node of the store.
    public var connection: UInt32
    /// The transaction.
    public var transaction: UInt32
    /// The whole path.
    public var path: [UInt8]
    /// The value.
    public var value: [UInt8]
    /// Of a transaction's node: 1 it was read, 2 it was written; neither, and no entry: it was removed.
    public var access: UInt16
    /// Permissions.
    public var entries: [StateEntry]

    /// A node.
    public init(
        connection: UInt32 = 0, transaction: UInt32 = 0, path: [UInt8], value: [UInt8] = [], access: UInt16 = 0,
        entries: [StateEntry]
    ) {
        self.connection = connection
        self.transaction = transaction
        self.path = path
        self.value = value
        self.access = access
        self.entries = entries
    }
}

/// A quota and its value.
public struct StateQuota: Equatable, Sendable {
    /// The name (xenstored.md 7.1).
    public var name: [UInt8]
    /// The value; 0: unlimited.
    public var value: UInt32

    /// A quota.
    public init(name: [UInt8], value: UInt32) {
        self.name = name
        self.value = value
    }
}

/// A known domain (DOMAIN_DATA).
public struct StateDomain: Equatable, Sendable {
    /// Its number.
    public var domain: UInt16
    /// Its features; 0 in version 1.
    public var features: UInt32
    /// Its quotas.
    public var quotas: [StateQuota]

    /// A domain.
    public init(domain: UInt16, features: UInt32, quotas: [StateQuota]) {
        self.domain = domain
        self.features = features
        self.quotas = quotas
    }
}

/// A request of a transaction, and how it was answered.
public struct StateRequest: Equatable, Sendable {
    /// The operation, of 16 bits.
    public var operation: UInt16
    /// WRITE, MKDIR, RM: whether the target was there.
    public var existed: Bool
    /// Why it was refused, an errno of 8 bits; 0: it was not.
    public var error: UInt8
    /// The request's payload.
    public var payload: [UInt8]
    /// The reply's payload; empty when it was refused.
    public var reply: [UInt8]

    /// A request.
    public init(operation: UInt16, existed: Bool, error: UInt8, payload: [UInt8], reply: [UInt8]) {
        self.operation = operation
        self.existed = existed
        self.error = error
        self.payload = payload
        self.reply = reply
    }
}

/// What a transaction has done so far (TX_LOG, from Corbel to Corbel).
public struct StateLog: Equatable, Sendable {
    /// The connection.
    public var connection: UInt32
    /// The transaction.
    public var transaction: UInt32
    /// Whether it can only end in EAGAIN.
    public var isDoomed: Bool
    /// Whether a quota has refused it something.
    public var hasFailed: Bool
    /// Its requests in order.
    public var requests: [StateRequest]

    /// A log.
    public init(
        connection: UInt32, transaction: UInt32, isDoomed: Bool, hasFailed: Bool, requests: [StateRequest]
    ) {
        self.connection = connection
        self.transaction = transaction
        self.isDoomed = isDoomed
        self.hasFailed = hasFailed
        self.requests = requests
    }
}

/// A record of the stream.
public enum StateRecord: Equatable, Sendable {
    /// The end.
    case end
    /// The listening socket, -1: none, and the event channel device.
    case global(listening: Int32, events: Int32)
    /// A connection.
    case connection(StateConnection)
    /// A watch.
    case watch(StateWatch)
    /// An open transaction.
    case transaction(connection: UInt32, id: UInt32)
    /// A node.
    case node(StateNode)
    /// Quotas that new domains get; those of the whole store, which Corbel has none of, come after them.
    case quotas([StateQuota], global: [StateQuota])
    /// A domain.
    case domain(StateDomain)
    /// A transaction's requests.
    case log(StateLog)
    /// A watch with bad lengths: it is left out.
    case badWatch
    /// A record that nobody knows: it is skipped.
    case unknown(UInt32)
}

/// Numbers of the records.
enum StateRecordType {
    static var end: UInt32 { 0 }
    static var global: UInt32 { 1 }
    static var connection: UInt32 { 2 }
    static var watch: UInt32 { 3 }
    static var transaction: UInt32 { 4 }
    static var node: UInt32 { 5 }
    static var quotas: UInt32 { 6 }
    static var domain: UInt32 { 7 }
    static var watchExtended: UInt32 { 8 }
    static var log: UInt32 { 0x4342_5458 }
}

/// Fixed values of the stream.
enum StateLayout {
    static var magic: [UInt8] { Array("xenstore".utf8) }
    static var headerByteCount: Int { 16 }
    static var versions: ClosedRange<UInt32> { 1...2 }
    /// No target (DOMID_INVALID).
    static var noTarget: UInt16 { 0x7FF4 }
    static var noDepth: UInt16 { 0xFFFF }
    static var inputByteCountMax: Int { 65535 }
}
