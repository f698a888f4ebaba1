// Mapping by privcmd: rows M8 and F1 to F5 of dmop.md 18.3, and who keeps a dead domain.

import Testing
import XenABI
import XenPlatform

@testable import HypervisorModel

@Suite("Mapping by privcmd") struct KernelMappingTests {
    private func verdict(_ file: PrivcmdFile, _ request: ResourceRequest) -> XenErrorCode? {
        refusal { () throws(Refusal) in _ = try file.mapResource(request) }
    }

    private func verdict(_ file: PrivcmdFile, _ request: FrameRequest) -> XenErrorCode? {
        refusal { () throws(Refusal) in _ = try file.mapFrames(request) }
    }

    @Test("M8: an address without a number, a number without an address, other memory: EINVAL; no argument: EFAULT")
    func resourceArguments() throws {
        let bench = try KernelBench()
        let file = bench.kernel.openPrivcmd()
        let request = { (count: UInt64, hasAddress: Bool) in
            ResourceRequest(
                bench.guest.id, .ioreqServer, id: 0, firstFrame: 1, count: count, into: nil, hasAddress: hasAddress)
        }
        #expect(verdict(file, request(1, false)) == .einval)
        #expect(verdict(file, request(0, true)) == .einval)
        #expect(verdict(file, request(1, true)) == .einval)
        let unreadable = refusal { () throws(Refusal) in try file.unreadableControl(PrivcmdCall.mmapResource) }
        #expect(unreadable == .efault)
    }

    @Test("F1: a frame and a hole: the call succeeds, err is 0 and -22")
    func frameAndHole() throws {
        let bench = try KernelBench()
        let mapping = try bench.kernel.openPrivcmd().mapFrames(bench.guest.id, [GuestFrame(1), GuestFrame(0x400)])
        #expect(mapping.results.map(\.errno) == [0, -22])
    }

    @Test("F2: again over a mapped page is EINVAL; a page that was refused can be filled later")
    func twice() throws {
        let bench = try KernelBench()
        let file = bench.kernel.openPrivcmd()
        let area = try file.mmap(pageCount: 2)
        let frames = [GuestFrame(1), GuestFrame(0x400)]
        #expect(verdict(file, FrameRequest(bench.guest.id, frames, into: area)) == nil)
        #expect(verdict(file, FrameRequest(bench.guest.id, frames, into: area)) == .einval)
        #expect(verdict(file, FrameRequest(bench.guest.id, [GuestFrame(2)], into: area, at: 0)) == .einval)
        #expect(verdict(file, FrameRequest(bench.guest.id, [GuestFrame(2)], into: area, at: 1)) == nil)
        #expect(verdict(file, FrameRequest(bench.guest.id, [GuestFrame(2)], into: area, at: 1)) == .einval)
    }

