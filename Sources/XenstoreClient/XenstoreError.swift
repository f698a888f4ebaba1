// What may go wrong between a client and a Xenstore server.
// Not for: the names on the wire (XenstoreErrorCode).

public import SystemCalls
public import XenstoreWire

/// Why a call of a `XenstoreClient` failed. After `refused`, `argument` and most timeouts the connection goes on; after
/// anything else it is over, and each later call throws the same again.
public enum XenstoreError: Error, Equatable, Sendable {
    /// The server's answer, by its name: ENOENT and the like.
    case refused(XenstoreErrorCode)
    /// An argument that can't be sent.
    case argument(XenstoreArgumentFault)
    /// A system call on the connection failed.
    case transport(SystemError)
    /// The server has closed the connection.
    case closed
    /// The server said what no server may say.
    case protocolFault(XenstoreProtocolFault)
    /// The server did not answer in time.
    case timeout
}

/// What is wrong with an argument.
public enum XenstoreArgumentFault: Equatable, Sendable {
    /// A NUL in a text, which would end it.
    case containsNUL
    /// The request is longer than may be: 4096 bytes of payload by a socket, 4080 by the kernel's device.
    case tooLong
}

/// What a server did that is against the protocol.
public enum XenstoreProtocolFault: Equatable, Sendable {
    /// A message with this many bytes of payload.
    case payloadTooLong(UInt32)
    /// A reply to no request of ours, with this number.
    case unknownReply(requestID: UInt32)
    /// A reply to another operation than the one asked for.
    case wrongOperation(XenstoreOperation)
    /// An event that is not a path and a token.
    case badEvent
    /// A reply that does not read as its operation's do.
    case badReply(XenstoreOperation)
    /// More events than anybody will read: 65536, or 16 MiB.
    case tooManyEvents
}

extension XenstoreError: CustomStringConvertible {
    /// Such as `xenstore: ENOENT`.
    public var description: String {
        switch self {
        case .refused(let code): "xenstore: \(code.name)"
        case .argument(.containsNUL): "xenstore: a NUL in an argument"
        case .argument(.tooLong): "xenstore: an argument is too long"
        case .transport(let error): "xenstore: \(error)"
        case .closed: "xenstore: the server has closed the connection"
        case .protocolFault(let fault): "xenstore: \(fault)"
        case .timeout: "xenstore: no answer in time"
        }
    }
}

extension XenstoreProtocolFault: CustomStringConvertible {
    /// Such as `a message of 5000 bytes`.
    public var description: String {
        switch self {
        case .payloadTooLong(let count): "a message of \(count) bytes"
        case .unknownReply(let number): "a reply to request \(number), which nobody made"
        case .wrongOperation(let operation): "a reply to operation \(operation.rawValue), which was not asked for"
        case .badEvent: "an event without a path and a token"
        case .badReply(let operation): "a reply to \(operation.name) that does not read as one"
        case .tooManyEvents: "too many events"
        }
    }
}
