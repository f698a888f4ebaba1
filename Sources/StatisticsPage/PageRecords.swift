// What a statistics page says, as values.
// Not for: their bytes (see StatisticsEncoder and PageBytes).
// What has a text in it is not Equatable: comparing Strings would bring Unicode's tables into Embedded Swift.

/// What a process runs on. Open: a reader shows a code that it does not know as a number.
public struct StatisticsPlatform: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The real Xen.
    public static let xen = StatisticsPlatform(rawValue: 1)
    /// The sandbox's model of it.
    public static let sandbox = StatisticsPlatform(rawValue: 2)
}

/// Where a server is in its life. Open, as above.
public struct StatisticsServerState: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Made, and never enabled.
    public static let created = StatisticsServerState(rawValue: 0)
    /// Enabled: it gets the guest's accesses.
    public static let serving = StatisticsServerState(rawValue: 1)
    /// Disabled again.
    public static let quiet = StatisticsServerState(rawValue: 2)
}

/// The process that a page is about.
public struct StatisticsProcess: Sendable {
    /// The program's name, without folders.
    public var program: String
    /// Its process id, as it sees itself.
    public var processID: Int32
    /// When the page was made, in nanoseconds of CLOCK_MONOTONIC.
    public var started: UInt64
    /// What it runs on.
    public var platform: StatisticsPlatform

    /// A process of these fields.
    public init(program: String, processID: Int32, started: UInt64, platform: StatisticsPlatform) {
        self.program = program
        self.processID = processID
        self.started = started
        self.platform = platform
    }
}

/// What one device-model operation has cost, on one domain.
public struct OperationRecord: Equatable, Sendable {
    /// The operation's number in Xen's ABI.
    public var operation: UInt32
    /// Calls made.
    public var count: UInt64
    /// Of these, the ones that were refused.
    public var refused: UInt64
    /// Time in all of them, in nanoseconds (a sample, scaled up).
    public var nanoseconds: UInt64

    /// A record of these fields.
    public init(operation: UInt32, count: UInt64, refused: UInt64, nanoseconds: UInt64) {
        self.operation = operation
        self.count = count
        self.refused = refused
        self.nanoseconds = nanoseconds
    }
}

/// A domain that the process serves.
public struct DomainRecord: Equatable, Sendable {
    /// The domain's id.
    public var domain: UInt16
    /// Operations that were called.
    public var operations: [OperationRecord]

    /// A domain and the counters of its operations.
    public init(domain: UInt16, operations: [OperationRecord]) {
        self.domain = domain
        self.operations = operations
    }
}

/// The counters of a server since it was made; each as in the library's `ServerStatistics`.
public struct StatisticsCounters: Equatable, Sendable {
    /// Accesses taken.
    public var requests: UInt64 = 0
    /// Of these, reads.
    public var reads: UInt64 = 0
    /// Of these, string accesses.
    public var strings: UInt64 = 0
    /// Of these, posted writes.
    public var posted: UInt64 = 0
    /// Accesses that no claim covers.
    public var unclaimed: UInt64 = 0
    /// Requests with impossible fields.
    public var malformed: UInt64 = 0
    /// Requests whose device threw an error.
    public var failures: UInt64 = 0
    /// Xen's broadcasts.
    public var broadcasts: UInt64 = 0

    /// All zero.
    public init() {}
}

/// One ioreq server, but for its latencies' buckets.
public struct ServerRecord: Equatable, Sendable {
    /// The domain that it serves.
    public var domain: UInt16
    /// Its id there.
    public var id: UInt16
    /// Where it is in its life.
    public var state: StatisticsServerState
    /// Whether it takes posted writes.
    public var isBuffered: Bool
    /// Ranges that it claims: all of them, also those that the page has no room for.
    public var rangeCount: UInt32
    /// What it has done.
    public var counters = StatisticsCounters()
    /// How many requests were timed.
    public var latencyCount: UInt64 = 0
    /// Their times together, in nanoseconds, modulo 2 to the 64th.
    public var latencyTotal: UInt64 = 0
    /// The longest, in nanoseconds.
    public var latencyMaximum: UInt64 = 0

    /// A server that has counted nothing yet.
    public init(
        domain: UInt16, id: UInt16, state: StatisticsServerState, isBuffered: Bool, rangeCount: UInt32
    ) {
        self.domain = domain
        self.id = id
        self.state = state
        self.isBuffered = isBuffered
        self.rangeCount = rangeCount
    }
}

/// A range that a server claims, and the device behind it.
public struct RangeRecord: Sendable {
    /// The server's domain.
    public var domain: UInt16
    /// The server's id.
    public var server: UInt16
    /// Xen's number of the type: 0 ports, 1 memory, 2 PCI.
    public var type: UInt32
    /// First port, byte or function.
    public var start: UInt64
    /// Last port, byte or function.
    public var end: UInt64
    /// The device's name.
    public var device: String

    /// A range, both ends included, and its device.
    public init(domain: UInt16, server: UInt16, type: UInt32, start: UInt64, end: UInt64, device: String) {
        self.domain = domain
        self.server = server
        self.type = type
        self.start = start
        self.end = end
        self.device = device
    }
}
