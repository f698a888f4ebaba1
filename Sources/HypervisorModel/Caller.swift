// Where a call comes from. It is a property of the caller, never of the operation. dmop.md sections 1.2 and 1.7.

public import XenABI

/// The domain that makes a call, and what Xen lets it do.
public struct Caller: Hashable, Sendable {
    /// What a domain may do to others.
    public enum Privilege: Hashable, Sendable {
        /// A control domain: dom0. Everything.
        case control
        /// The domain that Xen has registered as the device-model domain of one other: a stub domain.
        case deviceModel(of: DomainID)
        /// An ordinary guest.
        case none
    }

    /// The calling domain.
    public let domain: DomainID
    /// What it may do.
    public let privilege: Privilege

    /// A caller.
    public init(_ domain: DomainID, _ privilege: Privilege) {
        self.domain = domain
        self.privilege = privilege
    }

    /// Dom0.
    public static let control = Caller(DomainID(0), .control)

    /// Whether Xen's security module lets the caller work on the target (row 7 of dmop.md section 1.2).
    public func mayControl(_ target: DomainID) -> Bool {
        switch privilege {
        case .control: true
        case .deviceModel(let served): served == target
        case .none: false
        }
    }
}
