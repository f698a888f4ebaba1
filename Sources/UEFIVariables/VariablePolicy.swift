// What a host decides about a guest's variables before it starts. Source: varstored.md 1, 10.4, 12.3, 14.
// Not for: what a guest may decide.

/// The settings under which requests are decided. Source: varstored.md 1.
public struct VariablePolicy: Equatable, Sendable {
    /// Whether signatures and times are checked (`platform/auth-enforce`). Source: varstored.md 7, 12.3.
    public var enforcing: Bool
    /// The Secure Boot setting (`platform/secureboot`). Source: varstored.md 10.1, 12.3.
    public var secureBoot: Bool
    /// Whether changes are written to the backend; not with `--nonpersistent`.
    public var persistent: Bool
    /// Whether names of odd length or with a NUL are refused; not with `--relaxed-names`. Source: varstored.md 3.3.
    public var strictNames: Bool
    /// Whether it is an offline tool that asks, not a guest: no PPI lock, and deletions without a signature.
    /// Source: varstored.md 10.4, 14.5.
    public var isTool: Bool

    /// A guest's policy; by default the strictest.
    public init(
        enforcing: Bool = true, secureBoot: Bool = true, persistent: Bool = true, strictNames: Bool = true
    ) {
        self.enforcing = enforcing
        self.secureBoot = secureBoot
        self.persistent = persistent
        self.strictNames = strictNames
        isTool = false
    }

    /// The offline tools' policy: permissive, Secure Boot setting false. Source: varstored.md 14.
    public static var tool: VariablePolicy {
        var policy = VariablePolicy(enforcing: false, secureBoot: false)
        policy.isTool = true
        return policy
    }
}
