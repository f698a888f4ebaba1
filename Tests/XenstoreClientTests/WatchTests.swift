// Watches: events before, between and behind replies (xenstored.md 4.5).

import SystemCalls
import Testing
import XenstoreClient
import XenstoreWire

@Suite("Watches of the client")
struct WatchTests {
    private func event(_ path: String, _ token: String) -> XenstoreWatchEvent {
        XenstoreWatchEvent(path: Array(path.utf8), token: Array(token.utf8))
    }

    @Test("events before and behind a reply are kept, in their order, and the reply is the call's")
    func between() throws {
        let fake = try FakeXenstored { connection in
            guard let watch = connection.request() else { return }
            // The initial event follows its reply, in one piece with it.
            connection.send(replyBytes(watch, "OK|") + eventBytes("/a", "t"))
            guard let read = connection.request() else { return }
            connection.send(
                eventBytes("/a/1", "t") + eventBytes("/a/2", "t") + replyBytes(read, "value") + eventBytes("/a/3", "t"))
            connection.waitForClose()
        }
        let client = try XenstoreClient.connect(to: fake.path)
        try client.watch("/a", token: "t")
        #expect(try client.read("/a") == Array("value".utf8))
        #expect(client.hasEvents)
        let deadline = MonotonicTime.now.advanced(byMilliseconds: 5000)
        for path in ["/a", "/a/1", "/a/2", "/a/3"] {
            #expect(try client.nextEvent(until: deadline) == event(path, "t"))
        }
        #expect(!client.hasEvents)
        #expect(try client.nextEvent() == nil)
    }

    @Test("watch and unwatch send path and token; an unwatched path's events are forgotten, others stay")
    func unwatch() throws {
        let seen = Seen()
        let fake = try FakeXenstored { connection in
            for events in [["/a", "/a/b", "/ab"], ["/c"], []] {
                guard let request = connection.request() else { return }
                seen.add(request)
                for path in events { connection.event(path, "t") }
                connection.reply(request, "OK|")
            }
            connection.waitForClose()
        }
        let client = try XenstoreClient.connect(to: fake.path)
        try client.watch("/a", token: "t")
        try client.watch("/c", token: "t")
        try client.unwatch("/a", token: "t")
        #expect(seen.texts == ["WATCH 0 /a|t|", "WATCH 0 /c|t|", "UNWATCH 0 /a|t|"])
        #expect(try client.nextEvent() == event("/ab", "t"))
        #expect(try client.nextEvent() == event("/c", "t"))
        #expect(try client.nextEvent() == nil)
    }

    @Test("waiting for an event ends at its moment, and the connection goes on")
    func waiting() throws {
        let fake = try FakeXenstored { connection in
            guard let request = connection.request() else { return }
            connection.reply(request, "1")
            connection.waitForClose()
        }
        let client = try XenstoreClient.connect(to: fake.path)
        let start = MonotonicTime.now
        #expect(try client.nextEvent(until: start.advanced(byMilliseconds: 50)) == nil)
        #expect(start.advanced(byMilliseconds: 50) <= MonotonicTime.now)
        #expect(try client.read("/a") == [49])
    }

    @Test("the descriptor is readable when an event comes, and not when all was taken")
    func loop() throws {
        let fake = try FakeXenstored { connection in
            guard let request = connection.request() else { return }
            connection.reply(request, "OK|")
            guard let other = connection.request() else { return }
            connection.send(replyBytes(other, "1") + eventBytes("@releaseDomain", "r"))
            connection.waitForClose()
        }
        let client = try XenstoreClient.connect(to: fake.path)
        try client.watch("@releaseDomain", token: "r")
        #expect(client.descriptors.count == 2 && client.descriptors.first == client.descriptor)
        let poll = try EventPoll()
        try poll.add(client.descriptor, .readable, token: 1)
        #expect(try poll.wait(milliseconds: 0) == 0)
        // Whether the event comes with the reply or behind it, it is there: kept, or to be read.
        _ = try client.read("/a")
        if !client.hasEvents { #expect(try poll.wait(milliseconds: 5000) == 1) }
        #expect(try client.nextEvent() == event("@releaseDomain", "r"))
        #expect(try poll.wait(milliseconds: 0) == 0)
    }

    @Test("65536 events are kept, one more ends the connection")
    func flood() throws {
        for (count, isTooMany) in [(65536, false), (65537, true)] {
            let fake = try FakeXenstored { connection in
                guard let request = connection.request() else { return }
                var flood: [UInt8] = []
                let event = eventBytes("/a", "t")
                for _ in 0..<count { flood += event }
                connection.send(flood + replyBytes(request, "1"))
                connection.waitForClose()
            }
            let client = try XenstoreClient.connect(to: fake.path, timeoutMilliseconds: 20_000)
            if isTooMany {
                #expect(throws: XenstoreError.protocolFault(.tooManyEvents)) { try client.read("/a") }
            } else {
                #expect(try client.read("/a") == [49])
                var taken = 0
                while try client.nextEvent() != nil { taken += 1 }
                #expect(taken == count)
            }
        }
    }
}
