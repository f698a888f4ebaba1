// Guests that do their worst (xenstored.md 16), and guests that keep the rules, at random.

import Testing
import XenABI
import XenPlatform
import XenstoreServer
import XenstoreWire

@Suite("Hostile rings")
struct HostileTests {
    private let read = Message(.read, "/pub|")
    private let edges: [UInt32] = [
        0, 1, 2, 15, 16, 1023, 1024, 1025, 4096, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FBFF, 0xFFFF_FC00, 0xFFFF_FFFF,
    ]

    @Test(
        "XSA-38: any value in any index and the connection word is work, error 2 or reconnection, others work"
    )
    func everyWord() {
        let other = Bench()
        let words: [RingWord] = [
            .requestConsumer, .requestProducer, .responseConsumer, .responseProducer, .connection, .error, .features,
            .port,
        ]
        for first in words {
            for second in words {
                for value in edges {
                    let bench = Bench()
                    bench.send(read.bytes + read.bytes.prefix(5))
                    bench.page[first] = value
                    bench.page[second] = value &+ 7
                    bench.server.queue(read)
                    for _ in 0..<3 { _ = bench.ring.wake(bench.server) }
                    switch bench.ring.state {
                    case .served: #expect(bench.page[.connection] != 1)
                    case .ignored(let error): #expect(error != .channel && bench.page[.error] == error.rawValue)
                    case .closed: Issue.record("nobody closed it")
                    }
                }
            }
            other.send(read)
            #expect(other.receive() == [read])
        }
    }

    @Test("XSA-420: a length of 4097 and more, from 0x80000000 up too, is error 3, wherever its header is cut")
    func lengths() {
        for count in [4097, 0x7FFF_FFFF, 0x8000_0000, 0x8000_1000, 0xFFFF_F000, 0xFFFF_FFF0, 0xFFFF_FFFF] as [UInt32] {
            for cut in 0...16 {
                let bench = Bench()
                let bad = header(announcing: count)
                bench.send(Array(bad[..<cut]))
                if cut < 16 { #expect(bench.ring.state == .served && bench.ring.unfinished.request.count == cut) }
                bench.send(Array(bad[cut...]))
                #expect(bench.ring.state == .ignored(.messageTooLong) && bench.server.requests.isEmpty)
                #expect(bench.ring.unfinished.request.isEmpty)
            }
        }
    }

    @Test("XSA-326 and 416: a guest that never reads costs one message here, whatever waits for it")
    func neverReads() {
        let bench = Bench()
        bench.server.answer = { _ in [] }
        for number in 0..<10_000 {
            bench.server.queue(Message(.watchEvent, [UInt8](repeating: 1, count: 4096)))
            bench.send(Message(.read, "|", id: UInt32(number)))
            #expect(bench.ring.unfinished.response.count <= 4112 && bench.server.begunCount == 1)
        }
        #expect(
            bench.server.requests.count == 19 && bench.page[.requestProducer] &- bench.page[.requestConsumer] <= 1024)
    }

    @Test("XSA-326, CVE-2022-42312 and -42318: requests stop when replies are unread, and go on with each that is read")
    func outstanding() {
        let bench = Bench()
        bench.server.outstandingMax = 3
        bench.server.answer = { _ in [Message(.read, [UInt8](repeating: 1, count: 1008))] }
        _ = bench.page.send(Array(repeating: Message(.read, "|").bytes, count: 30).flatMap { $0 })
        _ = bench.ring.wake(bench.server)
        for count in 4...30 {
            #expect(bench.server.requests.count == count && bench.server.queue.count + bench.server.begunCount == 3)
            _ = bench.page.receive()
            _ = bench.ring.wake(bench.server)
        }
    }

