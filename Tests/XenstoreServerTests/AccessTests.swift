// What is done to the page, in which order, and when the guest is told (xenstored.md 8.3 to 8.5).

import Testing
import XenABI
import XenPlatform
import XenstoreServer
import XenstoreWire

@Suite("Ring accesses")
struct AccessTests {
    private let read = Message(.read, "/pub|")

    @Test("the features word is written before any index is touched, and the connection word last")
    func attaching() {
        let bench = Bench { $0[.connection] = 1 }
        #expect(
            bench.memory.accesses == [
                "store features 15", "store error 0", "store requestConsumer 0", "store requestProducer 0",
                "store responseConsumer 0", "store responseProducer 0", "load connection", "store connection 0",
            ])
        #expect(bench.channel.count == 1)
    }

    @Test("a turn loads each index of the guest once a pass, stores behind the bytes, and looks again behind a barrier")
    func order() {
        let bench = Bench(start: .own) { $0.indices = [1020, 1020, 1015, 1015] }
        _ = bench.page.send(read.bytes)
        bench.memory.accesses = []
        let turn = bench.ring.wake(bench.server)
        #expect(
            bench.memory.accesses == [
                "load connection", "load requestProducer", "out 1020+4", "out 0+17", "store requestConsumer 1041",
                "load responseConsumer", "in 2039+9", "in 1024+12", "store responseProducer 1036", "fence",
                "load requestProducer",
            ])
        #expect(turn.requestCount == 1 && turn.takenByteCount == 21 && turn.writtenByteCount == 21)
        #expect(turn.didNotify && !turn.wantsMore)
    }

    @Test("our own indices are never read back: a guest that writes them changes nothing")
    func ownIndices() {
        let bench = Bench()
        bench.send(read)
        bench.page[.requestConsumer] = 0x1234
        bench.page[.responseProducer] = 0x8000_0000
        bench.page[.requestProducer] = 42
        for (index, byte) in read.bytes.enumerated() {
            bench.page.guest.store(UInt64(byte), byteCount: 1, at: 21 + index)
        }
        _ = bench.ring.wake(bench.server)
        #expect(bench.server.requests.count == 2 && bench.page.indices == [42, 42, 0, 42])
        #expect(!bench.memory.accesses.contains { $0 == "load requestConsumer" || $0 == "load responseProducer" })
    }

    @Test("one notification for a turn in which an index has moved, whatever moved, and none for one without")
    func notifications() {
        let bench = Bench()
        #expect(!bench.ring.wake(bench.server).didNotify && bench.channel.count == 0)
        bench.send(Array(repeating: read.bytes, count: 18).flatMap { $0 })
        #expect(bench.channel.count == 1 && bench.server.requests.count == 18)
        bench.send(Array(read.bytes.prefix(1)))
        #expect(bench.channel.count == 2)
        _ = bench.page.receive()
        #expect(!bench.ring.wake(bench.server).didNotify && bench.channel.count == 2)
        bench.server.queue(Message(.watchEvent, "/a|t|"))
        #expect(bench.ring.turn(bench.server).didNotify && bench.channel.count == 3)
        bench.page[.requestProducer] &+= 2000
        #expect(!bench.ring.wake(bench.server).didNotify && bench.channel.count == 3)
    }

    @Test("a notification that fails is error 1, at every time")
    func brokenChannel() {
        let bench = Bench()
        bench.channel.isBroken = true
        bench.send(read)
        #expect(bench.ring.state == .ignored(.channel) && bench.page[.error] == 1 && bench.server.drops == [.channel])
        bench.page[.connection] = 1
        _ = bench.ring.wake(bench.server)
        #expect(bench.ring.state == .ignored(.channel) && bench.server.drops == [.channel, nil, .channel])
        let page = SharedPage()
        page[.connection] = 1
        let ring = GuestRing(DomainID(1), MappedRing(page.map()), bench.channel)
        #expect(ring.state == .ignored(.channel) && page[.error] == 1)
    }

    @Test("a domain that was not offered errors gets no error code, and its ring is ignored all the same")
    func withoutErrors() {
        let bench = Bench([.reconnection])
        bench.page[.requestProducer] = 1025
        bench.page[.error] = 77
        _ = bench.ring.wake(bench.server)
        #expect(bench.page[.error] == 77 && bench.ring.state == .ignored(.indices))
    }

    @Test("reconnection zeroes the indices before it says that the server is there")
    func reconnectionOrder() {
        let bench = Bench()
        bench.send(read)
        bench.page[.connection] = 1
        bench.memory.accesses = []
        _ = bench.ring.wake(bench.server)
        #expect(
            bench.memory.accesses == [
                "load connection", "store requestConsumer 0", "store requestProducer 0", "store responseConsumer 0",
                "store responseProducer 0", "store error 0", "store connection 0", "load requestProducer",
            ])
    }

    @Test("what a guest adds or reads while it is served is seen in the same turn")
    func raced() {
        let bench = Bench()
        var rest = [read.bytes, read.bytes, read.bytes]
        bench.server.onCall = { call, _ in
            if call == "request", let next = rest.popLast() { _ = bench.page.send(next) }
        }
        bench.send(read)
        #expect(bench.server.requests.count == 4)
        let reply = Message(.directory, [UInt8](repeating: 3, count: 3000))
        bench.server.onCall = { _, _ in }
        bench.server.queue(reply)
        var stream = bench.page.receive()
        stream = []
        bench.memory.between = {
            if bench.memory.accesses.last?.hasPrefix("store responseProducer") == true {
                stream += bench.page.receive()
            }
        }
        _ = bench.ring.turn(bench.server)
        #expect(messages(stream) == [reply])
    }

    @Test("a turn ends after its requests, and says that it wants more")
    func requestLimit() {
        let bench = Bench()
        bench.server.outstandingMax = 1000
        _ = bench.page.send(Array(repeating: Message(.read, "|").bytes, count: 40).flatMap { $0 })
        let first = bench.ring.wake(bench.server, requestCountMax: 32)
        #expect(first.requestCount == 32 && first.wantsMore && bench.page[.requestConsumer] == 32 * 17)
        let second = bench.ring.turn(bench.server, requestCountMax: 32)
        #expect(second.requestCount == 8 && !second.wantsMore)
    }

    @Test("a long reply that a guest takes as it comes ends its turn when others wait, and goes on in the next one")
    func othersWait() {
        let bench = Bench()
        let reply = Message(.directory, [UInt8](repeating: 3, count: 4000))
        bench.server.queue(reply)
        bench.server.areOthersWaiting = true
        var stream: [UInt8] = []
        bench.memory.between = {
            if bench.memory.accesses.last?.hasPrefix("store responseProducer") == true {
                stream += bench.page.receive()
            }
        }
        let first = bench.ring.turn(bench.server)
        #expect(first.wasCutShort && first.wantsMore && first.didNotify && first.writtenByteCount == 2048)
        let second = bench.ring.turn(bench.server)
        #expect(second.writtenByteCount == 4016 - 2048 && messages(stream) == [reply])
    }

    @Test("XSA-38: a guest that adds a byte for each that is taken gets no longer turn than others")
    func endlessGuest() {
        let bench = Bench()
        let request = Message(.write, [UInt8](repeating: 9, count: 4096)).bytes
        var next = 1
        bench.memory.between = {
            if bench.memory.accesses.last == "fence" {
                next += bench.page.send([request[next % request.count]])
            }
        }
        _ = bench.page.send([request[0]])
        let turn = bench.ring.wake(bench.server)
        #expect(turn.wantsMore && turn.takenByteCount == 64 && bench.channel.count == 1)
    }

    @Test("a client that is held back reads nothing, and the ring goes on when it no longer is")
    func heldBack() {
        let bench = Bench()
        bench.server.isHeldBack = true
        bench.send(read)
        #expect(bench.server.requests.isEmpty && bench.page[.requestConsumer] == 0 && bench.channel.count == 0)
        #expect(!bench.memory.accesses.contains("load requestProducer"))
        bench.server.isHeldBack = false
        _ = bench.ring.turn(bench.server)
        #expect(bench.receive() == [read])
    }

    @Test("a turn from within a turn does nothing, and nothing is lost or out of order")
    func nested() {
        let bench = Bench()
        bench.server.onCall = { _, ring in
            #expect(ring.turn(bench.server) == RingTurn() && ring.wake(bench.server) == RingTurn())
        }
        let requests = (0..<40).map { Message(.read, "/pub|", id: $0) }
        bench.send(requests.flatMap(\.bytes))
        #expect(bench.receive() == requests)
        bench.page[.connection] = 1
        _ = bench.page.send(read.bytes)
        _ = bench.ring.wake(bench.server)
        #expect(bench.page.indices == [0, 0, 0, 0] && bench.server.requests == requests)
    }

    @Test("a ring that is closed touches nothing, whatever is asked of it")
    func closed() {
        let bench = Bench()
        bench.send(Array(read.bytes.dropLast()))
        bench.server.queue(read)
        bench.ring.close()
        bench.page[.connection] = 1
        bench.memory.accesses = []
        #expect(bench.ring.wake(bench.server) == RingTurn() && bench.ring.turn(bench.server) == RingTurn())
        bench.ring.fail(.channel, bench.server)
        #expect(bench.memory.accesses.isEmpty && bench.server.drops.isEmpty && bench.ring.state == .closed)
        #expect(bench.ring.unfinished.request.isEmpty && bench.ring.unfinished.response.isEmpty)
    }

    @Test("Xen's port is read once, and 0 is none")
    func port() {
        let page = SharedPage()
        let memory = WatchedMemory(page.map())
        #expect(GuestRing.port(on: memory) == nil)
        page[.port] = 9
        memory.accesses = []
        #expect(GuestRing.port(on: memory)?.rawValue == 9 && memory.accesses == ["load port"])
    }
}
