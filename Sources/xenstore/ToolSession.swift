// A connection as the tools use it: paths as bytes, errors as the C library's numbers, transactions again and again.
// Not for: what a tool does with it.

internal import SystemCalls
internal import XenstoreClient
internal import XenstoreWire

/// The store, for one run.
struct ToolSession {
    /// The connection.
    let client: XenstoreClient
    /// The transaction that all requests belong to.
    var transaction: XenstoreTransaction?

    /// Connects to the host's store; by sockets alone when that is asked for. The tools wait for as long as it takes.
    static func connect(socketsOnly: Bool) throws(XenstoreError) -> XenstoreClient {
        var paths = XenstorePlace.candidates(variable: environmentVariable)
        if socketsOnly { paths.removeAll(where: XenstorePlace.devicePaths.contains) }
        return try XenstoreClient.connect(toFirstOf: paths, timeoutMilliseconds: .max)
    }

    func read(_ path: [UInt8]) throws(XenstoreError) -> [UInt8] { try client.read(Self.text(path), in: transaction) }

    func write(_ path: [UInt8], _ value: [UInt8]) throws(XenstoreError) {
        try client.write(Self.text(path), value, in: transaction)
    }

    func remove(_ path: [UInt8]) throws(XenstoreError) { try client.rm(Self.text(path), in: transaction) }

    func children(of path: [UInt8]) throws(XenstoreError) -> [[UInt8]] {
        try client.directory(Self.text(path), in: transaction).map { Array($0.utf8) }
    }

    /// A node's permissions, as they are written: `n0`.
    func permissions(of path: [UInt8]) throws(XenstoreError) -> [[UInt8]] {
        try client.getPermissions(Self.text(path), in: transaction).map { entry in
            [entry.access.rawValue] + Array("\(entry.domain)".utf8)
        }
    }

    /// Sets permissions that are already as the wire has them: the server is the judge of domains.
    func setPermissions(_ path: [UInt8], _ entries: [[UInt8]]) throws(XenstoreError) {
        let payload = path + [0] + Array(entries.map { $0 + [0] }.joined())
        _ = try client.request(.setPermissions, in: transaction) { $0.put(payload) }
    }

    /// A path for the client. What is no UTF-8 is no path either, and stays none.
    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The path of a child.
    static func child(_ name: [UInt8], of path: [UInt8]) -> [UInt8] {
        (path == [UInt8(ascii: "/")] ? path : path + [UInt8(ascii: "/")]) + name
    }

    /// A path up to its last name, `/a` for `/a/b` and nothing for `/a`; nil when it has no slash.
    static func parent(of path: [UInt8]) -> [UInt8]? {
        path.lastIndex(of: UInt8(ascii: "/")).map { Array(path[..<$0]) }
    }
}

extension ToolSession {
    /// Does `body` in a transaction, again for as long as somebody else comes between; what it has written to the
    /// console is forgotten then. A failure of `body` ends the transaction without its changes.
    static func transaction(
        _ client: XenstoreClient, _ console: Console, _ body: (ToolSession) throws(ToolFailure) -> Void
    ) throws(ToolFailure) {
        while true {
            let transaction: XenstoreTransaction
            do throws(XenstoreError) {
                transaction = try client.startTransaction()
            } catch {
                throw ToolFailure("couldn't start transaction")
            }
            console.hold()
            var failure: ToolFailure?
            do throws(ToolFailure) {
                try body(ToolSession(client: client, transaction: transaction))
            } catch {
                failure = error
            }
            do throws(XenstoreError) {
                try client.endTransaction(transaction, commit: failure == nil)
            } catch {
                if failure == nil, error == .refused(.tryAgain) {
                    console.takeBack()
                    continue
                }
                console.keep()
                if let message = failure?.message { console.warn(message) }
                throw ToolFailure("couldn't end transaction")
            }
            console.keep()
            if let failure { throw failure }
            return
        }
    }
}

extension XenstoreError {
    /// The errno that the C library has for it.
    var errno: Int32 {
        switch self {
        case .refused(let code): code.errno
        case .argument(.tooLong): XenstoreErrorCode.tooBig.errno
        case .argument(.containsNUL): XenstoreErrorCode.invalid.errno
        case .transport(let error): error.code
        case .closed, .protocolFault: 9  // EBADF: the library has closed its own
        case .timeout: 110  // ETIMEDOUT
        }
    }

    /// Its words.
    var words: String { SystemError.text(of: errno) }
}
