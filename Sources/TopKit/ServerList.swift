// `corbel servers` in words and in JSON, and when a server may be destroyed.

public import DaemonShell

extension DomainServers {
    /// A line for each server.
    public var lines: [String] {
        if servers.isEmpty { return ["domain \(domain) has no ioreq servers of this domain's"] }
        return servers.map { id, owner in "domain \(domain)  server \(id)  \(owner.words)" }
    }

    /// One line of JSON.
    public var json: String {
        let list = servers.map { id, owner in
            let isKnown = owner.kind != .unknown
            return """
                {"id":\(id),"owner":\(jsonString(owner.kind.word)),\
                "program":\(isKnown ? jsonString(owner.program) : "null"),\
                "pid":\(isKnown ? "\(owner.processID)" : "null")}
                """
        }
        return "{\"domain\":\(domain),\"servers\":[\(list.joined(separator: ","))]}"
    }

    /// Why a server is not destroyed; nil when it may be.
    public func refusal(toDestroy id: UInt16, force: Bool) -> String? {
        guard let owner = servers.first(where: { $0.id == id })?.owner else {
            return "domain \(domain) has no ioreq server \(id) of this domain's"
        }
        if force { return nil }
        return switch owner.kind {
        case .gone: nil
        case .live:
            """
            ioreq server \(id) of domain \(domain) is in use by \(owner.words): end that program instead. \
            (--force destroys the server all the same)
            """
        case .unknown:
            """
            nobody knows whose ioreq server \(id) of domain \(domain) is. QEMU's look the same, and a guest does not \
            survive the loss of its QEMU's. If domain \(domain) has no QEMU, or its QEMU is gone: --force
            """
        }
    }
}

extension ServerOwner.Kind {
    /// A word for JSON.
    public var word: String {
        switch self {
        case .live: "live"
        case .gone: "gone"
        case .unknown: "unknown"
        }
    }
}
