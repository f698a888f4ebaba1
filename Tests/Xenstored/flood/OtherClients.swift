// Those who are measured: a socket and domain 2, one request at a time, in turn.
// Not for: the flood.

import CSpawn
import ServerCalls
import Synchronization
import SystemCalls
import XenstoreWire

/// What one request has waited for.
struct Wait {
    /// From before it was sent until its answer was here, as a user has it.
    var roundTrip: UInt64
    /// Processor time that the server has had until it sent the answer: what does not depend on who else is busy.
    var work: UInt64
    /// Requests of the flood that were handled meanwhile.
    var floodCount: Int
}

/// Two clients, in one thread.
final class OtherClients {
    private let server: FloodedServer
    private let socket: OwnedDescriptor
    private let page: SharedPage
    private let wake: WakeUp
    private let request = Message(.read, "/pub|").bytes
    private let answerByteCount = 16 + 3

    init(_ server: FloodedServer) throws {
        self.server = server
        socket = try StreamSocket.connected(path: server.bench.path).intoDescriptor()
        guard let domain = server.xen.domains[2] else { throw FloodFailure("domain 2 is not there") }
        page = domain.page
        let wake = try WakeUp()
        self.wake = wake
        let observer = server.observer
        domain.notified = {
            observer.answered()
            wake.signal()
        }
    }

    /// So many requests, with pauses, so that the flood gets a processor. `flooded`: only those count before which the
    /// flood has gone on; fewer are answered when it rests, or has no processor.
    func measure(_ count: Int, flooded: Bool) throws -> [Wait] {
        var waits: [Wait] = []
        var tryCount = 0
        while waits.count < count && tryCount < 20 * count {
            let before = floodCount
            pause()
            let isCounted = !flooded || floodCount > before
            let wait = try tryCount % 2 == 0 ? askBySocket() : askByRing()
            tryCount += 1
            if isCounted && tryCount > 10 { waits.append(wait) }
        }
        return waits
    }

    private var floodCount: Int { server.observer.floodCount.load(ordering: .relaxed) }

    /// Some 60 us: a timer that is due at once, and the kernel's slack.
    private func pause() { MonotonicTime(nanoseconds: MonotonicTime.now.nanoseconds + 10_000).sleep() }

    private func timed(_ ask: () throws -> Void) throws -> Wait {
        let observer = server.observer
        let count = floodCount
        let clock = observer.clock.load(ordering: .relaxed)
        let start = MonotonicTime.now.nanoseconds
        let workStart = corbel_bench_thread_time(clock)
        try ask()
        let end = MonotonicTime.now.nanoseconds
        let workEnd = observer.answerTime.load(ordering: .acquiring)
        guard workEnd >= workStart else { throw FloodFailure("an answer that the server has not given") }
        return Wait(
            roundTrip: end - start, work: workEnd - workStart,
            floodCount: max(0, observer.answerCount.load(ordering: .relaxed) - count))
    }

    private func askBySocket() throws -> Wait {
        try timed {
            let request = request
            try socket.writeAll(request.span)
            var bytes: [19 of UInt8] = .init(repeating: 0)
            guard try !waitUntilReadable(socket.rawValue, milliseconds: 10_000).isEmpty else {
                throw FloodFailure("a socket's request has no answer in 10 s")
            }
            var span = bytes.mutableSpan
            guard try socket.readIfReady(into: &span) == answerByteCount else {
                throw FloodFailure("a socket's answer is not whole")
            }
        }
    }

    private func askByRing() throws -> Wait {
        try timed {
            guard page.send(request) == request.count else { throw FloodFailure("domain 2's ring is full") }
            try server.xen.notify(from: 2)
            var receivedCount = 0
            while receivedCount < answerByteCount {
                guard try wake.wait(milliseconds: 10_000) else {
                    throw FloodFailure("a guest's request has no answer in 10 s")
                }
                receivedCount += page.receive().count
            }
        }
    }
}

/// The guest's end of its channel.
final class WakeUp: @unchecked Sendable {
    private let counter: EventCounter

    init() throws(SystemError) { counter = try EventCounter() }

    func signal() { try? counter.signal() }

    func wait(milliseconds: Int32) throws -> Bool {
        let isTold = try !waitUntilReadable(counter.descriptor.rawValue, milliseconds: milliseconds).isEmpty
        _ = try counter.drain()
        return isTold
    }
}
