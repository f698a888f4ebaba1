// /dev/xen/privcmd: rows K1 to K19, E13 and E14 of dmop.md 18.1.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Privcmd") struct PrivcmdTests {
    private typealias Bench = KernelBench
    private let page = CallerBuffer([UInt8](repeating: 0, count: 32))

    private func buffer(_ byteCount: Int) -> CallerBuffer { CallerBuffer([UInt8](repeating: 0, count: byteCount)) }

    @Test("K1, K2: without buffers nothing is called, whatever the domain and the descriptors")
    func noBuffers() throws {
        let file = try Bench().kernel.openPrivcmd()
        #expect(file.verdict(.invalid, 0, []) == nil)
        #expect(file.verdict(Bench.nobody, 0, []) == nil)
    }

    @Test("K3, K4, K5: 17 buffers are too many for Linux, 3 to 16 for Xen; unreadable descriptors are EFAULT")
    func bufferCounts() throws {
        let bench = try Bench()
        let file = bench.kernel.openPrivcmd()
        #expect(file.verdict(bench.guest.id, 17, []) == .e2big)
        #expect(bench.log.rules.last?.contains("9.1") == true)
        for count in [3, 16] {
            let buffers = [CallerBuffer](repeating: Bench.vcpuCount, count: count)
            #expect(file.verdict(bench.guest.id, UInt16(count), buffers) == .e2big)
            #expect(bench.log.rules.last?.contains("9.1") == false)
        }
        #expect(file.verdict(bench.guest.id, 1, []) == .efault)
    }

    @Test("K6, K7: a buffer above 4096 bytes is E2BIG, before the domain is looked up and for the second one too")
    func largeBuffers() throws {
        let bench = try Bench()
        let file = bench.kernel.openPrivcmd()
        #expect(file.verdict(Bench.nobody, 1, [buffer(4097)]) == .e2big)
        #expect(file.verdict(bench.guest.id, 2, [buffer(32), buffer(4097)]) == .e2big)
    }

    @Test("K8, K9, K10: a buffer at a kernel address, unmapped, read-only or empty is EFAULT from Linux")
    func badBuffers() throws {
        let bench = try Bench()
        let file = bench.kernel.openPrivcmd()
        var kernelBuffer = Bench.vcpuCount
        kernelBuffer.address = 0xFFFF_8000_0000_0000
        var wrapping = Bench.vcpuCount
        wrapping.address = .max - 3
        var readOnly = Bench.vcpuCount
        readOnly.access = .readOnly
        let unmapped = CallerBuffer(address: 0x1000, byteCount: 4, access: .unmapped)
        for bad in [kernelBuffer, wrapping, readOnly, unmapped, buffer(0)] {
            #expect(file.verdict(Bench.nobody, 1, [bad]) == .efault)
            #expect(file.verdict(bench.guest.id, 2, [Bench.vcpuCount, bad]) == .efault)
        }
        #expect(bench.log.rules.allSatisfy { $0.contains("9.1") })
    }

    @Test("K11: an unknown ioctl is ENOTTY")
    func unknownControl() throws {
        let file = try Bench().kernel.openPrivcmd()
        #expect(refusal { () throws(Refusal) in try file.unknownControl(PrivcmdCall.unimplemented) } == .enotty)
        #expect(refusal { () throws(Refusal) in try file.unreadableControl(0x50FF) } == .enotty)
    }

    @Test("K12 to K16: RESTRICT holds for one domain, ends hypercalls, and comes before all else")
    func restriction() throws {
        let bench = try Bench(vcpuCount: 2)
        let guest = bench.guest.id
        let other = DomainID(guest.rawValue + 1)
        let file = bench.kernel.openPrivcmd()
        #expect(refusal { () throws(Refusal) in try file.restrict(to: nil) } == .efault)
        #expect(refusal { () throws(Refusal) in try file.restrict(to: guest) } == nil)
        #expect(refusal { () throws(Refusal) in try file.restrict(to: guest) } == nil)
        #expect(refusal { () throws(Refusal) in try file.restrict(to: other) } == .einval)
        #expect(refusal { () throws(Refusal) in try file.restrict(to: .invalid) } == .einval)
        #expect(file.verdict(other, 0, []) == .eperm)
        #expect(file.verdict(guest, 1, [Bench.vcpuCount]) == nil)
        #expect(file.verdict(PrivcmdHypercall(number: 999)) == .eperm)
        #expect(file.verdict(nil as PrivcmdHypercall?) == .eperm)
    }

    @Test("K17, K18: a restricted file maps nothing of another domain, and answers sizes of its own")
    func restrictedMapping() throws {
        let bench = try Bench()
        let guest = bench.guest.id
        let other = try bench.xen.createDomain(DomainShape()).id
        let file = bench.kernel.openPrivcmd()
        try file.restrict(to: guest)
        let resource: (DomainID) throws(Refusal) -> Void = { domain throws(Refusal) in
            _ = try file.mapResource(domain, .ioreqServer, id: 0, firstFrame: 1, count: 1)
        }
        #expect(refusal { () throws(Refusal) in try resource(other) } == .eperm)
        #expect(refusal { () throws(Refusal) in _ = try file.resourceSize(guest, .ioreqServer, id: 0) } == nil)
        #expect(refusal { () throws(Refusal) in _ = try file.resourceSize(other, .ioreqServer, id: 0) } == .eperm)
        #expect(refusal { () throws(Refusal) in _ = try file.mapFrames(other, [GuestFrame(0)]) } == .eperm)
    }

    @Test("K19: RESTRICT to the invalid id leaves the file unrestricted")
    func invalidRestriction() throws {
        let bench = try Bench()
        let file = bench.kernel.openPrivcmd()
        #expect(refusal { () throws(Refusal) in try file.restrict(to: .invalid) } == nil)
        #expect(refusal { () throws(Refusal) in try file.restrict(to: bench.guest.id) } == nil)
    }

    @Test("a restriction is the file's own: another file of the same kernel is not restricted")
    func restrictionPerFile() throws {
        let bench = try Bench()
        let (first, second) = (bench.kernel.openPrivcmd(), bench.kernel.openPrivcmd())
        try first.restrict(to: DomainID(50))
        #expect(first.verdict(bench.guest.id, 1, [Bench.vcpuCount]) == .eperm)
        #expect(second.verdict(bench.guest.id, 1, [Bench.vcpuCount]) == nil)
    }

    @Test("9.3: a stub domain's files are opened restricted to its target, an ordinary guest's to no domain")
    func openedRestricted() throws {
        let bench = try Bench()
        let stub = try bench.xen.createDomain(DomainShape())
        let kernel = try LinuxKernel(bench.xen, caller: Caller(stub.id, .deviceModel(of: bench.guest.id)))
        let file = kernel.openPrivcmd()
        #expect(file.verdict(bench.guest.id, 1, [Bench.vcpuCount]) == nil)
        #expect(file.verdict(stub.id, 0, []) == .eperm)
        #expect(refusal { () throws(Refusal) in try file.restrict(to: stub.id) } == .einval)
        let ordinary = try LinuxKernel(bench.xen, caller: Caller(stub.id, .none)).openPrivcmd()
        #expect(ordinary.verdict(bench.guest.id, 0, []) == .eperm)
        var options = KernelOptions()
        options.hasXSA482 = false
        let old = try LinuxKernel(bench.xen, caller: Caller(stub.id, .none), options: options).openPrivcmd()
        #expect(old.verdict(bench.guest.id, 0, []) == nil)
    }

    @Test(
        "the audit knows no operation: any number and any bytes get the same verdicts",
        arguments: 0..<40 as Range<UInt32>)
    func anyOperation(number: UInt32) throws {
        var audit = PrivcmdAudit()
        try audit.restrict(to: DomainID(5))
        var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number &* 37), count: 32)
        bytes[0] = UInt8(number)
        let good = CallerBuffer(bytes)
        var bad = good
        bad.access = .readOnly
        #expect(try audit.checkDMOP(on: DomainID(5), count: 1, buffers: [good]))
        #expect(try audit.checkDMOP(on: DomainID(5), count: 2, buffers: [good, good]))
        #expect(throws: Refusal(.efault, "")) { try audit.checkDMOP(on: DomainID(5), count: 1, buffers: [bad]) }
        #expect(throws: Refusal(.eperm, "")) { try audit.checkDMOP(on: DomainID(6), count: 1, buffers: [good]) }
    }

    @Test("E13: by HYPERCALL three buffers are E2BIG and bad descriptors EFAULT, before the domain is looked up")
    func rawOperations() throws {
        let file = try Bench().kernel.openPrivcmd()
        let call = { (count: UInt64) in PrivcmdHypercall(number: 41, argument0: 77, argument1: count, argument2: 8) }
        #expect(file.verdict(call(3)) == .e2big)
        #expect(file.verdict(call(1)) == .efault)
        let descriptor = CallerBuffer(PrivcmdBuffer(address: 0x10_0000, byteLength: 32).encodedBytes, at: 8)
        #expect(file.verdict(call(1), [descriptor, Bench.vcpuCount]) == .esrch)
    }

    @Test("E13: by HYPERCALL an operation answers into the caller's memory; unreadable buffers are Xen's EFAULT")
    func rawAnswer() throws {
        let bench = try Bench(vcpuCount: 2)
        let file = bench.kernel.openPrivcmd()
        let call = PrivcmdHypercall(
            number: 41, argument0: UInt64(bench.guest.id.rawValue), argument1: 1, argument2: 8)
        let descriptor = CallerBuffer(PrivcmdBuffer(address: 0x10_0000, byteLength: 32).encodedBytes, at: 8)
        var memory = CallerMemory([descriptor, Bench.vcpuCount])
        _ = try file.hypercall(call, &memory)
        #expect(memory.read(0x10_0008, byteCount: 4) == [2, 0, 0, 0])
        #expect(file.verdict(call, [descriptor]) == .efault)
    }

    @Test("E2, E5, E12: by HYPERCALL an unreadable buffer is seen where Xen looks at it: after the domain, or never")
    func rawUnreadable() throws {
        let bench = try Bench()
        let file = bench.kernel.openPrivcmd()
        let call = { (domain: UInt16, count: UInt64) in
            PrivcmdHypercall(number: 41, argument0: UInt64(domain), argument1: count, argument2: 8)
        }
        let guest = bench.guest.id.rawValue
        let descriptors = CallerBuffer(
            PrivcmdBuffer(address: 0x10_0000, byteLength: 32).encodedBytes
                + PrivcmdBuffer(address: 0x20_0000, byteLength: 8).encodedBytes, at: 8)
        #expect(file.verdict(call(77, 1), [descriptors]) == .esrch)
        #expect(file.verdict(call(0, 1), [descriptors]) == .eperm)
        #expect(file.verdict(call(guest, 1), [descriptors]) == .efault)
        // Of buffer 0 the operation's own bytes are read, of buffer 1 nothing.
        let short = CallerBuffer(Array(Bench.vcpuCount.bytes[..<12]))
        #expect(file.verdict(call(guest, 2), [descriptors, short]) == nil)
        #expect(file.verdict(call(guest, 2), [descriptors, CallerBuffer(Array(short.bytes[..<11]))]) == .efault)
        let track = Bench.operation(DMOP.TrackDirtyVRAM(count: 8, first: GuestFrame(0)))
        #expect(file.verdict(call(guest, 2), [descriptors, track]) == .efault)
        let empty = CallerBuffer(PrivcmdBuffer(address: 0x10_0000, byteLength: 0).encodedBytes, at: 8)
        #expect(file.verdict(call(guest, 1), [empty, Bench.vcpuCount]) == .efault)
    }

    @Test("E14: by HYPERCALL no buffers are ENODATA where XSA-506 is fixed")
    func rawWithoutBuffers() throws {
        let file = try Bench().kernel.openPrivcmd()
        #expect(file.verdict(PrivcmdHypercall(number: 41, argument0: 77)) == .enodata)
    }

    @Test("9.6: every refused call is told with its row")
    func refusalsAreTold() throws {
        let bench = try Bench()
        let file = bench.kernel.openPrivcmd()
        _ = file.verdict(bench.guest.id, 17, [])
        _ = file.verdict(PrivcmdHypercall(number: 999))
        _ = refusal { () throws(Refusal) in try file.restrict(to: nil) }
        #expect(bench.log.rules.count == 3)
        #expect(bench.log.rules.first == "IOCTL_PRIVCMD_DM_OP: 9.1 more buffers than dm_op_max_nr_bufs")
    }
}
