// A guest on a processor of its own: it sleeps when nothing moves until it is told, as the server does.

import ServerCalls
import Synchronization
import SystemCalls
import Testing
import XenABI
import XenstoreServer
import XenstoreWire

/// A flag for each end: somebody has told it something. An event channel is no more.
private final class Channels: RingNotification {
    let toGuest = Atomic(false)
    let toServer = Atomic(false)
    let isOver = Atomic(false)

    func notify() throws(XenError) { toGuest.store(true, ordering: .sequentiallyConsistent) }
}

/// The guest's end, for one thread.
private final class GuestThread: @unchecked Sendable {
    private let page: SharedPage
    private let channels: Channels
    private var rest: ArraySlice<UInt8>
    private let byteCount: Int
    private var random = Numbers(seed: 5)
    private(set) var received: [UInt8] = []

    init(_ page: SharedPage, _ channels: Channels, _ stream: [UInt8]) {
        self.page = page
        self.channels = channels
        rest = stream[...]
        byteCount = stream.count
    }

    func run() {
        while received.count < byteCount, !channels.isOver.load(ordering: .sequentiallyConsistent) {
            let sentCount = page.send(rest.prefix(1 + random.next(below: 1024)))
            rest = rest.dropFirst(sentCount)
            let bytes = page.receive(1 + random.next(below: 1024))
            received += bytes
            if sentCount + bytes.count > 0 {
                channels.toServer.store(true, ordering: .sequentiallyConsistent)
                continue
            }
            while !channels.toGuest.exchange(false, ordering: .sequentiallyConsistent),
                !channels.isOver.load(ordering: .sequentiallyConsistent)
            { yieldProcessor() }
        }
        channels.isOver.store(true, ordering: .sequentiallyConsistent)
    }
}

@Suite("Rings and threads")
struct ThreadTests {
    @Test(
        "a guest on another processor gets everything in order, and neither end sleeps for ever",
        arguments: [false, true])
    func otherProcessor(areOthersWaiting: Bool) throws {
        var random = Numbers(seed: 3)
        let requests = (0..<600).map { id in
            Message(
                .write, [UInt8](repeating: UInt8(truncatingIfNeeded: id), count: random.next(below: 700)),
                id: UInt32(id))
        }
        let page = SharedPage()
        let (server, channels) = (ScriptedServer(), Channels())
        server.areOthersWaiting = areOthersWaiting
        let ring = GuestRing(DomainID(1), MappedRing(page.map()), channels)
        let guest = GuestThread(page, channels, requests.flatMap(\.bytes))
        let thread = try PlainThread { guest.run() }
        let deadline = MonotonicTime.now.advanced(byMilliseconds: 60_000)
        var wantsMore = false
        while !channels.isOver.load(ordering: .sequentiallyConsistent) {
            if channels.toServer.exchange(false, ordering: .sequentiallyConsistent) || wantsMore {
                wantsMore = ring.wake(server).wantsMore
            } else if MonotonicTime.now >= deadline {
                Issue.record("both ends wait for each other")
                channels.isOver.store(true, ordering: .sequentiallyConsistent)
            } else {
                yieldProcessor()
            }
        }
        thread.join()
        #expect(server.requests == requests && messages(guest.received) == requests && ring.state == .served)
    }
}
