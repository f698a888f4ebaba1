// Connections by the thousand, at once and one after the other.
// Not for: what a single one does.

internal import EventLoop
internal import SystemCalls
internal import XenstoreClient
internal import XenstoreWire

extension BadDays {
    /// All at once; each reads.
    func connections(_ count: Int) throws {
        let quiet = try readP99()
        let (descriptors, before) = (server.descriptorCount, server.residentKiB)
        var clients: [LoadClient] = []
        for number in 0..<count {
            let client = try connectWhenTaken()
            clients.append(client)
            client.request(.read, payload("/good"))
            client.flush()
            if number % 64 == 63 { try loop.turn(milliseconds: 0) }
        }
        let all = try until { replyCount == count }
        let each = Double((server.residentKiB - before) * 1024) / Double(count)
        rows.check(
            all && endedCount == 0, "\(count) connections at once: each is served", "\(replyCount) replies")
        rows.check(each <= 4096, "each costs the server no more than 4 KiB", "\(Int(each)) bytes")
        let late = try readP99()
        rows.check(
            isAsGood(late, as: quiet), "another client is served as before", "p99 \(late) us, before \(quiet) us")
        for client in clients { client.close() }
        clients = []
        let after = try settled(descriptors)
        rows.check(
            after.descriptors <= descriptors, "all closed: their descriptors are back",
            "\(after.descriptors), before \(descriptors)")
        // What the heap keeps is used again.
        rows.check(
            after.residentKiB - before <= 16 * 1024, "and their memory", "\(after.residentKiB) KiB, before \(before)")
    }

    /// A connection; where the server has not taken the last ones yet it is given time.
    func connectWhenTaken() throws -> LoadClient {
        for _ in 0..<10_000 {
            do throws(SystemError) {
                return try connect()
            } catch {
                if error.code != SystemCode.wouldBlock { throw error }
                try loop.turn(milliseconds: 1)
            }
        }
        return try connect()
    }

    /// Connections that go as soon as they have come, some of them in the middle of a message.
    func storm() throws {
        let descriptors = server.descriptorCount
        let before = server.residentKiB
        let count = 20_000
        var clients: [LoadClient] = []
        for number in 0..<count {
            let client = try connectWhenTaken()
            if number % 3 == 0 {
                client.raw([2, 0, 0, 0, 1])
                client.flush()
            }
            if number % 3 == 1 {
                client.request(.read, payload("/good"))
                client.flush()
            }
            clients.append(client)
            if clients.count == 50 {
                for client in clients { client.close() }
                clients = []
                if number % 1000 == 999 { _ = try good.readIfPresent("/good") }
            }
        }
        let after = try settled(descriptors)
        rows.check(
            after.descriptors <= descriptors, "\(count) connections that go at once leave no descriptor",
            "\(after.descriptors), before \(descriptors)")
        rows.check(
            after.residentKiB - before <= 2048, "and no memory", "\(after.residentKiB) KiB, before \(before)")
    }
}
