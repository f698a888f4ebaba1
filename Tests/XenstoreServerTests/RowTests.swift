// The rows of xenstored.md section 18 that are about rings, as far as a ring knows of them.

import Testing
import XenABI
import XenstoreServer
import XenstoreWire

@Suite("Ring rows")
struct RowTests {
    private let read = Message(.read, "/pub|")

    private func expectIgnored(_ bench: Bench, _ error: RingError, sourceLocation: SourceLocation = #_sourceLocation) {
        let count = bench.server.requests.count
        #expect(bench.ring.state == .ignored(error), sourceLocation: sourceLocation)
        #expect(bench.page[.error] == error.rawValue && bench.server.drops == [error], sourceLocation: sourceLocation)
        let before = bench.page.indices
        bench.page.indices = [0, 21, 0, 0]
        bench.server.queue(read)
        _ = bench.ring.wake(bench.server)
        #expect(bench.page.indices == [0, 21, 0, 0], sourceLocation: sourceLocation)
        #expect(bench.server.requests.count == count, sourceLocation: sourceLocation)
        bench.page.indices = before
    }

    @Test("7 and 8: a header with len 4097 or 0xffffffff gives error 3 and no reply, and the ring is read no more")
    func tooLong() {
        for count in [4097, 0xFFFF_FFFF] as [UInt32] {
            let bench = Bench()
            _ = bench.page.send(read.bytes + header(announcing: count) + read.bytes)
            _ = bench.ring.wake(bench.server)
            #expect(bench.server.requests == [read])
            // The event of a watch that it had.
            bench.server.queue(Message(.watchEvent, "/pub|t|"))
            _ = bench.ring.turn(bench.server)
            #expect(bench.page.receive().isEmpty && bench.channel.count == 0)
            expectIgnored(bench, .messageTooLong)
        }
    }

    @Test("9: a request of 4096 bytes comes through the ring in pieces")
    func longRequest() {
        let bench = Bench()
        let write = Message(.write, Array("/w".utf8) + [0] + [UInt8](repeating: 7, count: 4093))
        bench.server.answer = { [Message($0.header.operation, "OK|")] }
        bench.send(write)
        #expect(bench.server.requests == [write] && bench.receive() == [Message(.write, "OK|")])
    }

    @Test("10: a request in single bytes, with a wake-up for each")
    func singleBytes() {
        let bench = Bench()
        for byte in read.bytes { bench.send([byte]) }
        #expect(bench.server.requests == [read] && bench.receive() == [read])
    }

    @Test("12: two requests at once get two replies in their order")
    func together() {
        let bench = Bench()
        let write = Message(.write, "/pub|x", id: 2)
        bench.send(read, write)
        #expect(bench.receive() == [read, write] && bench.channel.count == 1)
    }

    @Test("151 and 170: after INTRODUCE the features word is what was offered, the error 0, all indices 0")
    func introduced() {
        for features in [RingFeatures(rawValue: 6), .all, []] {
            let bench = Bench(features) {
                $0.indices = [5, 6, 7, 0xFFFF_FFFF]
                $0[.error] = 3
                $0[.features] = 0x55
            }
            #expect(bench.page[.features] == features.rawValue && bench.page[.error] == 0)
            #expect(bench.page.indices == [0, 0, 0, 0] && bench.channel.count == 0)
            bench.send(read)
            #expect(bench.receive() == [read])
        }
    }

    @Test(
        "183: with the response bytes full 20 of 25 requests are read, the rest wait in the ring until it is read")
    func outstanding() {
        let bench = Bench()
        bench.server.answer = { _ in [Message(.read, [UInt8](repeating: 1, count: 1100))] }
        let requests = (0..<25).map { Message(.read, "/pub|", id: $0) }
        bench.send(requests.flatMap(\.bytes))
        #expect(bench.server.requests.count == 20)
        #expect(bench.page[.requestConsumer] == 20 * 21 && bench.page[.requestProducer] == 25 * 21)
        _ = bench.ring.wake(bench.server)
        #expect(bench.server.requests.count == 20)
        #expect(bench.receive().count == 25)
        #expect(bench.server.requests == requests && bench.page[.requestConsumer] == 25 * 21)
    }

    @Test("185: 1025 bytes between the indices of the requests give error 2")
    func requestIndices() {
        let bench = Bench()
        bench.send(read)
        bench.page[.requestProducer] = bench.page[.requestConsumer] &+ 1025
        _ = bench.ring.wake(bench.server)
        #expect(bench.server.requests.count == 1)
        expectIgnored(bench, .indices)
    }

