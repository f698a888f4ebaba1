// The names that a refusal may have on the wire (xenstored.md 1.5), and the errno of each.
// Not for: errors of the connection.

/// Why a server refuses a request. Only these names may be sent; everything else inside a server is sent as `EINVAL`,
/// and clients take a name that they don't know for `EINVAL`.
public enum XenstoreErrorCode: UInt8, CaseIterable, Sendable {
    /// EINVAL: a request that makes no sense.
    case invalid
    /// EACCES: not permitted, or not to be seen.
    case access
    /// EEXIST: there already.
    case exists
    /// EISDIR.
    case isDirectory
    /// ENOENT: no such node, transaction, watch or domain.
    case notFound
    /// ENOMEM: no memory; the transaction has failed.
    case noMemory
    /// ENOSPC: a quota is reached.
    case noSpace
    /// EIO: the server has failed.
    case inputOutput
    /// ENOTEMPTY.
    case notEmpty
    /// ENOSYS: an operation that the server has not.
    case notImplemented
    /// EROFS.
    case readOnly
    /// EBUSY.
    case busy
    /// EAGAIN: the transaction came into conflict with somebody else's change; it may be tried again.
    case tryAgain
    /// EISCONN.
    case isConnected
    /// E2BIG: the reply would be longer than 4096 bytes.
    case tooBig
    /// EPERM.
    case notPermitted

    /// The name on the wire: `ENOENT`.
    public var name: String {
        switch self {
        case .invalid: "EINVAL"
        case .access: "EACCES"
        case .exists: "EEXIST"
        case .isDirectory: "EISDIR"
        case .notFound: "ENOENT"
        case .noMemory: "ENOMEM"
        case .noSpace: "ENOSPC"
        case .inputOutput: "EIO"
        case .notEmpty: "ENOTEMPTY"
        case .notImplemented: "ENOSYS"
        case .readOnly: "EROFS"
        case .busy: "EBUSY"
        case .tryAgain: "EAGAIN"
        case .isConnected: "EISCONN"
        case .tooBig: "E2BIG"
        case .notPermitted: "EPERM"
        }
    }

    /// The errno as Linux numbers it.
    public var errno: Int32 {
        switch self {
        case .invalid: 22
        case .access: 13
        case .exists: 17
        case .isDirectory: 21
        case .notFound: 2
        case .noMemory: 12
        case .noSpace: 28
        case .inputOutput: 5
        case .notEmpty: 39
        case .notImplemented: 38
        case .readOnly: 30
        case .busy: 16
        case .tryAgain: 11
        case .isConnected: 106
        case .tooBig: 7
        case .notPermitted: 1
        }
    }

    /// The code with an errno; nil when none has.
    public init?(errno: Int32) {
        for code in Self.allCases where code.errno == errno {
            self = code
            return
        }
        return nil
    }

    /// Reads the payload of an ERROR message: a name and its NUL. `invalid` for what is no name, or unknown.
    public init(payload: Span<UInt8>) {
        self = .invalid
        guard let text = XenstoreText.string(in: payload, from: 0) else { return }
        for code in Self.allCases where XenstoreText.equals(payload, text, code.name) {
            self = code
            return
        }
    }
}
