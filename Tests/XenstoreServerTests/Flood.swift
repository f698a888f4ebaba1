// What a guest at its quotas floods the server with, and how it gets there: for FloodTests and xenstore-flood.
// Not for: the flooding itself.

import XenstoreCore
import XenstoreServer
import XenstoreWire

/// What a guest floods with.
struct Flood: Sendable {
    let name: String
    let operation: XenstoreOperation
    let texts: [String]
    var isInTransaction = false
    /// Another request after each.
    var then: (operation: XenstoreOperation, text: String)?
    /// Transactions that it stands for, instead of `texts`: each with a hundred writes and its end.
    var commitCount = 0
    /// A refusal that shows that the quota is met.
    var refusal: String?

    static let all: [Flood] = [
        Flood(name: "READ", operation: .read, texts: ["data/1|"]),
        Flood(name: "READ of 2000 bytes", operation: .read, texts: ["data/large|"]),
        Flood(name: "WRITE of new nodes", operation: .write, texts: ["data/x/y/z|v"], refusal: "ENOSPC"),
        Flood(name: "WRITE of 2000 bytes", operation: .write, texts: ["data/2|" + String(repeating: "v", count: 2000)]),
        Flood(name: "MKDIR", operation: .makeDirectory, texts: ["data/m|"], refusal: "ENOSPC"),
        Flood(name: "RM", operation: .remove, texts: ["data/none|"]),
        Flood(name: "DIRECTORY", operation: .directory, texts: ["data|"]),
        Flood(name: "DIRECTORY_PART", operation: .directoryPart, texts: ["data|0|", "data|900|"]),
        Flood(name: "GET_PERMS", operation: .getPermissions, texts: ["data/1|"]),
        Flood(name: "SET_PERMS", operation: .setPermissions, texts: ["data/1|n1|r2|", "data/1|n1|b2|r3|"]),
        Flood(name: "WATCH", operation: .watch, texts: ["data/w|t|"], refusal: "ENOSPC"),
        Flood(name: "UNWATCH", operation: .unwatch, texts: ["data/none|t|"], refusal: "ENOENT"),
        Flood(name: "TRANSACTION_START", operation: .transactionStart, texts: ["|"], refusal: "ENOSPC"),
        Flood(
            name: "TRANSACTION_END", operation: .transactionEnd, texts: ["X|"], isInTransaction: true, refusal: "EINVAL"
        ),
        Flood(name: "WRITE in a transaction", operation: .write, texts: ["data/1|v"], isInTransaction: true),
        Flood(name: "GET_FEATURE", operation: .getFeature, texts: [""]),
        Flood(name: "GET_DOMAIN_PATH", operation: .getDomainPath, texts: ["1|"]),
        Flood(name: "privileged requests", operation: .introduce, texts: ["1|1|1|"], refusal: "EACCES"),
        Flood(name: "unknown requests", operation: XenstoreOperation(rawValue: 99), texts: [""], refusal: "ENOSYS"),
        Flood(name: "bad paths", operation: .read, texts: ["//|", "/local/domain/|", "|"], refusal: "EINVAL"),
        Flood(name: "RESET_WATCHES", operation: .resetWatches, texts: ["|"]),
        Flood(name: "UNWATCH and WATCH", operation: .unwatch, texts: ["data/0|t|"], then: (.watch, "data/0|t|")),
        Flood(name: "commits", operation: .transactionEnd, texts: [], isInTransaction: true, commitCount: 300),
        Flood(name: "RM and WRITE", operation: .remove, texts: ["data/5|"], then: (.write, "data/5|v")),
    ]

    func requests(_ transaction: UInt32) -> [Message] {
        if commitCount > 0 { return commits(after: transaction) }
        return plain(transaction)
    }

    /// Transactions begun and committed, in the place of one that ends; their numbers follow its own.
    private func commits(after transaction: UInt32) -> [Message] {
        func message(_ operation: XenstoreOperation, _ text: String, _ transaction: UInt32) -> Message {
            var message = Message(operation, text)
            message.header.transactionID = transaction
            return message
        }
        var all = [message(.transactionEnd, "F|", transaction)]
        for number in 1...UInt32(commitCount) {
            all.append(Message(.transactionStart, "|"))
            all += (0..<100).map { message(.write, "data/\($0)|\(number)", transaction + number) }
            all.append(message(.transactionEnd, "T|", transaction + number))
        }
        return all
    }

    private func plain(_ transaction: UInt32) -> [Message] {
        texts.flatMap { text in
            var message = Message(operation, text)
            if isInTransaction { message.header.transactionID = transaction }
            return [message] + (then.map { [Message($0.operation, $0.text)] } ?? [])
        }
    }
}

extension StoreBench {
    /// Domain 1 takes all that its quotas allow: 1000 nodes, 128 watches, 10 transactions. The number of one of these.
    func fillQuotas() throws -> UInt32? {
        let guest = Guest(1, self)
        _ = try guest.ask(Message(.write, "data/large|" + String(repeating: "l", count: 2000)))
        for number in 0..<998 { _ = try guest.ask(Message(.write, "data/\(number)|v")) }
        return try refillQuotas()
    }

    /// Its watches and transactions, which go with a reconnection.
    func refillQuotas() throws -> UInt32? {
        let guest = Guest(1, self)
        for number in 0..<128 { _ = try guest.ask(Message(.watch, "data/\(number)|t|")) }
        var last = ""
        for _ in 0..<10 { last = texts(try guest.ask(Message(.transactionStart, "|"))).last ?? "" }
        return UInt32(last.dropLast())
    }
}
