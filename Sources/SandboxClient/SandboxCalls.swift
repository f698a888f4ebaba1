// DM_OP, restriction and domain states over the sandbox' socket. dmop.md sections 9.1, 9.3 and 12.

internal import SandboxWire
internal import XenABI
internal import XenPlatform

/// Device-model operations.
final class SandboxCalls: DeviceModelCalls {
    private let connection: SandboxConnection

    init(_ connection: SandboxConnection) { self.connection = connection }

    func dmOp(
        _ domain: DomainID, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(XenError) {
        // Where the buffers lie is nothing to the sandbox, as long as it could be in a process.
        var buffers = [Self.buffer(operation.span, at: 0x1000)]
        if !data.isEmpty { buffers.append(Self.buffer(data.span, at: 0x3000)) }
        let answer = try connection.askPatiently(.dmOp, DeviceModelCall(domain, buffers))
        let written: DeviceModelAnswer = try connection.read(answer.body)
        for buffer in written.written {
            if buffer.index == 0 { Self.copy(buffer.bytes, into: &operation) }
            if buffer.index == 1 { Self.copy(buffer.bytes, into: &data) }
        }
        if !answer.result.isSuccess {
            throw XenError(answer.result.code, Self.name(of: operation.span), domain: domain)
        }
    }

    func restrict(to domain: DomainID) throws(XenError) {
        let call: StaticString = "IOCTL_PRIVCMD_RESTRICT"
        _ = try connection.ask(.restrict, DomainArgument(domain), NoBody.self, call, domain: domain)
    }

    /// What lies beyond 4096 bytes is not sent: the buffer is refused by its size.
    private static func buffer(_ span: Span<UInt8>, at address: UInt64) -> CallBuffer {
        let count = min(span.count, WireLimits.bytesPerBuffer)
        var bytes = [UInt8]()
        bytes.reserveCapacity(count)
        for index in 0..<count { bytes.append(span[index]) }
        return CallBuffer(address: address, byteCount: UInt64(span.count), bytes: bytes)
    }

    private static func copy(_ bytes: [UInt8], into span: inout MutableSpan<UInt8>) {
        for index in 0..<min(bytes.count, span.count) { span[index] = bytes[index] }
    }

    /// The operation's name, from the first 4 bytes of buffer 0.
    private static func name(of operation: Span<UInt8>) -> StaticString {
        guard operation.count >= 4 else { return "dm_op" }
        var number: UInt32 = 0
        for index in 0..<4 { number |= UInt32(operation[index]) << (8 * UInt32(index)) }
        return DMOpcode(number).name
    }
}

/// Domain states by domctl 90; EOPNOTSUPP where the Xen that is modelled has none. On a restricted connection EPERM.
final class SandboxDomainStates: DomainStates {
    private static let name: StaticString = "get_domain_state"
    /// Where the structure lies, as far as the sandbox is told.
    private static let address: UInt64 = 0x1000

    private let connection: SandboxConnection
    /// What asking for domain 0 has told; nil before.
    private var isSupported: Bool?

    init(_ connection: SandboxConnection) { self.connection = connection }

    func state(of domain: DomainID) throws(XenError) -> DomainState {
        // The one id that would poll instead of asking.
        if domain == .invalid { throw XenError(.esrch, Self.name, domain: domain) }
        try detect()
        return try ask(.ask(domain), domain).answer
    }

    func pollChanged() throws(XenError) -> DomainState? {
        try detect()
        do throws(XenError) {
            return try ask(.poll(), nil).answer
        } catch {
            if error.code == .enoent { return nil }
            throw error
        }
    }

    /// Asks for domain 0 first: only there EACCES means that this Xen has no such call.
    private func detect() throws(XenError) {
        if isSupported == nil {
            do throws(XenError) {
                _ = try ask(.ask(DomainID(0)), DomainID(0))
                isSupported = true
            } catch {
                if error.code != .eacces { throw error }
                isSupported = false
            }
        }
        if isSupported != true { throw XenError(.eopnotsupp, Self.name) }
    }

    private func ask(_ question: GetDomainState, _ domain: DomainID?) throws(XenError) -> GetDomainState {
        let bytes = question.encodedBytes
        let request = HypercallRequest(
            number: Hypercall.domctl, arguments: [Self.address, 0, 0, 0, 0],
            memory: [CallBuffer(address: Self.address, byteCount: UInt64(bytes.count), bytes: bytes)])
        let answer = try connection.ask(.hypercall, request, HypercallAnswer.self, Self.name, domain: domain)
        guard let written = answer.written.written.first, written.bytes.count == GetDomainState.byteCount else {
            throw connection.end()
        }
        return GetDomainState(trusting: written.bytes.span)
    }
}
