// The server: one loop, sockets and rings in, the core's decisions out (xenstored.md 8.6, 10, 14.5).
// Not for: any rule about a request (XenstoreCore), options and files of the daemon (the program).

public import DaemonShell
public import EventLoop
internal import SystemCalls
public import XenstoreCore

/// Serves one store on one loop.
public final class StoreServer {
    /// The store.
    public let core: XenstoreCore
    /// The loop that all is served on.
    public let loop: EventLoop
    /// The log.
    public let log: DaemonLog
    /// Xen; nil: sockets only (`--no-domain-init`).
    public let platform: StorePlatform?
    /// What is asked of Xen about domains.
    public let domains: DomainLookup
    /// Answers CONTROL; without one each is refused with EINVAL.
    public var control: (any StoreControl)?
    /// The trace log, while it is on.
    public var trace: (any StoreTrace)?

    private let clock: () -> UInt64
    /// Who is served, by the place in the core's table.
    var clients: [StoreClient?] = []
    var listener: StoreListener?
    /// Rings by domain, the store domain's own among them.
    var rings: [UInt16: StoreRing] = [:]
    var eventWatch: Watch?
    /// Rings whose channels have fired and are masked.
    var fired: [StoreRing] = []
    var hasFetchFailed = false
    /// Who has something to read, each once, in the order in which that was found (xenstored.md 14.5).
    var ready: [StoreClient] = []
    /// The same of those who had a turn in the last round, or have one in this and have more to read.
    var again: [StoreClient] = []
    /// The number of the round.
    var round: UInt64 = 0
    /// Whose output is to be written, each once.
    var touched: [StoreClient] = []
    /// The lists of the round that is being served: kept, so that none is made anew each time.
    var served: [StoreClient] = []
    var servedIndex = 0
    var written: [StoreClient] = []
    var writtenIndex = 0
    /// What the core has asked for and is not done yet.
    var effects: [Effect] = []
    var isDraining = false
    /// Whether nobody is read (`stopReading`).
    var isStopped = false
    /// What is to be done when nobody's turn is under way.
    var restWork: [(StoreServer) -> Void] = []
    var deadline: UInt64?
    var timer: LoopTimer?
    var guestLines = GuestLines()
    /// Buffers that all clients share, one at a time. Who works with one takes it away meanwhile.
    var readBuffer = [UInt8](repeating: 0, count: StoreLimits.readByteCount)
    var sendBuffer: [UInt8] = []
    var sendParts: [OutputPart] = []

    /// A server of a store that serves nobody yet. `domains` is what the core asks, if it asks one. `now` is the core's
    /// time in milliseconds, of the loop's clock unless it is a test's.
    public init(
        _ core: XenstoreCore, loop: EventLoop, log: DaemonLog, platform: StorePlatform?,
        domains: DomainLookup? = nil, now: (() -> UInt64)? = nil
    ) {
        self.core = core
        self.loop = loop
        self.log = log
        self.platform = platform
        self.domains = domains ?? DomainLookup(platform)
        clock = now ?? { MonotonicTime.now.nanoseconds / 1_000_000 }
        loop.roundHandler = self
    }

    /// Answers a CONTROL for which `StoreControl.control` had no answer yet. Does nothing when the connection is gone.
    public func answer(_ connection: ConnectionID, _ answer: ControlAnswer) {
        core.event(.controlled(connection, answer), now: now, into: &effects)
        drain()
    }

    /// Milliseconds of the clock that the core's times are of.
    var now: UInt64 { clock() }

    func client(_ id: ConnectionID) -> StoreClient? {
        clients.indices.contains(id.index) ? clients[id.index] : nil
    }

    func place(_ client: StoreClient?, _ id: ConnectionID) {
        while clients.count <= id.index { clients.append(nil) }
        clients[id.index] = client
    }
}

/// One who is served.
enum StoreClient {
    case socket(SocketClient)
    case ring(StoreRing)
}

/// Numbers of the loop (xenstored.md 10, 14.5).
enum StoreLimits {
    /// Bytes that are read at once: so many that with a request that is not whole yet they still fit into the record of
    /// a live update, 65535 (13.5), and less than 64 KiB.
    static let readByteCount = 65_535 - 4112
    /// Bytes that are sent at once, and one message more.
    static let sendByteCount = 64 << 10
    /// Unsent bytes of replies above which a socket is not read, and below which it is again.
    static let fullByteCount = 256 << 10
    static let emptyByteCount = 64 << 10
    /// Connections that one wake-up takes.
    static let acceptCount = 64
    /// Descriptors that are left for other things.
    static let spareDescriptorCount = 32
}

/// A message that was taken from the core and is not wholly sent.
struct OutputPart {
    var byteCount: Int
    var isReply: Bool
    /// Whether the core counts it, which then hears of its end; not what another program has left over.
    var isCounted = true
}

/// Why a server can't begin.
public struct StoreStartError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, as a sentence.
    public var description: String

    /// An error with its sentence.
    public init(_ sentence: String) { description = sentence }
}
