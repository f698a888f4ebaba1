// Pages of ioreq servers: dmop.md section 8; rows M and G.

import Testing
import XenABI
import XenPlatform

@testable import HypervisorModel

@Suite("Pages of ioreq servers") struct PageTests {
    private func portOffset(_ vcpu: Int) -> Int { 32 * vcpu + 24 }

    @Test("a size query does not look at the id, nor before 4.15 at the domain: M1")
    func sizes() throws {
        for version in Release.Version.allCases where version >= .v4_11 {
            let bench = try Bench(Release(version), DomainShape(vcpuCount: 2))
            func size(_ id: UInt32, _ domain: DomainID) throws -> UInt32 {
                try bench.xen.resourceSize(by: .control, on: domain, type: .ioreqServer, id: id)
            }
            let wanted: UInt32 = version < .v4_15 ? 32 : 2
            #expect(try size(0, bench.guest.id) == wanted)
            #expect(try size(77, bench.guest.id) == wanted)
            if version < .v4_15 {
                #expect(try size(0, DomainID(77)) == 32)
            } else {
                #expect(throws: Refusal(.esrch, "")) { try size(0, DomainID(77)) }
            }
            #expect(throws: Refusal(.einval, "")) {
                try bench.xen.resourceSize(by: .control, on: bench.guest.id, type: .ioreqServer, id: 0, count: 1)
            }
        }
        let many = try Bench(vcpus: 129)
        #expect(
            try many.xen.resourceSize(by: .control, on: many.guest.id, type: .ioreqServer, id: 0) == 3)
    }

    @Test("without a ring frame 0 is ENOENT, and the slots come zeroed: M2, M3")
    func slotsAlone() throws {
        let bench = try Bench()
        let id = UInt32(try bench.create(0).rawValue)
        #expect(bench.res(id, 0, 1) == .enoent)
        #expect(bench.res(id, 0, 2) == .enoent)
        let (run, page) = try #require(bench.pages(id, 1, 1).first)
        #expect(page == 1)
        for offset in stride(from: 0, to: 4096, by: 8) { #expect(run.load(8, at: offset, page: page) == 0) }
    }

    @Test("frames that a server has not, servers that are not there: M4, M5")
    func noSuchFrame() throws {
        let bench = try Bench()
        let id = UInt32(try bench.create(2).rawValue)
        #expect(
            [bench.res(id, 2, 1), bench.res(id, 1, 2), bench.res(id, 0xffff_ffff, 1)] == [.einval, .einval, .einval])
        #expect(bench.res(id, 0, 0) == .einval)
        #expect(bench.res(id, .max, 2) == .einval)
        #expect([bench.res(5, 1, 1), bench.res(8, 1, 1), bench.res(0x10000, 1, 1)] == [.enoent, .enoent, .einval])
    }

    @Test("an unknown type is EOPNOTSUPP, from 4.18 on EINVAL: M6", arguments: Release.Version.allCases)
    func unknownType(version: Release.Version) throws {
        let bench = try Bench(Release(version))
        let wanted: XenErrorCode = version < .v4_11 ? .enosys : version < .v4_18 ? .eopnotsupp : .einval
        #expect(bench.res(0, 0, 1, type: ResourceType(rawValue: 99)) == wanted)
    }

    @Test("whose pages: M7")
    func whose() throws {
        let bench = try Bench()
        let ids: [UInt16] = [77, 0, 0x7FF0]
        #expect(ids.map { bench.res(0, 1, 1, on: DomainID($0)) } == [.esrch, .eperm, .esrch])
        #expect(bench.res(0, 1, 1, by: Caller(DomainID(9), .none)) == .eperm)
    }

    @Test("enabling writes each vCPU's port, and disabling leaves it: M9", arguments: [1, 2])
    func portsInSlots(vcpus: Int) throws {
        let bench = try Bench(vcpus: vcpus)
        let id = try bench.create()
        let (run, page) = try #require(bench.pages(UInt32(id.rawValue), 1, 1).first)
        func ports() -> [UInt64] { (0..<128).map { run.load(4, at: portOffset($0), page: page) } }
        #expect(ports().allSatisfy { $0 == 0 })
        #expect(bench.enable(id) == ok)
        let wanted = try #require(bench.guest.server(id)).vcpuPorts.map { UInt64($0.rawValue) }
        #expect(wanted.count == vcpus)
        #expect(ports() == wanted + [UInt64](repeating: 0, count: 128 - vcpus))
        #expect(bench.enable(id, 0) == ok)
        #expect(ports().prefix(vcpus) == wanted[...])
    }

    @Test("pages that come after enable have no ports until the next: 15.1")
    func latePages() throws {
        let bench = try Bench()
        let id = try bench.create()
        #expect(bench.enable(id) == ok)
        let (run, page) = try #require(bench.pages(UInt32(id.rawValue), 1, 1).first)
        #expect(run.load(4, at: portOffset(0), page: page) == 0)
        #expect(bench.enable(id) == ok)
        #expect(run.load(4, at: portOffset(0), page: page) == 0)
        #expect(bench.enable(id, 0) == ok)
        #expect(bench.enable(id) == ok)
        #expect(run.load(4, at: portOffset(0), page: page) != 0)
    }

    @Test("a domain of more vCPUs than slots gets the ports of 128")
    func manyCPUs() throws {
        let bench = try Bench(vcpus: 130)
        let id = try bench.create()
        let (run, page) = try #require(bench.pages(UInt32(id.rawValue), 1, 1).first)
        #expect(bench.enable(id) == ok)
        #expect(run.load(4, at: portOffset(127), page: page) != 0)
    }

    @Test("pages outlive their server, with what was in them: M10")
    func outlived() throws {
        let bench = try Bench()
        let id = try bench.create()
        let (run, page) = try #require(bench.pages(UInt32(id.rawValue), 1, 1).first)
        run.pages.store(0x1234, byteCount: 2, at: page * 4096 + 100)
        #expect(bench.destroy(id) == ok)
        #expect(run.load(2, at: 100, page: page) == 0x1234)
        let next = try bench.create()
        let (fresh, _) = try #require(bench.pages(UInt32(next.rawValue), 1, 1).first)
        #expect(fresh !== run)
    }

    @Test("ring and slots in one call, the same pages each time: M11")
    func both() throws {
        let bench = try Bench()
        let id = UInt32(try bench.create(2).rawValue)
        let pages = try bench.pages(id, 0, 2)
        #expect(pages.map(\.1) == [0, 1])
        #expect(pages[0].0.load(8, at: 0) == 0)
        #expect(try bench.pages(id, 1, 1)[0].0 === pages[0].0)
    }

    @Test("the pool of legacy frames is set once: G1, G2, G5")
    func pool() throws {
        let bench = try Bench()
        func set(_ index: UInt32, _ value: UInt64) -> XenErrorCode? {
            answer { () throws(Refusal) in try bench.xen.setParameter(index, to: value, on: bench.guest.id) }
        }
        #expect([set(33, 0), set(33, 65)] == [.einval, .einval])
        #expect([set(32, 0x3f0), set(33, 2), set(33, 2), set(33, 3), set(33, 0)] == [nil, nil, nil, .eexist, .eexist])
        #expect(set(32, 0x3f1) == .eexist)
        // The older two are not a part of it: each is one frame more.
        #expect([set(5, 0x3f4), set(5, 0x3f5), set(6, 0x3f6), set(6, 0x3f7)] == [nil, nil, nil, nil])
        #expect(set(13, 1) == .einval)
        #expect(throws: Refusal(.einval, "")) { try bench.xen.parameter(26, on: bench.guest.id) }
        #expect(try bench.xen.parameter(33, on: bench.guest.id) == 2)
    }

    private func legacyBench() throws -> (Bench, IOREQServerID) {
        let bench = try Bench()
        try bench.xen.setParameter(32, to: 0x3f0, on: bench.guest.id)
        try bench.xen.setParameter(33, to: 2, on: bench.guest.id)
        return (bench, try bench.create(2))
    }

    @Test("the pool's frames are handed out, lowest first, the same again: G3")
    func legacy() throws {
        let (bench, id) = try legacyBench()
        for _ in 0..<2 {
            var info = DMOP.GetIOREQServerInfo(id: id, flags: [])
            var none: [UInt8] = []
            #expect(bench.op(&info, data: &none) == ok)
            #expect([info.ioreqFrame, info.bufferedFrame] == [GuestFrame(0x3f0), GuestFrame(0x3f1)])
        }
        let other = try bench.create(0)
        #expect(bench.op(DMOP.GetIOREQServerInfo(id: other, flags: [])) == .enomem)
        #expect(bench.destroy(id) == ok)
        #expect(bench.op(DMOP.GetIOREQServerInfo(id: other, flags: [])) == ok)
    }

    @Test("a server that gets one frame of two gets none")
    func halfAPool() throws {
        let bench = try Bench()
        try bench.xen.setParameter(5, to: 0x3f5, on: bench.guest.id)
        let ring = try bench.create(2)
        #expect(bench.op(DMOP.GetIOREQServerInfo(id: ring, flags: [])) == .enomem)
        let plain = try bench.create(0)
        var info = DMOP.GetIOREQServerInfo(id: plain, flags: [])
        var none: [UInt8] = []
        #expect(bench.op(&info, data: &none) == ok)
        #expect(info.ioreqFrame == GuestFrame(0x3f5))
    }

    @Test("a pool outside of RAM is EINVAL")
    func poolInHole() throws {
        let bench = try Bench()
        try bench.xen.setParameter(32, to: 0x4000, on: bench.guest.id)
        try bench.xen.setParameter(33, to: 1, on: bench.guest.id)
        let id = try bench.create()
        for _ in 0..<2 { #expect(bench.op(DMOP.GetIOREQServerInfo(id: id, flags: [])) == .einval) }
    }

    @Test("legacy frames leave the memory map while enabled and come back cleared: G4")
    func leaving() throws {
        let (bench, id) = try legacyBench()
        #expect(bench.op(DMOP.GetIOREQServerInfo(id: id, flags: [])) == ok)
        let (run, page) = try #require(bench.guest.page(of: GuestFrame(0x3f0)))
        #expect(bench.enable(id) == ok)
        #expect(bench.guest.page(of: GuestFrame(0x3f0)) == nil)
        #expect(bench.guest.page(of: GuestFrame(0x3f1)) == nil)
        let port = try #require(bench.guest.server(id)?.vcpuPorts.first)
        #expect(run.load(4, at: portOffset(0), page: page) == UInt64(port.rawValue))
        #expect(bench.enable(id, 0) == ok)
        #expect(bench.guest.page(of: GuestFrame(0x3f0))?.1 == page)
        #expect(run.load(4, at: portOffset(0), page: page) == 0)
        #expect(bench.enable(id) == ok)
        #expect(bench.destroy(id) == ok)
        #expect(bench.use(0x3f1) == .ram(.ramReadWrite, page: 0x3f1))
    }
}
