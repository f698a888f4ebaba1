// A measured run: clients that do one kind of work for a time, and what it took.
// Not for: which work (Workloads).

internal import EventLoop
internal import SystemCalls
internal import XenstoreWire

/// What the clients of a run do.
protocol Workload: AnyObject {
    /// Begins an operation of a client; called again when one is done, while the run goes on.
    func begin(_ client: LoadClient)
    /// What has come; says whether the operation is done.
    func received(_ client: LoadClient, _ header: XenstoreHeader, _ payload: Span<UInt8>) -> Step
    /// Operations of a client that are under way at a time.
    var depth: Int { get }
    /// Whether a client's operations count and are timed, or are there for the others to meet.
    func counts(_ client: LoadClient) -> Bool
}

extension Workload {
    var depth: Int { 1 }
    func counts(_ client: LoadClient) -> Bool { true }
}

/// What has become of an operation.
enum Step {
    /// More is to come.
    case going
    /// It is done, and took so many nanoseconds.
    case done(UInt64)
    /// It came into conflict, and is begun anew.
    case again
    /// It was refused.
    case failed
}

/// What a run has measured.
struct Tally {
    var operations = 0
    var conflicts = 0
    var failures = 0
    var events = 0
    var others = 0
    var latencies: [UInt32] = []
    var seconds = 0.0
    var processorMicroseconds = 0.0

    var rate: Double { seconds > 0 ? Double(operations) / seconds : 0 }
    /// Of each operation.
    var processor: Double { operations > 0 ? processorMicroseconds / Double(operations) : 0 }
    var conflictPercent: Double {
        operations + conflicts > 0 ? Double(conflicts) * 100 / Double(operations + conflicts) : 0
    }

    /// Microseconds that such a part of the operations did not exceed. Sorted by `finish`.
    func percentile(_ part: Double) -> Double {
        latencies.isEmpty ? 0 : Double(latencies[min(latencies.count - 1, Int(Double(latencies.count) * part))]) / 1000
    }

    mutating func add(_ nanoseconds: UInt64) {
        operations += 1
        latencies.append(UInt32(clamping: nanoseconds))
    }

    mutating func finish() { latencies.sort() }
}

/// The run.
final class LoadRun: LoadOwner {
    let loop: EventLoop
    let path: String
    let server: ServerProcess?
    let buffer = LoadBuffer()
    private(set) var clients: [LoadClient] = []
    private var tally = Tally()
    private var workload: (any Workload)?
    private var isStopping = false
    /// Operations left to begin; nil: until the time is over.
    private var left: Int?
    private(set) var endedCount = 0

    init(_ path: String, _ server: ServerProcess?) throws(SystemError) {
        self.path = path
        self.server = server
        loop = try EventLoop()
    }

    /// As many clients as asked for, old ones first.
    func connect(_ count: Int) throws(SystemError) {
        while clients.count > count { clients.removeLast().close() }
        while clients.count < count {
            do throws(SystemError) {
                clients.append(try LoadClient(path, number: clients.count, on: loop, buffer, self))
            } catch {
                // The server has not taken the last ones yet.
                if error.code != SystemCode.wouldBlock { throw error }
                try loop.turn(milliseconds: 1)
            }
        }
    }

    /// Does the work for some seconds, or so many operations.
    func measure(_ workload: any Workload, seconds: Double, operations: Int? = nil) throws(SystemError) -> Tally {
        if endedCount > 0 { throw SystemError(SystemCode.reset, "a connection") }
        self.workload = workload
        tally = Tally()
        tally.latencies.reserveCapacity(1 << 16)
        isStopping = false
        left = operations
        let processor = server?.processorNanoseconds ?? 0
        let began = MonotonicTime.now.nanoseconds
        for client in clients {
            for _ in 0..<workload.depth { begin(client) }
            client.flush()
        }
        let end = began + UInt64(seconds * 1e9)
        while !isStopping, left ?? 1 > 0 {
            try loop.turn(milliseconds: 10)
            if MonotonicTime.now.nanoseconds >= end { isStopping = true }
        }
        isStopping = true
        if endedCount > 0 { throw SystemError(SystemCode.reset, "a connection") }
        try drain()
        tally.seconds = Double(MonotonicTime.now.nanoseconds - began) / 1e9
        tally.processorMicroseconds = Double((server?.processorNanoseconds ?? 0) - processor) / 1000
        tally.finish()
        self.workload = nil
        return tally
    }

    /// Until nothing is under way, ten seconds at most.
    func drain() throws(SystemError) {
        let end = MonotonicTime.now.nanoseconds + 10_000_000_000
        while clients.contains(where: { $0.isOpen && $0.isReading && $0.underWay > 0 }) {
            try loop.turn(milliseconds: 10)
            if MonotonicTime.now.nanoseconds >= end { throw SystemError(110, "a reply") }
        }
    }

    private func begin(_ client: LoadClient) {
        if let count = left {
            if count <= 0 { return }
            if workload?.counts(client) ?? true { left = count - 1 }
        }
        workload?.begin(client)
    }

    func received(_ client: LoadClient, _ header: XenstoreHeader, _ payload: Span<UInt8>) {
        if header.operation == .watchEvent { tally.events += 1 }
        guard let workload else { return }
        let step = workload.received(client, header, payload)
        let counts = workload.counts(client)
        switch step {
        case .going: return
        case .done(let nanoseconds): if counts { tally.add(nanoseconds) } else { tally.others += 1 }
        case .again: if counts { tally.conflicts += 1 }
        case .failed: tally.failures += 1
        }
        if !isStopping { begin(client) }
    }

    func ended(_ client: LoadClient) {
        endedCount += 1
        isStopping = true
    }
}
