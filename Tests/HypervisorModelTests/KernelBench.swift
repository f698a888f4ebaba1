// A hypervisor with a guest and dom0's kernel, and the buffers that rows need.

import Testing
import XenABI

@testable import HypervisorModel

/// The stage of sections 18.1, 18.3 and 18.6: a PVH guest with frames 0 to 0x3ff.
struct KernelBench {
    let xen: Hypervisor
    let guest: Domain
    let kernel: LinuxKernel
    let log = RefusalLog()

    init(_ release: Release = .standard, vcpuCount: Int = 1) throws {
        xen = Hypervisor(release: release)
        guest = try xen.createDomain(DomainShape(vcpuCount: vcpuCount))
        kernel = try LinuxKernel(xen, caller: .control)
        xen.observer = log
    }

    /// A domain id that is nobody's.
    static let nobody = DomainID(77)

    /// An operation of 32 bytes as a buffer.
    static func operation<Payload: DMOPPayload>(_ payload: Payload) -> CallerBuffer {
        let frame = DMOPFrame(payload)
        return CallerBuffer(frame.bytes.indices.map { frame.bytes[$0] })
    }

    static let vcpuCount = operation(DMOP.VCPUCount())
}

/// Remembers which rules have refused.
final class RefusalLog: ModelObserver {
    var rules: [String] = []

    func refused(_ call: StaticString, by refusal: Refusal, caller: DomainID, target: DomainID?) {
        rules.append("\(call): \(refusal.rule)")
    }

    func misuse(_ what: StaticString, domain: DomainID, vcpu: VCPUID) {}
}

/// What a call is refused with; nil when it succeeds.
func refusal(_ body: () throws(Refusal) -> Void) -> XenErrorCode? {
    do throws(Refusal) {
        try body()
        return nil
    } catch {
        return error.code
    }
}

extension PrivcmdFile {
    /// The errno of a DM_OP.
    func verdict(_ domain: DomainID, _ count: UInt16, _ buffers: [CallerBuffer]) -> XenErrorCode? {
        var buffers = buffers
        return refusal { () throws(Refusal) in try dmOp(domain, count: count, buffers: &buffers) }
    }

    /// The errno of a hypercall with these pieces of memory.
    func verdict(_ call: PrivcmdHypercall?, _ pieces: [CallerBuffer] = []) -> XenErrorCode? {
        var memory = CallerMemory(pieces)
        return refusal { () throws(Refusal) in _ = try hypercall(call, &memory) }
    }
}
