// Guests that keep the rules: random messages in random pieces, both ways, everything arrives in order.

import Testing
import XenABI
import XenstoreServer
import XenstoreWire

@Suite("Ring model")
struct ModelTests {
    private func message(_ random: inout Numbers, _ id: Int) -> Message {
        let sizes = [0, 1, 20, 60, 1007, 1008, 1009, 2000, 4095, 4096]
        let count = random.next(below: 4) == 0 ? sizes[random.next(below: sizes.count)] : random.next(below: 80)
        return Message(.write, (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }, id: UInt32(id))
    }

    /// A guest at work between any two accesses of the server's. It wakes the server when it has moved an index.
    private final class Worker {
        let page: SharedPage
        var random: Numbers
        var rest: ArraySlice<UInt8>
        var received: [UInt8] = []
        var hasFired = false

        init(_ page: SharedPage, _ stream: [UInt8], seed: UInt64) {
            self.page = page
            random = Numbers(seed: seed)
            rest = stream[...]
        }

        func work() {
            switch random.next(below: 6) {
            case 0:
                let sent = page.send(rest.prefix(random.next(below: 700)))
                rest = rest.dropFirst(sent)
                hasFired = hasFired || sent > 0
            case 1:
                let bytes = page.receive(random.next(below: 700))
                received += bytes
                hasFired = hasFired || !bytes.isEmpty
            default: break
            }
        }
    }

    @Test(
        "random messages in random pieces arrive in order, both ways, across the wrap of the indices, in bounded turns")
    func bothWays() {
        for seed in 0..<60 as Range<UInt64> {
            var random = Numbers(seed: seed)
            let requests = (0..<60).map { message(&random, $0) }
            let start = random.next() | 0xFFFF_0000
            let bench = Bench(start: .own) { $0.indices = [start, start, start &+ 9, start &+ 9] }
            bench.memory.isNoting = false
            bench.server.outstandingMax = 1 + random.next(below: 20)
            bench.server.areOthersWaiting = seed % 3 == 0
            let worker = Worker(bench.page, requests.flatMap(\.bytes), seed: seed)
            bench.memory.between = { worker.work() }
            bench.channel.onNotify = { worker.work() }
            let byteCount = requests.reduce(0) { $0 + $1.bytes.count }
            var wantsMore = false
            var turnCount = 0
            while worker.received.count < byteCount, turnCount < 20_000 {
                turnCount += 1
                worker.work()
                if worker.hasFired {
                    worker.hasFired = false
                    wantsMore = bench.ring.wake(bench.server, requestCountMax: 4).wantsMore
                } else if wantsMore {
                    wantsMore = bench.ring.turn(bench.server, requestCountMax: 4).wantsMore
                }
            }
            #expect(bench.server.requests == requests && messages(worker.received) == requests)
            #expect(bench.ring.state == .served && bench.server.sentCount == requests.count)
            #expect(worker.received.count == byteCount)
        }
    }

    @Test("a live update at any moment loses nothing and repeats nothing")
    func liveUpdates() {
        for seed in 0..<40 as Range<UInt64> {
            var random = Numbers(seed: seed)
            let requests = (0..<40).map { message(&random, $0) }
            let page = SharedPage()
            let (server, channel) = (ScriptedServer(), ScriptedChannel())
            var ring = GuestRing(DomainID(1), MappedRing(page.map()), channel)
            let worker = Worker(page, requests.flatMap(\.bytes), seed: seed)
            let byteCount = requests.reduce(0) { $0 + $1.bytes.count }
            for _ in 0..<20_000 where worker.received.count < byteCount {
                worker.work()
                _ = ring.wake(server, requestCountMax: 2)
                if random.next(below: 5) > 0 { continue }
                let unfinished = ring.unfinished
                ring.close()
                server.replace()
                ring = GuestRing(
                    DomainID(1), MappedRing(page.map()), channel,
                    start: .continued(request: unfinished.request, response: unfinished.response))
                #expect(ring.unfinished == unfinished && ring.state == .served)
            }
            #expect(server.requests == requests && messages(worker.received) == requests)
        }
    }

    @Test("a ring that was ignored is ignored after a live update, and one with a request that can't be is error 3")
    func ignoredUpdates() {
        for error in RingError.allCases {
            let bench = Bench(start: .continued(request: [], response: [1])) { $0[.error] = error.rawValue }
            #expect(bench.ring.state == .ignored(error) && bench.ring.unfinished.response.isEmpty)
        }
        for request in [header(announcing: 4097), Message(.read, "/pub|").bytes] {
            let bench = Bench(start: .continued(request: request, response: []))
            #expect(bench.ring.state == .ignored(.messageTooLong) && bench.page[.error] == 3)
        }
    }
}
