// Which Xen the model imitates: a value that changes exactly what changed in Xen. dmop.md section 14.
// Not for: Linux' versions.

/// A release of Xen, by the behaviours that its device-model operations have. Source: dmop.md section 14.
public struct Release: Hashable, Sendable {
    /// The releases in which something changed for callers.
    public enum Version: UInt8, Comparable, CaseIterable, Sendable {
        /// A release of Xen that differs from the one before in what a device model sees.
        case v4_9_0, v4_11, v4_14, v4_15, v4_17, v4_18, v4_20, v4_21, v4_22

        public static func < (left: Version, right: Version) -> Bool { left.rawValue < right.rawValue }

        /// As users write it: `4.17`.
        public var name: String {
            switch self {
            case .v4_9_0: "4.9.0"
            case .v4_11: "4.11"
            case .v4_14: "4.14"
            case .v4_15: "4.15"
            case .v4_17: "4.17"
            case .v4_18: "4.18"
            case .v4_20: "4.20"
            case .v4_21: "4.21"
            case .v4_22: "4.22"
            }
        }
    }

    /// The version.
    public var version: Version
    /// Whether the security fix XSA-506 is in it: `nr_bufs` 0 is ENODATA, op 11 wants exactly two buffers.
    public var hasXSA506: Bool

    /// A release; `4.17` without more has the fix, as its point releases since 4.17.7 do.
    public init(_ version: Version, hasXSA506: Bool? = nil) {
        self.version = version
        self.hasXSA506 = hasXSA506 ?? (version >= .v4_17)
    }

    /// What the model imitates unless told otherwise.
    public static let standard = Release(.v4_17)

    /// Reads `4.17`, `4.14+xsa506` or `4.17-xsa506`; nil for anything else.
    public init?(_ text: String) {
        let fix: Bool? = text.hasSuffix("+xsa506") ? true : text.hasSuffix("-xsa506") ? false : nil
        let name = fix == nil ? text : String(text.dropLast(7))
        guard let version = Version.allCases.first(where: { $0.name == name }) else { return nil }
        self.init(version, hasXSA506: fix)
    }
}

extension Release: CustomStringConvertible {
    /// As `init(_:)` reads it.
    public var description: String {
        if self == Release(version) { return version.name }
        return version.name + (hasXSA506 ? "+xsa506" : "-xsa506")
    }
}
