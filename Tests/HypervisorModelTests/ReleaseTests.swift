// What differs between releases, over all of them, with and without XSA-506: dmop.md section 14, and the last columns
// of the tables of section 18.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Releases") struct ReleaseTests {
    /// Every release twice.
    static let all = Release.Version.allCases.flatMap { [Release($0, hasXSA506: false), Release($0, hasXSA506: true)] }

    private func header(_ op: UInt32, _ byteCount: Int, pad: UInt8 = 0) -> [UInt8] {
        [UInt8(op), 0, 0, 0, pad] + [UInt8](repeating: 0, count: byteCount - 5)
    }

    @Test("which operations there are: 15 until 4.9, 18 until 4.14, then 20; E6, E7, E8, E9", arguments: all)
    func operations(release: Release) throws {
        let bench = try Bench(release)
        let isOld = release.version == .v4_9_0
        let last: UInt32 = isOld ? 15 : release.version < .v4_15 ? 18 : 20
        for op in 1...22 as ClosedRange<UInt32> {
            let isKnown = op <= last && op != 19
            #expect((bench.call(header(op, 32)) == .eopnotsupp) == !isKnown, "op \(op)")
            // The pad is looked at after the number, but by 4.9.0.
            let isCounted = op <= last || isOld
            #expect(bench.call(header(op, 32, pad: 1)) == (isCounted ? .einval : .eopnotsupp), "op \(op)")
        }
        for op: UInt32 in [0, 21] { #expect(bench.call(header(op, 8)) == (isOld ? .efault : .eopnotsupp)) }
        #expect(bench.call(header(0, 8, pad: 1)) == (isOld ? .efault : .einval))
        #expect(bench.call(header(19, 8)) == (isOld ? .efault : .eopnotsupp))
        let afterPad: XenErrorCode = isOld ? .efault : release.version < .v4_15 ? .eopnotsupp : .einval
        #expect(bench.call(header(19, 16, pad: 1)) == afterPad)
        #expect(bench.call(header(20, 11)) == (last == 18 ? .eopnotsupp : .efault))
    }

    @Test("32 bytes or none in 4.9.0, from then on the operation's own: E9, E10, 1.3", arguments: all)
    func sizes(release: Release) throws {
        let bench = try Bench(release)
        let isOld = release.version == .v4_9_0
        #expect(bench.call(header(1, 13)) == .efault)
        #expect(bench.call(header(1, 14)) == (isOld ? .efault : ok))
        #expect(bench.call(header(1, 32)) == ok)
        #expect(bench.call(header(1, 4096)) == ok)
    }

    @Test("no buffer, and op 11 with one: XSA-506; E14, Y2", arguments: all)
    func securityFix(release: Release) throws {
        let bench = try Bench(release)
        var (none, data): ([UInt8], [UInt8]) = ([], [])
        let wanted: XenErrorCode = release.hasXSA506 ? .enodata : .efault
        #expect(bench.call(&none, &data, buffers: 0) == wanted)
        #expect(bench.call(header(11, 32)) == (release.hasXSA506 ? .einval : ok))
    }

    @Test("a PV target is EINVAL since 4.14: E4", arguments: all)
    func paravirtualised(release: Release) throws {
        let bench = try Bench(release, DomainShape(.pv))
        let wanted: XenErrorCode? = release.version < .v4_14 ? ok : .einval
        #expect([bench.call(header(1, 32)), bench.call(header(21, 32))] == [wanted, wanted])
    }

    @Test(
        "no_gfns and acquire_resource since 4.11, true sizes since 4.15, EINVAL since 4.18: I1, M1, M6", arguments: all)
    func pages(release: Release) throws {
        let bench = try Bench(release)
        let id = try bench.create()
        let number = UInt32(id.rawValue)
        let hasResources = release.version >= .v4_11
        #expect(bench.op(DMOP.GetIOREQServerInfo(id: id, flags: .noGFNs)) == (hasResources ? ok : .einval))
        #expect(bench.res(number, 1, 1) == (hasResources ? ok : .enosys))
        let unknown: XenErrorCode = !hasResources ? .enosys : release.version < .v4_18 ? .eopnotsupp : .einval
        #expect(bench.res(number, 1, 1, type: ResourceType(rawValue: 99)) == unknown)
        func size(_ domain: DomainID, _ type: UInt32) -> Result<UInt32, Refusal> {
            Result { () throws(Refusal) in
                try bench.xen.resourceSize(by: .control, on: domain, type: ResourceType(rawValue: type), id: number)
            }
        }
        let absent = Refusal(.enosys, "")
        let isTrue = release.version >= .v4_15
        #expect(size(bench.guest.id, 0) == (hasResources ? .success(isTrue ? 2 : 32) : .failure(absent)))
        let nobody: Result<UInt32, Refusal> = isTrue ? .failure(Refusal(.esrch, "")) : .success(32)
        #expect(size(DomainID(77), 0) == (hasResources ? nobody : .failure(absent)))
        if release.version >= .v4_18 { #expect(size(bench.guest.id, 99) == .failure(Refusal(.einval, ""))) }
        if isTrue, release.version < .v4_18, case .success(let frames) = size(bench.guest.id, 99) {
            #expect(frames > 1 << 20)
        }
    }

    @Test(
        "the pad of op 19 and uncached types of op 18 since 4.21, overlapping moves since 4.22: Q4, U4", arguments: all)
    func latest(release: Release) throws {
        let version = release.version
        let arm = try Bench(release, DomainShape(isArm: true))
        let pad = arm.op(DMOP.SetIRQLevel(irq: 32, level: 1), poke: [7: 1])
        let wanted: XenErrorCode? = version >= .v4_21 ? .einval : ok
        // 4.9.0 to 4.14 have no op 19.
        #expect(pad == (version < .v4_15 ? .eopnotsupp : wanted))
        let bench = try Bench(release)
        let (first, last) = (GuestFrame(1), GuestFrame(2))
        let pinned = bench.op(DMOP.PinMemoryCacheAttribute(start: first, end: last, type: .uncacheable))
        let allowed: XenErrorCode? = version >= .v4_21 ? .eperm : ok
        #expect(pinned == (version < .v4_11 ? .eopnotsupp : allowed))
        guard version >= .v4_11 else { return }
        #expect(
            bench.op(DMOP.RelocateMemory(count: 3, source: GuestFrame(0x3fd), destination: GuestFrame(0x3fe))) == ok)
        let isWhole = (0x3fe...0x400 as ClosedRange<UInt64>).allSatisfy {
            bench.use($0) == .ram(.ramReadWrite, page: $0 - 1)
        }
        #expect(isWhole == (version >= .v4_22))
    }

    @Test("domctl 90 since 4.21: D1, D2", arguments: all)
    func domainStates(release: Release) throws {
        let bench = try KernelBench(release)
        let file = bench.kernel.openPrivcmd()
        func ask(_ question: GetDomainState) -> XenErrorCode? {
            file.verdict(
                PrivcmdHypercall(number: Hypercall.domctl, argument0: 0x5000),
                [CallerBuffer(question.encodedBytes, at: 0x5000)])
        }
        let isThere = release.version >= .v4_21
        #expect(ask(.ask(bench.guest.id)) == (isThere ? nil : .eacces))
        #expect(ask(.poll()) == (isThere ? .enoent : .eacces))
        let own = GetDomainState(domain: bench.guest.id, interfaceVersion: release.domctlVersion)
        #expect(ask(own) == (isThere ? .eacces : release.version < .v4_15 ? .eopnotsupp : .enosys))
    }

    @Test("each release is read as it is written", arguments: all)
    func names(release: Release) { #expect(Release(release.description) == release) }
}
