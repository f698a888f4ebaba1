// The quotas that new domains get, for options of the daemon (xenstored.md 14.1).
// Not for: requests (XenstoreCore+Settings).

extension XenstoreCore {
    /// Sets a quota of domains that become known from now on, and of nobody else; 0 is unlimited. Names are those of
    /// xenstored.md 7.1. False: there is none of that name.
    public func setDefaultQuota(_ name: String, to value: Int) -> Bool {
        let bytes = Array(name.utf8)
        guard value >= 0, let quota = Quota(bytes, 0..<bytes.count) else { return false }
        defaultQuotas[quota] = value
        return true
    }
}
