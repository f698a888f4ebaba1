// Messages into bytes: requests, replies, refusals, events.
// Not for: sending them.

/// Writes messages, one behind the other, into one array.
public struct XenstoreWriter: Sendable {
    /// The messages that were written, and what is there of the one under way.
    public private(set) var bytes: [UInt8] = []
    /// Where the message under way begins.
    private var start = 0

    /// Nothing yet.
    public init() {}

    /// Forgets the messages, and keeps the room.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        start = 0
    }

    /// Forgets the first bytes, which were sent. Not while a message is under way.
    public mutating func removeFirst(_ count: Int) {
        bytes.removeFirst(min(max(0, count), bytes.count))
        start = bytes.count
    }

    /// Begins a message: its header; `end` fills its length in.
    public mutating func begin(_ operation: XenstoreOperation, requestID: UInt32, transactionID: UInt32 = 0) {
        start = bytes.count
        put32(operation.rawValue)
        put32(requestID)
        put32(transactionID)
        put32(0)
    }

    /// Bytes of payload that the message under way has.
    public var payloadByteCount: Int { max(0, bytes.count - start - XenstoreLimits.headerByteCount) }

    /// Ends the message. False when its payload is longer than 4096 bytes: it is as if it had not been begun; and when
    /// none was.
    public mutating func end() -> Bool {
        let count = bytes.count - start - XenstoreLimits.headerByteCount
        guard count >= 0, count <= XenstoreLimits.payloadByteCount else {
            abandon()
            return false
        }
        for index in 0..<4 { bytes[start + 12 + index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
        start = bytes.count
        return true
    }

    /// Takes the message under way back.
    public mutating func abandon() { bytes.removeLast(bytes.count - start) }

    /// A byte.
    public mutating func put(_ byte: UInt8) { bytes.append(byte) }

    /// Bytes as they are.
    public mutating func put(_ more: Span<UInt8>) {
        bytes.reserveCapacity(bytes.count + more.count)
        for index in more.indices { bytes.append(more[index]) }
    }

    /// Bytes as they are.
    public mutating func put(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    /// A text as it is, without a NUL.
    public mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// A text and its NUL.
    public mutating func putString(_ text: String) {
        put(text)
        bytes.append(0)
    }

    /// Bytes of a text, and its NUL.
    public mutating func putString(_ text: [UInt8]) {
        put(text)
        bytes.append(0)
    }

    /// A number in decimal digits, without a NUL.
    public mutating func putDecimal(_ number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            bytes.append(48 + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    private mutating func put32(_ number: UInt32) {
        for index in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(8 * index))) }
    }
}

extension XenstoreWriter {
    /// The reply `OK` to a request.
    public mutating func acknowledge(_ request: XenstoreHeader) {
        begin(request.operation, requestID: request.requestID, transactionID: request.transactionID)
        putString("OK")
        _ = end()
    }

    /// The refusal of a request.
    public mutating func refuse(_ request: XenstoreHeader, _ code: XenstoreErrorCode) {
        begin(.error, requestID: request.requestID, transactionID: request.transactionID)
        putString(code.name)
        _ = end()
    }

    /// A reply to a request; one that is longer than 4096 bytes becomes the refusal `E2BIG` (xenstored.md 1.2).
    public mutating func reply(to request: XenstoreHeader, _ body: (inout XenstoreWriter) -> Void) {
        begin(request.operation, requestID: request.requestID, transactionID: request.transactionID)
        body(&self)
        if !end() { refuse(request, .tooBig) }
    }

    /// An event of a watch. False when path and token are too long together: nothing is written.
    public mutating func event(path: Span<UInt8>, token: Span<UInt8>) -> Bool {
        begin(.watchEvent, requestID: 0)
        put(path)
        put(0)
        put(token)
        put(0)
        return end()
    }
}
