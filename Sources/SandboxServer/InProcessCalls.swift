// DM_OP, mapping and domain states of a platform in the model's own process: one privcmd file, as on real Xen.
// Not for: event channels (InProcessEvents).

internal import HypervisorModel
internal import XenABI
internal import XenPlatform

/// DM_OP and mapping by a privcmd file of the model.
final class InProcessCalls: DeviceModelCalls, GuestMemory {
    let file: PrivcmdFile

    init(_ file: PrivcmdFile) { self.file = file }

    func dmOp(
        _ domain: DomainID, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(XenError) {
        do throws(Refusal) {
            try file.dmOp(domain, &operation, &data)
        } catch {
            throw XenError(error.code, Self.name(of: operation.span), domain: domain)
        }
    }

    func restrict(to domain: DomainID) throws(XenError) {
        do throws(Refusal) {
            try file.restrict(to: domain)
        } catch {
            throw XenError(error.code, "IOCTL_PRIVCMD_RESTRICT", domain: domain)
        }
    }

    func mapFrames(_ domain: DomainID, _ frames: [GuestFrame], access: PageAccess) throws(XenError) -> MappedPages {
        let call: StaticString = "IOCTL_PRIVCMD_MMAPBATCH_V2"
        let mapping: PageMapping
        do throws(Refusal) {
            mapping = try file.mapFrames(domain, frames)
        } catch {
            throw XenError(error.code, call, domain: domain)
        }
        do throws(PageAssemblyError) {
            return try assemble(mapping, access: access)
        } catch {
            throw XenError(error.code, call, domain: domain, value: frames[error.index].rawValue)
        }
    }

    func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, frame: UInt32, count: Int
    ) throws(XenError) -> MappedPages {
        let call: StaticString = "IOCTL_PRIVCMD_MMAP_RESOURCE"
        let mapping: PageMapping
        do throws(Refusal) {
            mapping = try file.mapResource(domain, type, id: id, firstFrame: frame, count: count)
        } catch {
            throw XenError(error.code, call, domain: domain, value: UInt64(id))
        }
        do throws(PageAssemblyError) {
            return try assemble(mapping, access: .readWrite)
        } catch {
            throw XenError(error.code, call, domain: domain, value: UInt64(id))
        }
    }

    func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(XenError) -> UInt64 {
        do throws(Refusal) {
            return try file.resourceSize(domain, type, id: id)
        } catch {
            throw XenError(error.code, "IOCTL_PRIVCMD_MMAP_RESOURCE", domain: domain, value: UInt64(id))
        }
    }

    /// The operation's name, from the first 4 bytes of buffer 0.
    private static func name(of operation: Span<UInt8>) -> StaticString {
        guard operation.count >= 4 else { return "dm_op" }
        var number: UInt32 = 0
        for index in 0..<4 { number |= UInt32(operation[index]) << (8 * UInt32(index)) }
        return DMOpcode(number).name
    }
}

/// Domain states by domctl 90 of the model.
final class InProcessStates: DomainStates {
    private let file: PrivcmdFile
    private let isSupported: Bool

    init(_ file: PrivcmdFile, _ release: Release) {
        self.file = file
        isSupported = release.hasDomainStates
    }

    func state(of domain: DomainID) throws(XenError) -> DomainState {
        // The one id that would poll instead of asking.
        if domain == .invalid { throw XenError(.esrch, Self.name, domain: domain) }
        return try ask(.ask(domain), domain)
    }

    func pollChanged() throws(XenError) -> DomainState? {
        do throws(XenError) {
            return try ask(.poll(), nil)
        } catch {
            if error.code == .enoent { return nil }
            throw error
        }
    }

    private static let name: StaticString = "get_domain_state"

    private func ask(_ question: GetDomainState, _ domain: DomainID?) throws(XenError) -> DomainState {
        var memory = CallerMemory([CallerBuffer(question.encodedBytes)])
        do throws(Refusal) {
            let call = PrivcmdHypercall(number: Hypercall.domctl, argument0: memory.pieces[0].address)
            _ = try file.hypercall(call, &memory)
        } catch {
            if !isSupported, error.code == .eacces { throw XenError(.eopnotsupp, Self.name) }
            throw XenError(error.code, Self.name, domain: domain)
        }
        let bytes = memory.pieces[0].bytes
        return GetDomainState(trusting: bytes.span).answer
    }
}
