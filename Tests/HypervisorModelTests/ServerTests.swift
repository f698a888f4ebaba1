// Ioreq servers: dmop.md sections 3.1, 3.2, 3.5, 3.6; rows S, I and T.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Ioreq servers") struct ServerTests {
    @Test("pads before the handling, and no handling above 2: S1, S2")
    func createChecks() throws {
        let bench = try Bench()
        #expect(bench.op(DMOP.CreateIOREQServer(handling: .off), poke: [1: 1]) == .einval)
        #expect(bench.op(DMOP.CreateIOREQServer(handling: BufferedHandling(9)), poke: [3: 1]) == .einval)
        for handling: UInt8 in [3, 255] {
            #expect(bench.op(DMOP.CreateIOREQServer(handling: BufferedHandling(handling))) == .einval)
        }
        #expect(bench.guest.servers.isEmpty)
    }

    @Test("eight servers, the lowest free id first: S3, S4, S5", arguments: [1, 2])
    func ids(vcpus: Int) throws {
        let bench = try Bench(vcpus: vcpus)
        for id in 0..<8 { #expect(try bench.create(UInt8(id % 3)) == IOREQServerID(UInt16(id))) }
        var payload = DMOP.CreateIOREQServer(handling: .off, id: IOREQServerID(0xbeef))
        var none: [UInt8] = []
        #expect(bench.op(&payload, data: &none) == .enospc)
        #expect(payload.id == IOREQServerID(0xbeef))
        #expect(bench.destroy(IOREQServerID(3)) == ok)
        #expect(try bench.create(2) == IOREQServerID(3))
    }

    @Test("destroying what is not there is ENOENT, with a pad EINVAL: S6, S7")
    func destroyChecks() throws {
        let bench = try Bench()
        let id = try bench.create()
        for other: UInt16 in [8, 0xffff, 5] { #expect(bench.destroy(IOREQServerID(other)) == .enoent) }
        #expect(bench.op(DMOP.DestroyIOREQServer(id: id), poke: [2: 1]) == .einval)
        #expect(bench.op(DMOP.DestroyIOREQServer(id: badID), poke: [2: 1]) == .einval)
        #expect(bench.destroy(id) == ok)
    }

    @Test("ports are taken for vCPU 0, the ring, vCPU 1: S8")
    func ports() throws {
        let bench = try Bench(vcpus: 2)
        let ids = [try bench.create(0), try bench.create(0), try bench.create(2)]
        let servers = ids.compactMap { bench.guest.server($0) }
        let first = try #require(servers[0].vcpuPorts.first?.rawValue)
        #expect(
            servers.map { $0.vcpuPorts.map { $0.rawValue - first } } == [[0, 1], [2, 3], [4, 6]])
        #expect(servers.map { $0.bufferedPort?.rawValue } == [nil, nil, first + 5])
        // Given back, they are the lowest free ones.
        #expect(bench.destroy(ids[0]) == ok)
        #expect(bench.guest.server(try bench.create(1))?.vcpuPorts.map(\.rawValue) == [first, first + 7])
    }

    @Test("a create that finds no port takes none")
    func noPorts() throws {
        let bench = try Bench(vcpus: 2)
        while bench.guest.ports.used.count < PortTable.portsMax - 2 {
            _ = try bench.xen.allocateUnbound(in: bench.guest, remote: DomainID(0))
        }
        let used = bench.guest.ports.used
        #expect(throws: Refusal(.enospc, "")) { try bench.create() }
        #expect(bench.guest.ports.used == used)
        #expect(bench.guest.server(IOREQServerID(0)) == nil)
    }

    @Test("no ring for an Arm guest: 3.1")
    func arm() throws {
        let bench = try Bench(.standard, DomainShape(isArm: true))
        #expect(throws: Refusal(.einval, "")) { try bench.create(2) }
        let id = try bench.create(0)
        #expect(bench.op(DMOP.GetIOREQServerInfo(id: id, flags: [])) == .eopnotsupp)
    }

    @Test("flags before the id: I1, I2")
    func infoChecks() throws {
        let bench = try Bench()
        let id = try bench.create()
        func info(_ id: IOREQServerID, _ flags: UInt16) -> XenErrorCode? {
            bench.op(DMOP.GetIOREQServerInfo(id: id, flags: ServerInfoFlags(rawValue: flags)))
        }
        #expect([info(id, 2), info(id, 0x8001), info(badID, 2)] == [.einval, .einval, .einval])
        #expect(info(badID, 1) == .enoent)
        let old = try Bench(Release(.v4_9_0))
        #expect(
            old.op(DMOP.GetIOREQServerInfo(id: try old.create(), flags: .noGFNs)) == .einval)
    }

    @Test("outputs that do not apply keep what was in them: I3, I4", arguments: [UInt8(0), 2])
    func infoOutputs(handling: UInt8) throws {
        let bench = try Bench()
        let id = try bench.create(handling)
        var info = DMOP.GetIOREQServerInfo(
            id: id, flags: .noGFNs, bufferedPort: EventPort(0xaaaa), ioreqFrame: GuestFrame(0xbbbb),
            bufferedFrame: GuestFrame(0xcccc))
        let before = info
        var none: [UInt8] = []
        #expect(bench.op(&info, data: &none) == ok)
        var wanted = before
        if let port = bench.guest.server(id)?.bufferedPort { wanted.bufferedPort = port }
        #expect(info == wanted)
        #expect((info == before) == (handling == 0))
    }

    @Test("one way to the pages alone: I5, I6")
    func oneWay() throws {
        let bench = try Bench()
        let first = try bench.create(2)
        #expect(bench.res(UInt32(first.rawValue), 0, 2) == ok)
        #expect(bench.op(DMOP.GetIOREQServerInfo(id: first, flags: [])) == .eperm)
        try bench.xen.setParameter(32, to: 0x3f0, on: bench.guest.id)
        try bench.xen.setParameter(33, to: 2, on: bench.guest.id)
        let second = try bench.create(2)
        #expect(bench.op(DMOP.GetIOREQServerInfo(id: second, flags: [])) == ok)
        #expect(bench.res(UInt32(second.rawValue), 0, 2) == .eperm)
        #expect(bench.guest.server(second)?.pages == nil)
    }

    @Test("enable and disable, again and again, and destroy while enabled: T1 to T5", arguments: [1, 2])
    func states(vcpus: Int) throws {
        let bench = try Bench(vcpus: vcpus)
        let id = try bench.create()
        #expect(bench.op(DMOP.SetIOREQServerState(id: id, enabled: true), poke: [3: 1]) == .einval)
        #expect(bench.enable(badID) == .enoent)
        #expect(bench.res(UInt32(id.rawValue), 1, 1) == ok)
        #expect([bench.enable(id), bench.enable(id), bench.enable(id, 255)] == [nil, nil, nil])
        #expect(bench.guest.server(id)?.isEnabled == true)
        #expect(bench.map(id, 0, 0x10, 0x1f) == ok)
        #expect(bench.unmap(id, 0, 0x10, 0x1f) == ok)
        #expect([bench.enable(id, 0), bench.enable(id, 0)] == [nil, nil])
        #expect(bench.guest.server(id)?.isEnabled == false)
        #expect(bench.enable(id) == ok)
        #expect(bench.destroy(id) == ok)
        #expect(bench.guest.server(id) == nil)
    }

    @Test("a server is its domain's: EPERM for another's ops 2 to 6, 15 and pages: T6")
    func ownership() throws {
        let bench = try Bench()
        let other = Caller(DomainID(9), .deviceModel(of: bench.guest.id))
        let id = try bench.create()
        #expect(bench.op(DMOP.GetIOREQServerInfo(id: id, flags: .noGFNs), by: other) == .eperm)
        let port = IORangeType.port
        #expect(bench.op(DMOP.MapIORange(id: id, type: port, start: 0, end: 0), by: other) == .eperm)
        #expect(bench.op(DMOP.UnmapIORange(id: id, type: port, start: 0, end: 0), by: other) == .eperm)
        #expect(bench.op(DMOP.SetIOREQServerState(id: id, enabled: true), by: other) == .eperm)
        #expect(bench.op(DMOP.DestroyIOREQServer(id: id), by: other) == .eperm)
        #expect(bench.op(DMOP.MapMemoryType(id: id, type: .ioreqServer, flags: .write), by: other) == .eperm)
        #expect(bench.res(UInt32(id.rawValue), 1, 1, by: other) == .eperm)
        #expect(bench.guest.server(id)?.isEnabled == false)
        let theirs = try bench.create(by: other)
        #expect(bench.destroy(theirs) == .eperm)
        #expect(bench.guest.server(theirs)?.owner == DomainID(9))
    }
}
