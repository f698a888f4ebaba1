// Frames that are wrong: half of them, too long ones, no frames at all; and transactions that nobody ends.
// Not for: requests that are wrong (the core's rows).

internal import EventLoop
internal import SystemCalls
internal import XenstoreClient
internal import XenstoreWire

extension BadDays {
    /// Messages that stop at each of their bytes, and go on later.
    func halfFrames() throws {
        var writer = XenstoreWriter()
        writer.begin(.write, requestID: 1)
        writer.put(payload("/half", "value"))
        _ = writer.end()
        let message = writer.bytes
        let quiet = try readP99()
        var clients: [LoadClient] = []
        for length in 1..<message.count {
            let client = try connect()
            client.raw(Array(message[..<length]))
            client.flush()
            clients.append(client)
        }
        let late = try readP99()
        rows.check(
            isAsGood(late, as: quiet), "\(clients.count) half messages are held open: others are served as before",
            "p99 \(late) us, before \(quiet) us")
        let nothing = try good.readIfPresent("/half") == nil
        for (index, client) in clients.enumerated() {
            client.raw(Array(message[(index + 1)...]))
            client.flush()
        }
        let all = try until { replyCount == clients.count }
        rows.check(all && nothing, "each is answered when its rest comes", "\(replyCount) of \(clients.count)")
        for client in clients { client.close() }
        try good.rm("/half")
    }

    /// Lengths above 4096 end the connection, without a reply (xenstored.md 10).
    func lengths() throws {
        for length in [4097, 0x7fff_ffff, 0x8000_0000, 0xffff_f000, 0xffff_ffff] as [UInt32] {
            let client = try connect()
            let bytes = [2, 0, 0, length].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
            }
            (endedCount, replyCount) = (0, 0)
            client.request(.read, payload("/good"))
            client.raw(bytes + [UInt8](repeating: 47, count: 5000))
            client.flush()
            let isEnded = try until { endedCount == 1 }
            rows.check(
                isEnded && replyCount <= 1, "6: a header with length \(length) ends its connection, no reply",
                "\(replyCount) replies")
        }
    }

    /// Any bytes, from clients by the hundred.
    func randomBytes() throws {
        var state: UInt64 = 42
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let descriptors = server.descriptorCount
        for _ in 0..<2000 {
            let client = try connectWhenTaken()
            var bytes: [UInt8] = []
            let isLikely = next() % 2 == 0
            for _ in 0..<(1 + next() % 20) {
                // A header that may be right, and any payload; or nothing that is right.
                let length = next() % 64
                let words = [next() % 30, next(), next() % 4, isLikely ? length : next()]
                for word in words {
                    for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))) }
                }
                for _ in 0..<length { bytes.append(next() % 4 == 0 ? 0 : UInt8(truncatingIfNeeded: next())) }
            }
            client.raw(bytes)
            client.flush()
            try loop.turn(milliseconds: 0)
            client.close()
        }
        let after = try settled(descriptors)
        rows.check(
            after.descriptors <= descriptors && server.isAlive, "2000 connections of random bytes: it serves on",
            "\(after.descriptors) descriptors, before \(descriptors)")
    }

    /// Clients that go in the middle of transactions: nothing of these is seen, and nothing is kept.
    func transactions() throws {
        let before = server.residentKiB
        let descriptors = server.descriptorCount
        for round in 0..<500 {
            let client = try connect()
            let expected = replyCount + 41
            client.request(.transactionStart, [0])
            for number in 0..<40 {
                client.request(.write, in: 1, payload("/gone/\(round)/\(number)", String(repeating: "v", count: 500)))
            }
            client.flush()
            guard try until({ replyCount >= expected }) else { break }
            client.close()
        }
        let after = try settled(descriptors)
        rows.check(
            try good.readIfPresent("/gone") == nil && replyCount == 500 * 41,
            "147: 500 clients go in the middle of their transactions: nothing of these is in the store",
            "\(replyCount) replies")
        rows.check(
            after.residentKiB - before <= 2048 && after.descriptors <= descriptors, "and nothing of them is kept",
            "\(after.residentKiB) KiB, before \(before); \(after.descriptors) descriptors, before \(descriptors)")
    }
}
