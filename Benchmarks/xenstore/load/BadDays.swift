// Clients that behave badly, and what others notice of it: rows of TAP, a day for each kind.
// Not for: what happens to the daemon itself (Tests/Xenstored/check).

internal import EventLoop
internal import SystemCalls
internal import XenstoreClient
internal import XenstoreWire

/// TAP rows.
struct Rows {
    private var number = 0
    private var failed = false

    mutating func check(_ holds: Bool, _ text: String, _ detail: String = "") {
        number += 1
        failed = failed || !holds
        print("\(holds ? "ok" : "not ok") \(number) - \(text)")
        if !detail.isEmpty { print("# \(detail)") }
    }

    func finish() -> Never {
        print("1..\(number)")
        exitProgram(failed ? 1 : 0)
    }
}

/// The days.
final class BadDays: LoadOwner {
    let path: String
    let server: ServerProcess
    let loop: EventLoop
    let buffer = LoadBuffer()
    /// A client that behaves.
    let good: XenstoreClient
    var rows = Rows()
    var endedCount = 0
    var replyCount = 0
    var eventCount = 0
    var lastEventPath: [UInt8] = []

    static let names = [
        "slow-watcher", "mute-writer", "connections", "storm", "half-frames", "lengths", "random-bytes", "transactions",
    ]

    init(_ path: String, _ server: ServerProcess) throws {
        self.path = path
        self.server = server
        loop = try EventLoop()
        good = try XenstoreClient.connect(to: path, timeoutMilliseconds: 10_000)
        // From now on the server has its descriptor.
        try good.write("/good", "day")
    }

    func play(_ days: [String]) throws -> Never {
        for day in days {
            (endedCount, replyCount, eventCount) = (0, 0, 0)
            switch day {
            case "slow-watcher": try slowWatcher()
            case "mute-writer": try muteWriter()
            case "connections": try connections(10_000)
            case "storm": try storm()
            case "half-frames": try halfFrames()
            case "lengths": try lengths()
            case "random-bytes": try randomBytes()
            case "transactions": try transactions()
            default: throw SystemError(22, "a day of this name")
            }
            let isServed = (try? good.write("/good", "day")) != nil
            rows.check(isServed && server.isAlive, "\(day): others are served afterwards")
        }
        rows.finish()
    }

    func received(_ client: LoadClient, _ header: XenstoreHeader, _ payload: Span<UInt8>) {
        if header.operation == .watchEvent {
            eventCount += 1
            lastEventPath = []
            for index in payload.indices {
                if payload[index] == 0 { break }
                lastEventPath.append(payload[index])
            }
        } else {
            replyCount += 1
        }
    }

    func ended(_ client: LoadClient) { endedCount += 1 }

    func connect() throws(SystemError) -> LoadClient { try LoadClient(path, on: loop, buffer, self) }

    /// Serves our clients until something holds; says whether it came so far.
    func until(seconds: Double = 20, _ holds: () -> Bool) throws(SystemError) -> Bool {
        let end = MonotonicTime.now.nanoseconds + UInt64(seconds * 1e9)
        while !holds() {
            if MonotonicTime.now.nanoseconds >= end { return false }
            try loop.turn(milliseconds: 5)
        }
        return true
    }

    /// Whether others are served as before: their p99 is not more than twice what it was. On a busy machine a turn of
    /// the scheduler is more than that, but no client's fault; `make bench` measures.
    func isAsGood(_ late: Int, as quiet: Int) -> Bool { late <= max(2 * quiet, 15_000) }

    /// Microseconds within which 99 of 100 reads of the good client were answered.
    func readP99(_ count: Int = 2000, meanwhile: () throws -> Void = {}) throws -> Int {
        var times: [UInt64] = []
        for _ in 0..<count {
            try meanwhile()
            let began = MonotonicTime.now.nanoseconds
            _ = try good.readIfPresent("/good")
            times.append(MonotonicTime.now.nanoseconds - began)
        }
        times.sort()
        return Int(times[count * 99 / 100] / 1000)
    }

    /// Descriptors and memory as they are when the server has seen that clients have gone.
    func settled(_ descriptors: Int) throws -> (descriptors: Int, residentKiB: Int) {
        let end = MonotonicTime.now.advanced(byMilliseconds: 10_000)
        while server.descriptorCount > descriptors, MonotonicTime.now < end { _ = try good.readIfPresent("/good") }
        return (server.descriptorCount, server.residentKiB)
    }
}
