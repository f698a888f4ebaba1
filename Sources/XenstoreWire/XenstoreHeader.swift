// The 16 bytes before each payload (xenstored.md 1.1): four numbers in the machine's byte order, which is little-endian
// on every host that we support.
// Not for: payloads.

/// The header of a message (`xsd_sockmsg`).
public struct XenstoreHeader: Equatable, Sendable {
    /// What the message is.
    public var operation: XenstoreOperation
    /// The client's number of the request, which the reply repeats. Need not be unique. 0 in events.
    public var requestID: UInt32
    /// The transaction that the request belongs to; 0: none.
    public var transactionID: UInt32
    /// Bytes of payload that the sender has announced: up to 2^32-1, until somebody has compared it with the limit.
    public var payloadByteCount: UInt32

    /// A header of four numbers.
    public init(
        _ operation: XenstoreOperation, requestID: UInt32, transactionID: UInt32 = 0, payloadByteCount: UInt32 = 0
    ) {
        self.operation = operation
        self.requestID = requestID
        self.transactionID = transactionID
        self.payloadByteCount = payloadByteCount
    }

    /// Reads the 16 bytes from `offset` on; nil when there are fewer.
    public init?(from bytes: Span<UInt8>, at offset: Int = 0) {
        if offset < 0 || bytes.count - offset < XenstoreLimits.headerByteCount { return nil }
        operation = XenstoreOperation(rawValue: Self.number(bytes, offset))
        requestID = Self.number(bytes, offset + 4)
        transactionID = Self.number(bytes, offset + 8)
        payloadByteCount = Self.number(bytes, offset + 12)
    }

    /// Whether the payload is longer than any may be. A server closes the connection then.
    public var isTooLong: Bool { payloadByteCount > UInt32(XenstoreLimits.payloadByteCount) }

    private static func number(_ bytes: Span<UInt8>, _ offset: Int) -> UInt32 {
        UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
            | UInt32(bytes[offset + 3]) << 24
    }
}
