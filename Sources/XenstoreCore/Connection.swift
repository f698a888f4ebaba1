// One client: a socket or a ring, and what it has in the core.
// Not for: bytes of frames (the daemon's parser).

internal import XenstoreWire

/// A request as it came.
struct Frame {
    var header: XenstoreHeader
    var payload: [UInt8]
}

/// A client's state.
final class Connection {
    let id: ConnectionID
    /// The domain that it acts for: home, owner of what it makes, where its counts go.
    let domain: DomainRecord
    /// A socket, or the control domain's ring.
    let isPrivileged: Bool
    /// What relative paths stand below: `/local/domain/N`.
    let home: [UInt8]
    /// Set by SET_TARGET; void once a domain of that number has another epoch (xenstored.md 9.7).
    var target: (domain: UInt16, epoch: UInt64)?

    var output = OutputQueue()
    /// Bytes of replies that were taken and are not wholly sent.
    var sending: [Int] = []
    var watches: [WatchKey: Watch] = [:]
    var transactions: [UInt32: Transaction] = [:]
    var lastTransaction: UInt32 = 0

    /// Why no request is handled now.
    enum Wait {
        case introduction(of: UInt16, XenstoreHeader)
        case control(XenstoreHeader)
        case claim(on: [UInt8])
        /// That what has gone is counted off.
        case counts
    }
    var wait: Wait?
    /// Requests that came while it waited, oldest first.
    var held: [Frame] = []

    /// Whether it is not read as too many replies wait.
    var isPausedByReplies = false
    /// Failed attempts one after the other (xenstored.md 5.6).
    var chain: Chain?
    var claim: Claim?

    init(id: ConnectionID, domain: DomainRecord, isPrivileged: Bool) {
        self.id = id
        self.domain = domain
        self.isPrivileged = isPrivileged
        var home: [UInt8] = []
        XenstorePath.appendHome(of: domain.domain, to: &home)
        self.home = home
    }

    /// The guest's domain; nil for privileged connections.
    var guest: DomainRecord? { isPrivileged ? nil : domain }

    var eventLimit: EventLimit {
        isPrivileged ? .privileged : .guest(domain.quotas[.watchEvents])
    }

    /// Whether the connection has a feature (xenstored.md 8.2).
    func has(feature: UInt32) -> Bool { isPrivileged || domain.features & feature != 0 }
}
