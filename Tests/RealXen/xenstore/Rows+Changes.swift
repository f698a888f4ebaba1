// Rows about watches and transactions, the same by both ways.

import SystemCalls
import XenstoreClient
import XenstoreWire

extension Rows {
    private var soon: MonotonicTime { MonotonicTime.now.advanced(byMilliseconds: 5000) }

    private func event(_ client: XenstoreClient) throws(XenstoreError) -> String {
        guard let event = try client.nextEvent(until: soon) else { return "none" }
        return String(decoding: event.path, as: UTF8.self) + " " + String(decoding: event.token, as: UTF8.self)
    }

    func watches(_ client: XenstoreClient, _ other: XenstoreClient) throws(XenstoreError) {
        try client.watch(top + "/w", token: "tok")
        var seen = try event(client)
        row(seen == "\(top)/w tok", "a watch fires at once", seen)
        try other.write(top + "/w/below", "1")
        seen = try event(client)
        row(seen == "\(top)/w/below tok", "and when something below it changes", seen)
        // Events come while replies are waited for.
        for number in 0..<50 {
            try other.write(top + "/w/\(number)", "1")
            _ = try client.read(top + "/w/\(number)")
        }
        var order = true
        for number in 0..<50 { order = try event(client) == "\(top)/w/\(number) tok" && order }
        row(order, "50 events between 50 replies are kept, in order")
        try client.watch("@releaseDomain", token: "r")
        seen = try event(client)
        row(seen == "@releaseDomain r", "special nodes can be watched", seen)
        try client.unwatch(top + "/w", token: "tok")
        try other.write(top + "/w/below", "2")
        let nothing = try client.nextEvent(until: MonotonicTime.now.advanced(byMilliseconds: 200))
        row(nothing == nil, "a watch that was ended fires no more")
        if way == .socket {
            refused(.notFound, "ending it once more is ENOENT") { () throws(XenstoreError) in
                try client.unwatch(top + "/w", token: "tok")
            }
        } else {
            try client.unwatch(top + "/w", token: "tok")
            row(true, "ending it once more is nothing to the kernel")
        }
        row(try client.read("/local/domain/0/name") == Array("Domain-0".utf8), "and the connection goes on")
        try client.unwatch("@releaseDomain", token: "r")
    }

    func transactions(_ client: XenstoreClient, _ other: XenstoreClient) throws(XenstoreError) {
        try other.write(top + "/t/x", "1")
        let first = try client.startTransaction()
        try client.write(top + "/t/y", "in", in: first)
        row(try other.readIfPresent(top + "/t/y") == nil, "nobody sees the changes of an open transaction")
        row(try client.read(top + "/t/y", in: first) == Array("in".utf8), "but who made them")
        try client.endTransaction(first, commit: true)
        row(try other.read(top + "/t/y") == Array("in".utf8), "at its end they are there")
        let second = try client.startTransaction()
        try client.rm(top + "/t/y", in: second)
        try client.endTransaction(second, commit: false)
        row(try other.read(top + "/t/y") == Array("in".utf8), "one that is given up changes nothing")
        refused(.notFound, "a transaction that has ended is ENOENT") { () throws(XenstoreError) in
            _ = try client.read(top + "/t/x", in: second)
        }
        refused(.notFound, "also at its end") { () throws(XenstoreError) in
            try client.endTransaction(second, commit: true)
        }
        let third = try client.startTransaction()
        _ = try client.read(top + "/t/x", in: third)
        try other.write(top + "/t/x", "2")
        try client.write(top + "/t/y", "late", in: third)
        refused(.tryAgain, "somebody else's change in between is EAGAIN") { () throws(XenstoreError) in
            try client.endTransaction(third, commit: true)
        }
        var rounds = 0
        try client.transaction { transaction throws(XenstoreError) in
            rounds += 1
            let value = try client.read(top + "/t/x", in: transaction)
            if rounds < 3 { try other.write(top + "/t/x", "\(rounds + 10)") }
            try client.write(top + "/t/y", value, in: transaction)
        }
        let value = try other.read(top + "/t/y")
        row(rounds == 3 && value == Array("12".utf8), "and it is done again until it holds", "\(rounds) rounds")
    }
}
