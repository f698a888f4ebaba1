// When a process's statistics page is written, and by whom: one board for each platform, as all servers on it share
// one thread. Not for: the page's layout (StatisticsPage) or its file (DaemonShell).

public import StatisticsPage

/// Where a page goes. Writing may not block, fail or call the system: it happens while guests wait.
public protocol StatisticsSink: AnyObject {
    /// Lets others see a page: `page`, which replaces as many bytes at the beginning of the one before.
    func publish(_ page: Span<UInt8>)
}

/// Something that a page tells of: a server.
public protocol StatisticsSource: AnyObject {
    /// Adds the server, and its domain unless that is there.
    func addServer(to page: inout StatisticsEncoder)
    /// Adds the server's ranges.
    func addRanges(to page: inout StatisticsEncoder)
}

/// The servers of a platform, and the page that shows them. Used from one thread, as the platform's dispatcher is.
public final class StatisticsBoard {
    /// While requests come in, the page is written this often, in nanoseconds: often enough for a reader that looks
    /// once a second, and so seldom that it does not show.
    public static var interval: UInt64 { 250_000_000 }

    private var page: StatisticsEncoder
    private let sink: any StatisticsSink
    private let clock: any MonotonicClock
    private var sources: [any StatisticsSource] = []
    private var published: UInt64 = 0
    private var reading: UInt64 = 0

    /// A board whose pages go to `sink`. Nothing is published until something is to be told.
    public init(_ page: StatisticsEncoder, sink: any StatisticsSink, clock: any MonotonicClock) {
        self.page = page
        self.sink = sink
        self.clock = clock
    }

    /// Shows a server from now on, until `remove`.
    public func add(_ source: any StatisticsSource) {
        sources.append(source)
        publish()
    }

    /// Shows a server no longer.
    public func remove(_ source: any StatisticsSource) {
        sources.removeAll { $0 === source }
        publish()
    }

    /// The board's clock has been read, for something else: it reads `moment`, in nanoseconds.
    public func note(_ moment: UInt64) { reading = moment }

    /// Publishes when the last time is `interval` ago, by a clock that was read anyway: see `note`. For the end of a
    /// round of requests.
    public func publishIfDue() {
        if reading >= published &+ Self.interval { publish(at: reading) }
    }

    /// Publishes now: when servers or ranges have changed, and while nothing comes in.
    public func publish() { publish(at: clock.nanoseconds) }

    private func publish(at now: UInt64) {
        published = now
        page.begin()
        // Servers first: when not all ranges find room, no server is missing.
        for source in sources { source.addServer(to: &page) }
        for source in sources { source.addRanges(to: &page) }
        page.seal(published: now)
        let bytes = page.bytes
        sink.publish(bytes.span.extracting(0..<page.usedByteCount))
    }
}
