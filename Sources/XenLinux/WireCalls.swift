// ioctl with the ABI's structures, and what it answers as the platform's error.
// Not for: arguments with addresses in them (see PrivilegedCommands).

internal import SystemCalls
internal import XenABI

extension OwnedDescriptor {
    /// Bytes of the largest structure that is exchanged.
    private static var argumentBytesMax: Int { 48 }

    /// One ioctl; the structure is replaced by what the driver left in it. Allocates nothing.
    func exchange<Argument: WireLayout>(
        _ request: UInt32, _ argument: inout Argument
    ) throws(SystemError) -> Int32 {
        precondition(Argument.byteCount <= Self.argumentBytesMax, "a structure without room")
        var bytes: [48 of UInt8] = .init(repeating: 0)
        var span = bytes.mutableSpan
        argument.encode(into: &span)
        let answer = try control(request, &span)
        argument = Argument(trusting: bytes.span)
        return answer
    }

    /// One ioctl that only reads its structure. Allocates nothing.
    func send<Argument: WireLayout>(_ request: UInt32, _ argument: Argument) throws(SystemError) -> Int32 {
        var argument = argument
        return try exchange(request, &argument)
    }
}

extension XenError {
    /// The kernel's or Xen's answer to a call; they share their numbers (dmop.md section 19).
    init(_ error: SystemError, _ call: StaticString, domain: DomainID? = nil, value: UInt64? = nil) {
        self.init(XenErrorCode(error.code), call, domain: domain, value: value)
    }
}
