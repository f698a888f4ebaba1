// Steps on /dev/xen/gntdev, and domctl 90 by HYPERCALL. dmop.md sections 11 and 12.
// Not for: mmap of a grant, which is `mmap` with an offset.

internal import HypervisorModel
internal import XenABI

/// The interface version that domctl 90 is asked with.
public enum DomctlVersion: Sendable {
    /// 0: the stable one.
    case stable
    /// The one of the release's unstable domctls.
    case ofRelease
}

extension Step {
    /// MAP_GRANT_REF of one reference, whatever `count` says; answers the index.
    public static func mapGrant(
        _ reference: UInt32, of domain: Value = "G", count: UInt32 = 1, by node: String = "gntdev"
    ) -> Step {
        Step("MAP_GRANT_REF of \(domain.asDomain), reference \(reference), count \(count) by \(node)", .success) {
            bench throws(HostError) in
            let argument = MapGrantReference(
                count: count, domain: UInt32(truncatingIfNeeded: try bench.number(domain)),
                reference: GrantReference(reference))
            let answer = try bench.control(node, GrantDeviceCall.mapGrantReference, argument)
            guard case .value = answer else { return answer }
            return .value(try bench.argumentNumber(at: 8, width: 8))
        }
    }

    /// UNMAP_GRANT_REF.
    public static func unmapGrant(_ index: Value, count: UInt32, by node: String = "gntdev") -> Step {
        Step("UNMAP_GRANT_REF \(index), count \(count) by \(node)") { bench throws(HostError) in
            let argument = UnmapGrantReference(index: try bench.number(index), count: count)
            return try bench.control(node, GrantDeviceCall.unmapGrantReference, argument)
        }
    }

    /// GET_OFFSET_FOR_VADDR; answers offset and count.
    public static func grantOffset(of address: Value, by node: String = "gntdev") -> Step {
        Step("GET_OFFSET_FOR_VADDR \(address) by \(node)", .success) { bench throws(HostError) in
            let argument = GetOffsetForAddress(address: try bench.number(address))
            let answer = try bench.control(node, GrantDeviceCall.getOffsetForAddress, argument)
            guard case .value = answer else { return answer }
            return .values([
                try bench.argumentNumber(at: 8, width: 8), try bench.argumentNumber(at: 16, width: 4),
            ])
        }
    }

    // MARK: Domctl 90

    /// domctl 90; answers the state.
    public static func domainState(
        of domain: Value, version: DomctlVersion = .stable, pad: UInt32 = 0
    ) -> Step {
        var text = "domctl 90 of \(domain.asDomain)"
        if version == .ofRelease { text += ", interface version of the release" }
        if pad != 0 { text += ", pad0 \(pad)" }
        return Step(text, .success) { bench throws(HostError) in
            var question = GetDomainState(domain: try bench.domain(domain), pad: pad)
            if version == .ofRelease { question.interfaceVersion = bench.host.release.domctlVersion }
            let answer = try bench.ask(question)
            return answer.map { .value(UInt64($0.state)) } ?? bench.lastDomctl
        }
    }

    /// domctl 90; answers the unique id.
    public static func domainUniqueID(of domain: Value) -> Step {
        Step("domctl 90 of \(domain.asDomain), unique_id", .success) { bench throws(HostError) in
            let answer = try bench.ask(GetDomainState(domain: try bench.domain(domain)))
            return answer.map { .value($0.uniqueID) } ?? bench.lastDomctl
        }
    }

    /// domctl 90, polling until ENOENT: answers how many domains have changed. `changed G` is 1 where the guest has.
    public static func changedDomains() -> Step {
        Step("domctl 90, polling until ENOENT", .success) { bench throws(HostError) in
            bench.name("changed G", 0)
            for count in 0..<UInt64(1000) {
                guard let state = try bench.ask(.poll()) else {
                    return bench.lastDomctl == .error(.enoent) ? .value(count) : bench.lastDomctl
                }
                if state.domain == bench.guest { bench.name("changed G", 1) }
            }
            return .other("there is no end of them")
        }
    }
}

extension Bench {
    /// A number that an ioctl has left in its argument.
    fileprivate func argumentNumber(at offset: UInt64, width: Int) throws(HostError) -> UInt64 {
        try host.load(scratch + Scratch.argument + offset, byteCount: width).number(at: 0, width: width)
    }

    /// domctl 90. nil: `lastDomctl` says why.
    fileprivate func ask(_ question: GetDomainState) throws(HostError) -> DomainState? {
        let place = scratch + Scratch.operation
        try host.store(place, question.encodedBytes)
        let call = PrivcmdHypercall(number: Hypercall.domctl, argument0: place)
        lastDomctl = try control("privcmd", PrivcmdCall.hypercall, call)
        guard lastDomctl == .value(0) else { return nil }
        let bytes = try host.load(place, byteCount: GetDomainState.byteCount)
        return GetDomainState(trusting: bytes.span).answer
    }
}
