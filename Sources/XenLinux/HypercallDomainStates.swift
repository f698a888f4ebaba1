// Domain states by the one stable domctl, number 90.
// Not for: any other domctl; those change with each Xen release.

internal import SystemCalls
public import XenABI
public import XenPlatform

/// A page that a hypercall may read and write. Source: dmop.md section 9.2.
final class HypercallPage {
    static var byteCount: Int { 4096 }

    let memory: MappedMemory

    init(_ memory: consuming MappedMemory) { self.memory = memory }
}

/// Domain states on Xen 4.21 and later; EOPNOTSUPP before. On a restricted handle EPERM. Source: dmop.md section 12.
public final class HypercallDomainStates: DomainStates {
    private let commands: PrivilegedCommands
    private let page: HypercallPage
    /// What asking for domain 0 has told; nil before.
    private var isSupported: Bool?

    init(_ commands: PrivilegedCommands, memory page: HypercallPage) {
        self.commands = commands
        self.page = page
    }

    public func state(of domain: DomainID) throws(XenError) -> DomainState {
        // The one id that would poll instead of asking.
        if domain == .invalid { throw XenError(.esrch, Self.name, domain: domain) }
        try detect()
        return try ask(.ask(domain), domain).answer
    }

    public func pollChanged() throws(XenError) -> DomainState? {
        try detect()
        do throws(XenError) {
            return try ask(.poll(), nil).answer
        } catch {
            if error.code == .enoent { return nil }
            throw error
        }
    }

    private static let name: StaticString = "get_domain_state"

    /// Asks for domain 0 first: only there EACCES means that this Xen has no such call. When polling it means something
    /// else.
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
        var bytes: [144 of UInt8] = .init(repeating: 0)
        var span = bytes.mutableSpan
        question.encode(into: &span)
        page.memory.copyIn(at: 0, from: span.span)
        do throws(SystemError) {
            _ = try commands.hypercall(
                PrivcmdHypercall(number: Hypercall.domctl, argument0: UInt64(page.memory.address)))
        } catch {
            throw XenError(error, Self.name, domain: domain)
        }
        page.memory.copyOut(from: 0, into: &span)
        return GetDomainState(trusting: span.span)
    }
}
