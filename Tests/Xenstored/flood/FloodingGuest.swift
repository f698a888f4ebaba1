// Domain 1's processor: it spins, or it keeps its ring full of one kind of request and takes what comes.
// Not for: how it got to its quotas (Flood).

import ServerCalls
import Synchronization

/// A guest that never rests. Quiet, it spins, so that only what the server does differs.
final class FloodingGuest: @unchecked Sendable {
    private let xen: FakeXen
    private let page: SharedPage
    private let stream: [UInt8]
    private var place = 0
    private let isFlooding = Atomic(false)
    private let isOver = Atomic(false)
    private let rounds = Atomic<Int>(0)
    private var thread: PlainThread?

    init(_ xen: FakeXen, _ page: SharedPage, _ requests: [Message]) throws {
        self.xen = xen
        self.page = page
        stream = requests.flatMap(\.bytes)
        thread = try PlainThread { self.run() }
    }

    /// Floods from now on, or spins; comes back when it does so.
    func set(flooding: Bool) {
        isFlooding.store(flooding, ordering: .sequentiallyConsistent)
        let round = rounds.load(ordering: .sequentiallyConsistent)
        while rounds.load(ordering: .sequentiallyConsistent) < round + 2 { yieldProcessor() }
    }

    func stop() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        thread?.join()
        thread = nil
    }

    private func run() {
        while !isOver.load(ordering: .relaxed) {
            if isFlooding.load(ordering: .relaxed) { pump() }
            rounds.wrappingAdd(1, ordering: .relaxed)
        }
    }

    private func pump() {
        var hasMoved = !page.receive().isEmpty
        while true {
            let part = stream[place...].prefix(1024)
            let count = page.send(part)
            place = (place + count) % stream.count
            hasMoved = hasMoved || count > 0
            if count < part.count { break }
        }
        if hasMoved { try? xen.notify(from: 1) }
    }
}
