// The one error of everything that asks Xen or its drivers for something.
// Not for: malformed bytes (see LayoutError).

/// A failed call: why, which call, on which domain, about which value. Two errors are equal when their codes are.
public struct XenError: Error, Equatable, Sendable {
    /// Why: Xen's or the kernel's errno.
    public var code: XenErrorCode
    /// Which call, by the name that Xen's headers give it: `create_ioreq_server`, `IOCTL_EVTCHN_NOTIFY`.
    public var call: StaticString
    /// The domain that the call was about, where there is one.
    public var domain: DomainID?
    /// The value that was refused, where one is to blame: a server id, a port, an address.
    public var value: UInt64?
    /// How much was done before the failure, where a large call was split: frames or extents, as the method says.
    public var completed: Int?

    /// The failure of `call`, about a domain and a value where they are known.
    public init(_ code: XenErrorCode, _ call: StaticString, domain: DomainID? = nil, value: UInt64? = nil) {
        self.code = code
        self.call = call
        self.domain = domain
        self.value = value
    }

    public static func == (left: XenError, right: XenError) -> Bool { left.code == right.code }
}

extension XenError: CustomStringConvertible {
    /// "create_ioreq_server on domain 5: EPERM (not permitted), value 0x2".
    public var description: String {
        var text = call.description
        if let domain { text += " on domain \(domain.rawValue)" }
        text += ": " + code.description
        if let value { text += ", value 0x" + String(value, radix: 16) }
        if let completed { text += " (after \(completed))" }
        return text
    }
}
