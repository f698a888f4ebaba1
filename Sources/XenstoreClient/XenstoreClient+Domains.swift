// Domains: their homes, and what a toolstack tells the server of them (xenstored.md 3, 9).
// Not for: making domains; Xen itself is not asked.

internal import XenstoreWire

extension XenstoreClient {
    /// The home of a domain, which need not exist: `/local/domain/5`.
    public func getDomainPath(_ domain: UInt16) throws(XenstoreError) -> String {
        let reply = try request(.getDomainPath, strings: "\(domain)")
        guard let text = XenstoreText.one(reply.span) else { throw badReply(.getDomainPath) }
        return String(decoding: reply[text], as: UTF8.self)
    }

    /// Whether the server knows a domain. For privileged connections; throws `refused` with EACCES otherwise, as all
    /// that follow.
    public func isDomainIntroduced(_ domain: UInt16) throws(XenstoreError) -> Bool {
        let reply = try request(.isDomainIntroduced, strings: "\(domain)")
        switch reply {
        case [UInt8(ascii: "T"), 0]: return true
        case [UInt8(ascii: "F"), 0]: return false
        default: throw badReply(.isDomainIntroduced)
        }
    }

    /// Tells the server of a domain whose ring page is granted to it by reference 1, and whose event channel is `port`.
    /// `frame` is the page's own number, which servers do not look at. Told again, the ring begins anew. Throws
    /// `refused` with EINVAL when the domain's ring can't be had.
    public func introduce(_ domain: UInt16, frame: Int64, port: UInt32) throws(XenstoreError) {
        _ = try request(.introduce, strings: "\(domain)", "\(frame)", "\(port)")
    }

    /// Tells the server that a domain has gone: its ring is given back, its nodes are removed. Throws `refused` with
    /// ENOENT when it is not known.
    public func release(_ domain: UInt16) throws(XenstoreError) {
        _ = try request(.release, strings: "\(domain)")
    }

    /// Has the next shutdown of a domain reported again. Throws `refused` with ENOENT when it is not known.
    public func resume(_ domain: UInt16) throws(XenstoreError) {
        _ = try request(.resume, strings: "\(domain)")
    }

    /// Gives a domain, its device model's say, the rights of another one. Throws `refused` with ENOENT when one of them
    /// is not known.
    public func setTarget(of domain: UInt16, to target: UInt16) throws(XenstoreError) {
        _ = try request(.setTarget, strings: "\(domain)", "\(target)")
    }
}
