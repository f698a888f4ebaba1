// A server on its loop, in a thread of its own while it is to be measured.
// Not for: clients (OtherClients, FloodingGuest).

import CSpawn
import EventLoop
import ServerCalls
import Synchronization
import SystemCalls
import XenstoreCore
import XenstoreServer
import XenstoreWire

/// Sees requests and replies in the server's thread. The flood is domain 1's; those who are measured are the others.
final class Observer: StoreTrace, @unchecked Sendable {
    /// Requests of the flood that were handled.
    let floodCount = Atomic<Int>(0)
    /// The server's clock of processor time.
    let clock = Atomic<Int32>(0)
    /// Nanoseconds of it when an answer was last sent.
    let answerTime = Atomic<UInt64>(0)
    /// What `floodCount` was then.
    let answerCount = Atomic<Int>(0)

    func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from connection: ConnectionID, domain: UInt16) {
        if domain == 1 { floodCount.wrappingAdd(1, ordering: .relaxed) }
    }

    func message(_ message: Span<UInt8>, to connection: ConnectionID, domain: UInt16) {
        if domain == 0 { answered() }
    }

    func note(_ words: String) {}

    /// Somebody who is measured has an answer.
    func answered() {
        answerCount.store(floodCount.load(ordering: .relaxed), ordering: .relaxed)
        answerTime.store(corbel_bench_thread_time(clock.load(ordering: .relaxed)), ordering: .releasing)
    }
}

/// The server, with domains 1 to 3 on rings. Used by the main thread alone but between `start` and `stop`.
final class FloodedServer: @unchecked Sendable {
    let xen: FakeXen
    let bench: StoreBench
    let observer = Observer()
    private let isOver = Atomic(false)
    private let hasFailed = Atomic(false)
    private var thread: PlainThread?

    init() throws {
        xen = try FakeXen()
        bench = try StoreBench(xen)
    }

    func start() throws {
        isOver.store(false, ordering: .sequentiallyConsistent)
        observer.clock.store(0, ordering: .sequentiallyConsistent)
        thread = try PlainThread { self.run() }
        while observer.clock.load(ordering: .sequentiallyConsistent) == 0 { yieldProcessor() }
    }

    func stop() throws {
        isOver.store(true, ordering: .sequentiallyConsistent)
        thread?.join()
        thread = nil
        if hasFailed.load(ordering: .sequentiallyConsistent) { throw FloodFailure("the server's loop has failed") }
    }

    private func run() {
        observer.clock.store(corbel_bench_thread_clock(), ordering: .sequentiallyConsistent)
        bench.server.trace = observer
        defer { bench.server.trace = nil }
        do throws(SystemError) {
            while !isOver.load(ordering: .relaxed) { try bench.loop.turn(milliseconds: 20) }
        } catch {
            hasFailed.store(true, ordering: .sequentiallyConsistent)
        }
    }
}

/// Why there is nothing to report.
struct FloodFailure: Error, CustomStringConvertible {
    let description: String

    init(_ sentence: String) { description = sentence }
}
