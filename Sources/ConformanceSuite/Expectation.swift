// What a step answers, what it should answer, and where another release of Xen answers something else.
// Not for: how a step is done (Step).

public import HypervisorModel
public import XenABI

/// What came of a step.
public enum Answer: Hashable, Sendable {
    /// It succeeded, with this number: 0, an id, a port, a value that was read.
    case value(UInt64)
    /// Numbers: of several frames, slots, bytes.
    case values([UInt64])
    /// It was refused.
    case error(XenErrorCode)
    /// Something else happened, in words.
    case other(String)
}

extension Answer: CustomStringConvertible {
    /// For the reader of a failure.
    public var description: String {
        switch self {
        case .value(let number): Value.text(number)
        case .values(let numbers): "[" + numbers.map(Value.text).joined(separator: ", ") + "]"
        case .error(let code): Wanted.name(code)
        case .other(let text): text
        }
    }
}

/// What a step should answer.
public enum Wanted: Hashable, Sendable {
    /// Success with this number.
    case value(Value)
    /// Success with these numbers.
    case values([Value])
    /// Success, whatever the number.
    case success
    /// This error.
    case error(XenErrorCode)
    /// Words.
    case text(String)
    /// One of these.
    case oneOf([Wanted])
}

extension Wanted: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
    /// This number.
    public init(integerLiteral value: UInt64) { self = .value(.number(value)) }
    /// What this name stands for.
    public init(stringLiteral text: String) { self = .value(Value(stringLiteral: text)) }
    /// These numbers.
    public init(arrayLiteral elements: Value...) { self = .values(elements) }
}

extension Wanted {
    /// The error of this name.
    public static let eperm = Wanted.error(.eperm), enoent = Wanted.error(.enoent), esrch = Wanted.error(.esrch)
    /// The error of this name.
    public static let e2big = Wanted.error(.e2big), eagain = Wanted.error(.eagain), enomem = Wanted.error(.enomem)
    /// The error of this name.
    public static let eacces = Wanted.error(.eacces), efault = Wanted.error(.efault), ebusy = Wanted.error(.ebusy)
    /// The error of this name.
    public static let eexist = Wanted.error(.eexist), exdev = Wanted.error(.exdev), einval = Wanted.error(.einval)
    /// The error of this name.
    public static let enotty = Wanted.error(.enotty), efbig = Wanted.error(.efbig), enospc = Wanted.error(.enospc)
    /// The error of this name.
    public static let erange = Wanted.error(.erange), enosys = Wanted.error(.enosys), enodata = Wanted.error(.enodata)
    /// The error of this name.
    public static let eoverflow = Wanted.error(.eoverflow), eopnotsupp = Wanted.error(.eopnotsupp)
    /// The error of this name.
    public static let enotconn = Wanted.error(.enotconn), eisconn = Wanted.error(.eisconn)

    /// `EINVAL`, or `errno 71` where the suite has no name for it.
    static func name(_ code: XenErrorCode) -> String {
        let name = code.name.description
        return name == "errno" ? "errno \(code.rawValue)" : name
    }

    /// Whether an answer is what was wanted, with names resolved by `number`.
    func matches(_ answer: Answer, _ number: (Value) -> UInt64?) -> Bool {
        switch (self, answer) {
        case (.value(let wanted), .value(let got)): number(wanted) == got
        case (.values(let wanted), .values(let got)): wanted.map(number) == got.map { Optional($0) }
        case (.success, .value), (.success, .values): true
        case (.error(let wanted), .error(let got)): wanted == got
        case (.text(let wanted), .other(let got)): wanted == got
        case (.oneOf(let choices), _): choices.contains { $0.matches(answer, number) }
        default: false
        }
    }
}

extension Wanted: CustomStringConvertible {
    /// `0`, `EINVAL`, `[A, 2]`, `0 or ENOENT`.
    public var description: String {
        switch self {
        case .value(let value): value.description
        case .values(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .success: "success"
        case .error(let code): Self.name(code)
        case .text(let text): text
        case .oneOf(let choices): choices.map(\.description).joined(separator: " or ")
        }
    }
}

/// Where something else is to be expected.
public enum Circumstance: Hashable, Sendable {
    /// Releases before this one.
    case before(Release.Version)
    /// This release, and all after it.
    case from(Release.Version)
    /// Releases without the fix of XSA-506.
    case withoutXSA506
    /// The model and the sandbox, not real Xen: an explained difference (Documentation/conformance.md).
    case sandbox

    /// How much it covers, to tell which of two is the narrower.
    fileprivate var breadth: Int {
        switch self {
        case .sandbox: 0
        case .before(let version): 1 + Int(version.rawValue)
        case .from(let version): 256 - Int(version.rawValue)
        case .withoutXSA506: 512
        }
    }

    /// Whether it holds.
    func holds(_ release: Release, isRealXen: Bool) -> Bool {
        switch self {
        case .before(let version): release.version < version
        case .from(let version): release.version >= version
        case .withoutXSA506: !release.hasXSA506
        case .sandbox: !isRealXen
        }
    }
}

extension Circumstance: CustomStringConvertible {
    /// `before 4.15`, `4.18 on`.
    public var description: String {
        switch self {
        case .before(let version): "before \(version.name)"
        case .from(let version): "\(version.name) on"
        case .withoutXSA506: "without XSA-506"
        case .sandbox: "sandbox"
        }
    }
}

/// What a step should answer on each release.
public struct Expectation: Hashable, Sendable {
    /// Where no exception holds.
    public var standard: Wanted
    /// The narrowest that holds is what counts.
    public var exceptions: [Exception] = []

    /// One exception.
    public struct Exception: Hashable, Sendable {
        /// Where.
        public var circumstance: Circumstance
        /// What is to be expected there.
        public var wanted: Wanted
    }

    /// The same on all releases.
    public init(_ standard: Wanted) { self.standard = standard }

    /// What is to be expected here.
    public func wanted(_ release: Release, isRealXen: Bool) -> Wanted {
        exceptions.filter { $0.circumstance.holds(release, isRealXen: isRealXen) }
            .min { $0.circumstance.breadth < $1.circumstance.breadth }?.wanted ?? standard
    }
}

extension Expectation: CustomStringConvertible {
    /// `EINVAL (before 4.15: 0)`.
    public var description: String {
        guard !exceptions.isEmpty else { return standard.description }
        let others = exceptions.map { "\($0.circumstance): \($0.wanted)" }.joined(separator: "; ")
        return "\(standard) (\(others))"
    }
}
