// The smallest device-model operation: `nr_vcpus`, asked of the hypervisor itself, through the kernel's checks, and
// through the platform as a device model asks.

import HypervisorModel
import SandboxServer
import SystemCalls
import XenABI
import XenDeviceModel
import XenPlatform

/// `nr_vcpus` on a guest.
final class OperationCall: Subject {
    private static let count = 1_000_000
    private let sandbox: InProcessSandbox
    private let guest: DomainID
    private let file: PrivcmdFile
    private let domain: DeviceModelDomain

    init() throws {
        sandbox = try InProcessSandbox()
        guest = try sandbox.createDomain().id
        file = sandbox.kernel.openPrivcmd()
        domain = try sandbox.platform().domain(guest, restricted: true)
    }

    func measure() throws {
        let hypervisor = sandbox.hypervisor
        report("nr_vcpus-direct-ns", try nanosecondsEach(Self.count) { try direct(hypervisor) })
        report("nr_vcpus-privcmd-ns", try nanosecondsEach(Self.count) { try throughFile() })
        report("nr_vcpus-platform-ns", try nanosecondsEach(Self.count) { try throughPlatform() })
    }

    private func direct(_ hypervisor: Hypervisor) throws {
        var sum: UInt32 = 0
        for _ in 0..<Self.count {
            var frame = DMOPFrame(DMOP.VCPUCount())
            var operation = frame.bytes.mutableSpan
            var none = MutableSpan<UInt8>()
            try hypervisor.dmOp(by: .control, on: guest, bufferCount: 1, &operation, &none)
            sum &+= frame.payload(DMOP.VCPUCount.self).count
        }
        try check(sum)
    }

    private func throughFile() throws {
        var sum: UInt32 = 0
        for _ in 0..<Self.count {
            var frame = DMOPFrame(DMOP.VCPUCount())
            var operation = frame.bytes.mutableSpan
            var none = MutableSpan<UInt8>()
            try file.dmOp(guest, &operation, &none)
            sum &+= frame.payload(DMOP.VCPUCount.self).count
        }
        try check(sum)
    }

    private func throughPlatform() throws {
        var sum: UInt32 = 0
        for _ in 0..<Self.count { sum &+= UInt32(try domain.vcpuCount()) }
        try check(sum)
    }

    private func check(_ sum: UInt32) throws(BenchmarkError) {
        if sum != UInt32(Self.count) { throw BenchmarkError("a wrong number of vCPUs") }
    }
}