    @Test("XSA-425: a ring that is closed and made anew from inside any call of its turn is touched no more")
    func closedInside() {
        let calls = ["mayRead", "request", "nextMessage", "messageSent", "othersWait", "dropped"]
        for call in calls {
            for number in 1...4 {
                let bench = Bench()
                bench.server.answer = { [$0, Message(.watchEvent, [UInt8](repeating: 2, count: 3000))] }
                var seen = 0
                var successor: GuestRing?
                var touched = 0
                var notifiedCount = 0
                bench.server.areOthersWaiting = true
                bench.server.onCall = { name, ring in
                    if name == "othersWait" { _ = bench.page.receive() }
                    guard name == call, ring === bench.ring else { return }
                    seen += 1
                    if seen < number { return }
                    ring.close()
                    successor = GuestRing(DomainID(1), MappedRing(bench.page.map()), bench.channel)
                    bench.memory.accesses = []
                    touched += 1
                    notifiedCount = bench.channel.count
                }
                bench.send(read.bytes + read.bytes + read.bytes.prefix(7))
                for _ in 0..<3 where bench.ring.state != .closed {
                    if call == "dropped" { bench.page[.connection] = 1 }
                    _ = bench.page.receive()
                    _ = bench.ring.wake(bench.server)
                }
                guard let successor else { continue }
                #expect(touched == 1 && bench.memory.accesses.isEmpty && bench.ring.state == .closed)
                #expect(bench.page.indices == [0, 0, 0, 0] && bench.channel.count == notifiedCount)
                let server = ScriptedServer()
                _ = bench.page.send(read.bytes)
                _ = successor.wake(server)
                #expect(server.requests == [read] && messages(bench.page.receive()) == [read])
            }
        }
    }

    @Test("XSA-38, general: indices, words and bytes that change between any two accesses never end or stall a server")
    func everythingChanges() {
        var states: [RingLife.State: Int] = [:]
        for seed in 0..<150 as Range<UInt64> {
            var random = Numbers(seed: seed)
            let bench = Bench()
            bench.memory.isNoting = false
            bench.server.answer = { [Message($0.header.operation, [UInt8](repeating: 5, count: 900))] }
            let liesAre = [3, 10, 100][Int(seed % 3)]
            bench.memory.between = { bench.page.disturb(&random, rarity: liesAre) }
            bench.server.onCall = { _, _ in bench.page.disturb(&random, rarity: liesAre) }
            for _ in 0..<40 {
                let turn = bench.ring.wake(bench.server)
                #expect(turn.takenByteCount <= 65536 && turn.writtenByteCount <= 65536 && turn.requestCount <= 32)
                states[bench.ring.state, default: 0] += 1
                #expect(bench.ring.unfinished.request.count < 4112 && bench.ring.unfinished.response.count <= 4112)
                #expect(bench.server.queue.count + bench.server.begunCount <= 20)
            }
            bench.memory.between = {}
            bench.server.onCall = { _, _ in }
            bench.server.answer = { [$0] }
            bench.page[.connection] = 1
            _ = bench.ring.wake(bench.server)
            bench.send(read)
            #expect(bench.ring.state == .served && bench.receive() == [read])
        }
        #expect(states.count == 3, "served, and both errors")
    }
}

extension SharedPage {
    /// What a second vCPU may do in a moment: nothing mostly, then something that makes sense, then anything.
    func disturb(_ random: inout Numbers, rarity: Int) {
        if random.next(below: 3) > 0 { return }
        if random.next(below: rarity) > 0 {
            if random.next(below: 2) == 0 { self[.responseConsumer] = self[.responseProducer] }
            let byteCount = random.next(below: 60)
            if self[.requestProducer] &- self[.requestConsumer] < 900 {
                _ = send(Message(.read, [UInt8](repeating: 1, count: byteCount)).bytes)
            }
            return
        }
        switch random.next(below: 8) {
        case 0: self[.requestProducer] = random.next()
        case 1: self[.responseConsumer] = random.next()
        case 2: self[.requestConsumer] = random.next()
        case 3: self[.responseProducer] = random.next()
        case 4: self[.connection] = random.next() & 1
        case 5: guest.store(UInt64(random.next()), byteCount: 4, at: random.next(below: 2044))
        case 6: self[.requestProducer] = self[.requestConsumer] &+ random.next() % 1100
        default: self[.error] = random.next()
        }
    }
}