    @Test("F3: no frames, a part of a fresh mapping, ordinary memory: EINVAL")
    func wrongPlaces() throws {
        let bench = try KernelBench()
        let file = bench.kernel.openPrivcmd()
        let area = try file.mmap(pageCount: 2)
        #expect(verdict(file, FrameRequest(bench.guest.id, [], into: area)) == .einval)
        #expect(verdict(file, FrameRequest(bench.guest.id, [GuestFrame(1)], into: area)) == .einval)
        #expect(verdict(file, FrameRequest(bench.guest.id, [GuestFrame(1)], into: nil)) == .einval)
        #expect(
            verdict(file, FrameRequest(bench.guest.id, [GuestFrame(1), GuestFrame(2)], into: area, at: 1)) == .einval)
    }

    @Test("F4: an unreadable frame array and an unwritable err array are EFAULT")
    func badArrays() throws {
        let bench = try KernelBench()
        let file = bench.kernel.openPrivcmd()
        let area = try file.mmap(pageCount: 1)
        #expect(verdict(file, FrameRequest(bench.guest.id, [], into: area, count: 1)) == .efault)
        let bad = FrameRequest(bench.guest.id, [GuestFrame(1)], into: area, canReport: false)
        #expect(verdict(file, bad) == .efault)
    }

    @Test("F5: frames of no domain: the call succeeds, err is -3")
    func noDomain() throws {
        let mapping = try KernelBench().kernel.openPrivcmd().mapFrames(KernelBench.nobody, [GuestFrame(0)])
        #expect(mapping.results.map(\.errno) == [-3])
        #expect(mapping.token == nil)
    }

    @Test("9.4: a frame of a domain that the caller does not serve is refused with EPERM")
    func notServed() throws {
        let bench = try KernelBench()
        let stub = try bench.xen.createDomain(DomainShape())
        var options = KernelOptions()
        options.hasXSA482 = false
        let kernel = try LinuxKernel(bench.xen, caller: Caller(stub.id, .none), options: options)
        #expect(try kernel.openPrivcmd().mapFrames(bench.guest.id, [GuestFrame(0)]).results.map(\.errno) == [-1])
    }

    @Test("what is mapped is the guest's page itself")
    func samePage() throws {
        let bench = try KernelBench()
        let file = bench.kernel.openPrivcmd()
        let (first, second) = (
            try file.mapFrames(bench.guest.id, [GuestFrame(7)]), try file.mapFrames(bench.guest.id, [GuestFrame(7)])
        )
        guard case .mapped(let one, let page) = try #require(first.results.first),
            case .mapped(let other, let otherPage) = try #require(second.results.first)
        else { return #expect(Bool(false), "not mapped") }
        one.pages.store(0xAB, byteCount: 1, at: page * 4096 + 5)
        #expect(other.pages.load(byteCount: 1, at: otherPage * 4096 + 5) == 0xAB)
        #expect(page == otherPage)
    }

    @Test("a mapping counts on its domain until it is let go")
    func counting() throws {
        let bench = try KernelBench()
        let file = bench.kernel.openPrivcmd()
        var mapping: PageMapping? = try file.mapFrames(bench.guest.id, [GuestFrame(7), GuestFrame(8)])
        #expect(bench.guest.mappingCount == 1)
        let area = try file.mmap(pageCount: 1)
        _ = try file.mapFrames(FrameRequest(bench.guest.id, [GuestFrame(7)], into: area))
        #expect(bench.guest.mappingCount == 2)
        withExtendedLifetime(mapping) {}
        mapping = nil
        withExtendedLifetime(area) { #expect(bench.guest.mappingCount == 1) }
    }

    @Test("9.5: a kernel without size queries answers EINVAL, and a size that has an address too")
    func sizes() throws {
        let bench = try KernelBench()
        var options = KernelOptions()
        options.hasResourceSizes = false
        let old = try LinuxKernel(bench.xen, caller: .control, options: options).openPrivcmd()
        let size = { (file: PrivcmdFile) in
            refusal { () throws(Refusal) in _ = try file.resourceSize(bench.guest.id, .ioreqServer, id: 77) }
        }
        #expect(size(old) == .einval)
        let kernel = try LinuxKernel(bench.xen, caller: .control)
        #expect(size(kernel.openPrivcmd()) == nil)
    }

    @Test("9.5: pages of a resource fill a mapping once, and only where they fit")
    func resourcePlaces() throws {
        let bench = try KernelBench()
        let file = bench.kernel.openPrivcmd()
        var create = [KernelBench.operation(DMOP.CreateIOREQServer(handling: .atomic))]
        try file.dmOp(bench.guest.id, count: 1, buffers: &create)
        let area = try file.mmap(pageCount: 2)
        let both = ResourceRequest(bench.guest.id, .ioreqServer, id: 0, firstFrame: 0, count: 2, into: area)
        var tooMany = both
        tooMany.count = 1 << 40
        #expect(verdict(file, tooMany) == .einval)
        #expect(verdict(file, both) == nil)
        #expect(verdict(file, both) == .einval)
    }
}
