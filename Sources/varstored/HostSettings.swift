// The host's settings for this guest: the Xenstore's nodes, or options instead. Source: varstored.md 12.3.
// Not for: talking to the Xenstore (XenstoreClient).

/// Settings that the host makes before the guest starts.
struct HostSettings: Equatable {
    /// The Secure Boot setting: exactly `true`.
    var secureBoot: Bool
    /// Whether signatures are checked: unless it is exactly `false`.
    var enforcing: Bool

    /// The settings of these nodes, nil when there is none; an option is stronger.
    init(secureBootNode: [UInt8]?, enforceNode: [UInt8]?, _ options: Options) {
        secureBoot = options.secureBoot ?? (secureBootNode == Array("true".utf8))
        enforcing = options.enforcing ?? (enforceNode != Array("false".utf8))
    }

    /// Nodes of a domain.
    static func secureBootNode(_ domain: UInt16) -> String { "/local/domain/\(domain)/platform/secureboot" }
    static func enforceNode(_ domain: UInt16) -> String { "/local/domain/\(domain)/platform/auth-enforce" }
    static func pidNode(_ domain: UInt16) -> String { "/local/domain/\(domain)/varstored-pid" }
}
