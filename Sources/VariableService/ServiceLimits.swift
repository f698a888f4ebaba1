// How much and how long: the numbers of the variable service. Source: varstored.md 2, 13.4, 18.
// Not for: limits of variables and blobs (UEFIVariables).

/// The limits under which a guest is served; tests shorten the times.
public struct ServiceLimits: Equatable, Sendable {
    /// Writes to the backend that may follow each other at once, and nanoseconds until there may be one more.
    /// Source: varstored.md 13.4 (100 tokens, 2 per second).
    public var writeBurst = 100
    public var writeInterval: UInt64 = 500_000_000
    /// RSA verifications likewise. Source: varstored.md 7 (64 burst, 16 per second).
    public var verificationBurst = 64
    public var verificationInterval: UInt64 = 62_500_000
    /// Milliseconds that a guest waits for the backend, the wait for a token left out. Source: varstored.md 13.4.
    public var writeDeadline: Int32 = 10_000
    /// Milliseconds by which a write that nobody waits for is delayed. Source: varstored.md 13.4.
    public var coalescing: Int32 = 500
    /// Milliseconds until a failed write that nobody waits for is tried again: at first, and at most; it doubles.
    public var retryFirst: Int32 = 5_000
    public var retryMax: Int32 = 60_000
    /// Failures in a row after which nothing but a new change makes us try again.
    public var retries = 8
    /// Commands that one mapping of the guest's buffer serves. Source: varstored.md 2, rule 5.
    public var mappingUses = 64
    /// Milliseconds between two lines about string accesses. Source: varstored.md 2, rule 4.
    public var stringLineInterval: Int32 = 60_000

    /// Those of the specification.
    public static var standard: ServiceLimits { ServiceLimits() }

    /// The standard ones.
    public init() {}
}
