// What a toolstack may do instead of answering as it should, each by a name for scripts.
// Not for: doing it (FakeConnection).

/// A way to answer, good or bad.
public enum Misbehaviour: Equatable, Sendable {
    /// `none`: as it should.
    case none
    /// `spaced`: right, with white space and `<string>`, as XAPI itself may answer.
    case spaced
    /// `chunked`: right, in chunks of seven bytes.
    case chunked
    /// `no-length`: right, without Content-Length.
    case noLength
    /// `slow`: right, byte by byte.
    case slow
    /// `keeps-open`: right, and the connection stays open.
    case keepsOpen
    /// `silent`: takes the call, does nothing, never answers.
    case silent
    /// `deaf`: takes the connection, and reads nothing.
    case deaf
    /// `hang-up`: closes as soon as something comes, unread.
    case hangUp
    /// `empty`: does what it is asked for, and closes without an answer.
    case empty
    /// `cut:N`: closes after N bytes of the answer.
    case cut(Int)
    /// `stall:N`: sends N bytes of the answer, then nothing.
    case stall(Int)
    /// `long-length`, `short-length`: a Content-Length that is a byte too large, or ten too small.
    case longLength, shortLength
    /// `both-lengths`: Content-Length and chunks. `two-lengths`: two that differ.
    case bothLengths, twoLengths
    /// `huge-length`: a Content-Length of 2^64. `endless`: a body that never ends.
    case hugeLength, endless
    /// `status:N`: another HTTP status.
    case status(Int)
    /// `failure:CODE`: XAPI's own way to say no; nothing is done.
    case failure(String)
    /// `fault`: XML-RPC's way to say that the call made no sense; nothing is done.
    case fault
    /// `doctype`, `deep`, `garbage`: bodies that are no answer.
    case doctype, deep, garbage
    /// `bad-base64`: a map whose blob is not base64 text.
    case badBase64
    /// `empty-value`: success with an empty text, whatever was asked.
    case emptyValue

    private static let plain: [(String, Misbehaviour)] = [
        ("none", .none), ("spaced", .spaced), ("chunked", .chunked), ("no-length", .noLength), ("slow", .slow),
        ("keeps-open", .keepsOpen), ("silent", .silent), ("deaf", .deaf), ("hang-up", .hangUp), ("empty", .empty),
        ("long-length", .longLength), ("short-length", .shortLength), ("both-lengths", .bothLengths),
        ("two-lengths", .twoLengths), ("huge-length", .hugeLength), ("endless", .endless), ("fault", .fault),
        ("doctype", .doctype), ("deep", .deep), ("garbage", .garbage), ("bad-base64", .badBase64),
        ("empty-value", .emptyValue),
    ]

    /// The names, for a usage text.
    public static var names: [String] { plain.map(\.0) + ["cut:N", "stall:N", "status:N", "failure:CODE"] }

    /// By name; nil for one that there is not.
    public init?(named name: String) {
        if let found = Self.plain.first(where: { $0.0 == name }) {
            self = found.1
            return
        }
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch (parts[0], Int(parts[1])) {
        case ("cut", let count?) where count >= 0: self = .cut(count)
        case ("stall", let count?) where count >= 0: self = .stall(count)
        case ("status", let status?): self = .status(status)
        case ("failure", _): self = .failure(parts[1])
        default: return nil
        }
    }
}

/// When to answer in what way.
public struct Behaviour: Equatable, Sendable {
    /// The call that it is for; nil: all.
    public var method: String?
    /// What it does.
    public var misbehaviour: Misbehaviour
    /// How long it takes before the answer.
    public var delayMilliseconds: Int32
    /// How often; nil: always.
    public var count: Int?

    /// For one call, or for all, always or so many times.
    public init(
        _ misbehaviour: Misbehaviour, for method: String? = nil, delayMilliseconds: Int32 = 0, count: Int? = nil
    ) {
        self.method = method
        self.misbehaviour = misbehaviour
        self.delayMilliseconds = delayMilliseconds
        self.count = count
    }
}
