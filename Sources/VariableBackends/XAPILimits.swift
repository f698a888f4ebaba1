// How long a toolstack may take. Source: varstored.md 13.4.
// Not for: how often it is asked (VariableService).

/// Times in milliseconds.
public struct XAPILimits: Equatable, Sendable {
    /// For one call, from the moment that it is connected.
    public var callMilliseconds: Int32 = 5000
    /// For a write, or a notification, with all its calls.
    public var writeMilliseconds: Int32 = 10000
    /// For everything at the start.
    public var loadMilliseconds: Int32 = 20000
    /// Between two attempts to connect, where nobody listens.
    public var retryMilliseconds: Int32 = 250
    /// What the last call of a write, the logout, leaves of the time for it: the write is confirmed before whoever
    /// waits for it gives up.
    public var marginMilliseconds: Int32 = 500

    /// The times of varstored.md 13.4.
    public init() {}
}
