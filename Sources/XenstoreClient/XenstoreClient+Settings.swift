// Settings of the server: features, quotas, and commands to it (xenstored.md 3, operations 0 and 23 to 26).
// Not for: what the commands are (xenstored.md 12).

internal import XenstoreWire

/// What a server lets a connection use beyond the oldest protocol (xenstored.md 8.2). Unknown bits survive.
public struct XenstoreFeatures: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A guest may have its ring connected anew.
    public static let reconnection = XenstoreFeatures(rawValue: 1)
    /// Errors of the ring are told in its page.
    public static let ringErrors = XenstoreFeatures(rawValue: 2)
    /// WATCH takes a depth.
    public static let watchDepth = XenstoreFeatures(rawValue: 4)
    /// A permission may name every domain, `XenstorePermission.anyDomain`.
    public static let anyDomain = XenstoreFeatures(rawValue: 8)
}

extension XenstoreClient {
    /// What the server lets a domain use; without one, this connection. Throws `refused` with ENOSYS by servers that
    /// are older than the operation, with EACCES when a guest names a domain, with ENOENT when there is no such domain.
    public func features(of domain: UInt16? = nil) throws(XenstoreError) -> XenstoreFeatures {
        let reply: [UInt8]
        if let domain {
            reply = try request(.getFeature, strings: "\(domain)")
        } else {
            reply = try request(.getFeature) { _ in }
        }
        return XenstoreFeatures(rawValue: UInt32(try number(in: reply, max: UInt64(UInt32.max), of: .getFeature)))
    }

    /// Sets what a domain may use, before it is introduced. Throws `refused` with EBUSY when it is already, with EINVAL
    /// for a feature that the server has not.
    public func setFeatures(_ features: XenstoreFeatures, of domain: UInt16) throws(XenstoreError) {
        _ = try request(.setFeature, strings: "\(domain)", "\(features.rawValue)")
    }

    /// The names of all quotas, in the server's order.
    public func quotaNames() throws(XenstoreError) -> [String] {
        let reply = try request(.getQuota) { _ in }
        guard let text = XenstoreText.one(reply.span) else { throw badReply(.getQuota) }
        return reply[text].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A quota of a domain; without one, the quota that domains get. 0: there is no limit. Throws `refused` with
    /// EINVAL for an unknown name, with ENOENT when there is no such domain.
    public func quota(_ name: String, of domain: UInt16? = nil) throws(XenstoreError) -> UInt32 {
        let reply: [UInt8]
        if let domain {
            reply = try request(.getQuota, strings: "\(domain)", name)
        } else {
            reply = try request(.getQuota, strings: name)
        }
        return UInt32(try number(in: reply, max: UInt64(UInt32.max), of: .getQuota))
    }

    /// Sets a quota of a domain; without one, the quota of domains that the server does not know yet. 0: no limit;
    /// 2147483647 at most. Throws as `quota` does.
    public func setQuota(_ name: String, to limit: UInt32, of domain: UInt16? = nil) throws(XenstoreError) {
        if let domain {
            _ = try request(.setQuota, strings: "\(domain)", name, "\(limit)")
        } else {
            _ = try request(.setQuota, strings: name, "\(limit)")
        }
    }

    /// Gives the server a command, a word and its parameters, and answers its text, without the NUL. Throws `refused`
    /// with EINVAL for a command that the server has not, or whose parameters are wrong.
    public func control(_ words: [String]) throws(XenstoreError) -> [UInt8] {
        for word in words { try Self.check(word) }
        var reply = try request(.control) { writer in
            for word in words { writer.putString(word) }
        }
        if reply.last == 0 { reply.removeLast() }
        return reply
    }

    private func number(
        in reply: [UInt8], max: UInt64, of operation: XenstoreOperation
    ) throws(XenstoreError) -> UInt64 {
        guard let text = XenstoreText.one(reply.span), let number = XenstoreText.number(reply.span, text, max: max)
        else { throw badReply(operation) }
        return number
    }
}
