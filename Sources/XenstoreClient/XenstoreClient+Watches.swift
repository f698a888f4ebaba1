// Watches: asking for events, and taking them (xenstored.md 4).
// Not for: what an event means; a watch may fire without cause, and for a path above the one that changed.

public import SystemCalls
public import XenstoreWire

extension XenstoreClient {
    /// Asks for events of a path and of what lies up to `depth` levels below it; all below it without one. The first
    /// event comes at once, without a change. `token` comes back with each. Of `@releaseDomain` and `@introduceDomain`
    /// a depth of 1 tells which domain it is: `@releaseDomain/5`. Throws `refused` with EEXIST when path and token are
    /// registered already, and with EINVAL when the server knows no depths: `features` has no `watchDepth` then.
    public func watch(_ path: String, token: String, depth: UInt16? = nil) throws(XenstoreError) {
        if let depth {
            _ = try request(.watch, strings: path, token, "\(depth)")
        } else {
            _ = try request(.watch, strings: path, token)
        }
    }

    /// Ends a watch. Throws `refused` with ENOENT when there is none, which the kernel's device does not tell. Its
    /// events that were not taken yet are forgotten.
    public func unwatch(_ path: String, token: String) throws(XenstoreError) {
        _ = try request(.unwatch, strings: path, token)
        // A token may stand for watches of several paths, none of which should lie below another: those events stay
        // that are not below this one.
        let path = Array(path.utf8)
        let token = Array(token.utf8)
        connection.forgetEvents { $0.token == token && Self.isAtOrBelow($0.path, path) }
    }

    /// Ends all watches and all transactions of the connection; events that were not taken yet are forgotten. Throws
    /// `refused` with ENOSYS by servers that are older than the operation.
    public func resetWatches() throws(XenstoreError) {
        _ = try request(.resetWatches, strings: "")
        connection.forgetEvents { _ in true }
    }

    /// Whether events came that were not taken yet.
    public var hasEvents: Bool { connection.keptEventCount > 0 }

    /// The next event; nil when there is none now. Never waits.
    public func nextEvent() throws(XenstoreError) -> XenstoreWatchEvent? {
        try connection.event(deadline: MonotonicTime(nanoseconds: 0))
    }

    /// The next event; waits for it until a moment, and answers nil then.
    public func nextEvent(until deadline: MonotonicTime) throws(XenstoreError) -> XenstoreWatchEvent? {
        try connection.event(deadline: deadline)
    }

    private static func isAtOrBelow(_ path: [UInt8], _ top: [UInt8]) -> Bool {
        if top == [UInt8(ascii: "/")] { return path.first == UInt8(ascii: "/") }
        return path.starts(with: top) && (path.count == top.count || path[top.count] == UInt8(ascii: "/"))
    }
}