    @Test("186: rsp_cons beyond rsp_prod gives error 2 once a reply is due")
    func responseIndices() {
        let bench = Bench()
        bench.page[.responseConsumer] = bench.page[.responseProducer] &+ 1
        _ = bench.ring.wake(bench.server)
        #expect(bench.ring.state == .served)
        bench.send(read)
        expectIgnored(bench, .indices)
    }

    @Test("187: a ring that is attached with all indices 0xfffffff0 goes on across the wrap")
    func wrap() {
        let bench = Bench(start: .own) {
            $0.indices = [UInt32](repeating: 0xFFFF_FFF0, count: 4)
            $0[.connection] = 1
            $0[.error] = 2
        }
        #expect(bench.page[.connection] == 0 && bench.page[.error] == 0 && bench.channel.count == 1)
        bench.send(read)
        #expect(bench.receive() == [read])
        #expect(bench.page.indices == [5, 5, 5, 5])
    }

    @Test("188: a reply of 4096 bytes is sent in pieces as the guest consumes")
    func longReply() {
        for piece in [1, 7, 512, 1000, 1024] {
            let bench = Bench()
            let reply = Message(.directory, (0..<4096).map { UInt8(truncatingIfNeeded: $0 / 3) })
            bench.server.answer = { _ in [reply] }
            bench.send(read)
            #expect(bench.page[.responseProducer] == 1024)
            var stream: [UInt8] = []
            while case let bytes = bench.page.receive(piece), !bytes.isEmpty {
                stream += bytes
                _ = bench.ring.wake(bench.server)
            }
            #expect(messages(stream) == [reply] && stream.count == 4112 && bench.server.sentCount == 1)
        }
    }

    @Test("189: connection = 1 drops what is under way and sets indices, error and connection to 0, and notifies")
    func reconnection() {
        let bench = Bench()
        bench.server.answer = { _ in [Message(.read, [UInt8](repeating: 1, count: 2000))] }
        bench.send(read.bytes + read.bytes.prefix(18))
        #expect(bench.ring.unfinished.request.count == 18 && bench.ring.unfinished.response.count == 992)
        bench.page[.connection] = 1
        let notified = bench.channel.count
        let turn = bench.ring.wake(bench.server)
        #expect(turn == RingTurn() && bench.server.drops == [nil] && bench.channel.count == notified + 1)
        #expect(bench.page.indices == [0, 0, 0, 0] && bench.page[.error] == 0 && bench.page[.connection] == 0)
        #expect(bench.ring.unfinished.request.isEmpty && bench.ring.unfinished.response.isEmpty)
        bench.server.answer = { [$0] }
        bench.send(read)
        #expect(bench.receive() == [read])
    }

    @Test("190: after every error connection = 1 brings the ring back")
    func reconnectionAfterError() {
        for error in RingError.allCases {
            let bench = Bench()
            bench.ring.fail(error, bench.server)
            #expect(bench.page[.error] == error.rawValue)
            bench.page[.connection] = 1
            _ = bench.ring.wake(bench.server)
            #expect(bench.ring.state == .served && bench.page[.error] == 0 && bench.server.drops == [error, nil])
            bench.send(read)
            #expect(bench.receive() == [read])
        }
    }

    @Test("191: connection = 1 does nothing in a domain without feature 1, but at INTRODUCE")
    func withoutReconnection() {
        let bench = Bench([.errors]) { $0[.connection] = 1 }
        #expect(bench.page[.connection] == 0 && bench.channel.count == 1)
        bench.send(read.bytes + read.bytes.prefix(3))
        bench.page[.connection] = 1
        bench.send(Array(read.bytes.dropFirst(3)))
        #expect(bench.page[.connection] == 1 && bench.server.drops.isEmpty)
        #expect(bench.receive() == [read, read])
    }

    @Test("192, XSA-325: a ring that is ignored frees its page when its domain has died, and touches it no more")
    func closing() {
        let page = SharedPage()
        let (server, channel) = (ScriptedServer(), ScriptedChannel())
        var ring: GuestRing? = GuestRing(DomainID(1), MappedRing(page.map()), channel)
        ring?.fail(.messageTooLong, server)
        #expect(page.isServerMapped)
        ring?.close()
        page[.connection] = 1
        _ = ring?.wake(server)
        #expect(page[.connection] == 1 && page[.error] == 3 && ring?.state == .closed)
        ring = nil
        #expect(!page.isServerMapped)
    }
}
