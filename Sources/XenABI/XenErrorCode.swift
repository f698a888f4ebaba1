// Errno as Xen and Linux number it, with names and meanings. The one table of them.
// Not for: the errnos of other architectures; x86 and Arm agree on all of these.

/// An errno as Xen and Linux number it on x86 and Arm. Open: a number without a name here survives.
/// Source: `xen/errno.h`; dmop.md section 19.
public struct XenErrorCode: RawRepresentable, Hashable, Sendable {
    public var rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }
    /// The code of this number, positive.
    public init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// `EPERM`: not permitted.
    public static let eperm = XenErrorCode(1)
    /// `ENOENT`: no such object.
    public static let enoent = XenErrorCode(2)
    /// `ESRCH`: no such domain.
    public static let esrch = XenErrorCode(3)
    /// `EINTR`: interrupted.
    public static let eintr = XenErrorCode(4)
    /// `EIO`: input/output error.
    public static let eio = XenErrorCode(5)
    /// `ENXIO`: no such device or address.
    public static let enxio = XenErrorCode(6)
    /// `E2BIG`: too many or too large.
    public static let e2big = XenErrorCode(7)
    /// `EAGAIN`: try again.
    public static let eagain = XenErrorCode(11)
    /// `ENOMEM`: out of memory.
    public static let enomem = XenErrorCode(12)
    /// `EACCES`: access denied.
    public static let eacces = XenErrorCode(13)
    /// `EFAULT`: bad address.
    public static let efault = XenErrorCode(14)
    /// `EBUSY`: busy.
    public static let ebusy = XenErrorCode(16)
    /// `EEXIST`: already exists.
    public static let eexist = XenErrorCode(17)
    /// `EXDEV`: belongs elsewhere.
    public static let exdev = XenErrorCode(18)
    /// `ENODEV`: no such device.
    public static let enodev = XenErrorCode(19)
    /// `EINVAL`: invalid argument.
    public static let einval = XenErrorCode(22)
    /// `ENOTTY`: no such call.
    public static let enotty = XenErrorCode(25)
    /// `EFBIG`: overflow.
    public static let efbig = XenErrorCode(27)
    /// `ENOSPC`: no room left.
    public static let enospc = XenErrorCode(28)
    /// `ERANGE`: out of range.
    public static let erange = XenErrorCode(34)
    /// `ENOSYS`: not implemented.
    public static let enosys = XenErrorCode(38)
    /// `ENODATA`: no data.
    public static let enodata = XenErrorCode(61)
    /// `EOVERFLOW`: number too large.
    public static let eoverflow = XenErrorCode(75)
    /// `EOPNOTSUPP`: not supported.
    public static let eopnotsupp = XenErrorCode(95)
    /// `EISCONN`: already connected.
    public static let eisconn = XenErrorCode(106)
    /// `ENOTCONN`: not connected.
    public static let enotconn = XenErrorCode(107)
    /// No answer in time: Linux', and the word of a sandbox that is stopped.
    public static let etimedout = XenErrorCode(110)
}

extension XenErrorCode {
    private var nameAndMeaning: (name: StaticString, meaning: StaticString)? {
        switch self {
        case .eperm: ("EPERM", "not permitted")
        case .enoent: ("ENOENT", "no such object")
        case .esrch: ("ESRCH", "no such domain")
        case .eintr: ("EINTR", "interrupted")
        case .eio: ("EIO", "input/output error")
        case .enxio: ("ENXIO", "no such device or address")
        case .e2big: ("E2BIG", "too many or too large")
        case .eagain: ("EAGAIN", "try again")
        case .enomem: ("ENOMEM", "out of memory")
        case .eacces: ("EACCES", "access denied")
        case .efault: ("EFAULT", "bad address")
        case .ebusy: ("EBUSY", "busy")
        case .eexist: ("EEXIST", "already exists")
        case .exdev: ("EXDEV", "belongs elsewhere")
        case .enodev: ("ENODEV", "no such device")
        case .einval: ("EINVAL", "invalid argument")
        case .enotty: ("ENOTTY", "no such call")
        case .efbig: ("EFBIG", "overflow")
        case .enospc: ("ENOSPC", "no room left")
        case .erange: ("ERANGE", "out of range")
        case .enosys: ("ENOSYS", "not implemented")
        case .enodata: ("ENODATA", "no data")
        case .eoverflow: ("EOVERFLOW", "number too large")
        case .eopnotsupp: ("EOPNOTSUPP", "not supported")
        case .eisconn: ("EISCONN", "already connected")
        case .enotconn: ("ENOTCONN", "not connected")
        case .etimedout: ("ETIMEDOUT", "timed out")
        default: nil
        }
    }

    /// The name in `errno.h`; "errno" for a number without a name here.
    public var name: StaticString { nameAndMeaning?.name ?? "errno" }

    /// What it means, in a few words.
    public var meaning: StaticString { nameAndMeaning?.meaning ?? "an error without a name here" }
}

extension XenErrorCode: CustomStringConvertible {
    /// "EPERM (not permitted)"; "errno 4711" for a number without a name here.
    public var description: String {
        nameAndMeaning != nil ? "\(name.description) (\(meaning.description))" : "errno \(rawValue)"
    }
}
