// WATCH, UNWATCH, RESET_WATCHES (xenstored.md 3).
// Not for: events (XenstoreCore+Events).

internal import XenstoreWire

extension XenstoreCore {
    /// WATCH.
    func watch(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) -> Watch {
        let connection = request.connection
        let arguments = try strings(request, 2...(connection.has(feature: 4) ? 3 : 2))
        var depth: Int?
        if arguments.count == 3 {
            depth = min(65534, Int(clamping: try number(request, arguments[2], max: .max)))
        }
        let named = request.payload[arguments[0]]
        let path = try path(request, arguments[0], allowsSpecial: true)
        let token = Array(request.payload[arguments[1]])
        let key = WatchKey(path: path, token: token)
        if connection.watches[key] != nil { throw Refusal(.exists) }
        let domain = connection.domain
        try check(.watches, domain.watchCount + 1, request)
        try check(.memory, domain.memoryByteCount + path.count + token.count, request)
        lastWatchSequence += 1
        let watch = Watch(
            connection: connection.id, path: path, token: token, depth: depth, sequence: lastWatchSequence,
            skippedByteCount: path.count - named.count)
        connection.watches[key] = watch
        trie.insert(watch)
        domain.watchCount += 1
        domain.memoryByteCount += watch.memoryByteCount
        reply = Array("OK\0".utf8)
        return watch
    }

    /// UNWATCH.
    func unwatch(_ request: Request) throws(Refusal) {
        let arguments = try strings(request, 2...2)
        let path = try path(request, arguments[0], allowsSpecial: true)
        let key = WatchKey(path: path, token: Array(request.payload[arguments[1]]))
        guard let watch = request.connection.watches[key] else { throw Refusal(.notFound) }
        request.connection.watches[key] = nil
        end(watch, request.connection)
    }

    /// Ends a watch that its connection doesn't list any more; unsent events of it are withdrawn.
    private func end(_ watch: Watch, _ connection: Connection) {
        trie.remove(watch)
        connection.output.withdraw(watch)
        connection.domain.watchCount -= 1
        connection.domain.memoryByteCount -= watch.memoryByteCount
    }

    /// RESET_WATCHES, and the end of a connection: no watch is left, no transaction, no chain.
    func reset(_ connection: Connection, now: UInt64) {
        for watch in connection.watches.values { end(watch, connection) }
        connection.watches.removeAll()
        for transaction in connection.transactions.values { discard(transaction, connection) }
        connection.transactions.removeAll()
        connection.chain = nil
        endClaim(of: connection, now: now)
    }
}
