// The way into an operation: dmop.md sections 1.1 to 1.4, rows E of 18.1.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("The hypercall's entry") struct EntryTests {
    private func header(_ op: UInt32, _ byteCount: Int, pad: UInt8 = 0) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        for index in 0..<min(4, byteCount) { bytes[index] = UInt8(truncatingIfNeeded: op >> UInt32(8 * index)) }
        if byteCount > 4 { bytes[4] = pad }
        return bytes
    }

    @Test("a reserved id and a missing domain are ESRCH, the own domain EPERM: E1, E2, E3")
    func targets() throws {
        let bench = try Bench()
        for id: UInt16 in [0x7FF0, 0x7FF1, 0x7FF2, 0x7FF4, 77] {
            #expect(bench.call(header(1, 14), on: DomainID(id)) == .esrch)
        }
        #expect(bench.call(header(1, 14), on: DomainID(0)) == .eperm)
    }

    @Test("a PV target is EINVAL, and 0 without effect before 4.14: E4", arguments: Release.Version.allCases)
    func paravirtualised(version: Release.Version) throws {
        let bench = try Bench(Release(version), DomainShape(.pv))
        let wanted: XenErrorCode? = version < .v4_14 ? nil : .einval
        #expect(bench.call(header(1, 14)) == wanted)
        #expect(bench.call(header(21, 8)) == wanted)
    }

    @Test("a header cut short is EFAULT: E5")
    func shortHeader() throws {
        let bench = try Bench()
        #expect(bench.call(header(20, 7)) == .efault)
        #expect(bench.call([]) == .efault)
    }

    @Test("an unknown operation wins over a bad pad, which wins over a hole: E6, E7")
    func unknown() throws {
        let bench = try Bench()
        #expect(bench.call(header(21, 8, pad: 1)) == .eopnotsupp)
        #expect(bench.call(header(0xffff_ffff, 8, pad: 1)) == .eopnotsupp)
        #expect(bench.call(header(0, 8)) == .eopnotsupp)
        #expect(bench.call(header(0, 8, pad: 1)) == .einval)
        let old = try Bench(Release(.v4_9_0))
        for op: UInt32 in [21, 0xffff_ffff, 0] { #expect(old.call(header(op, 8, pad: 1)) == .efault) }
    }

    @Test("4.9.0 wants 32 bytes, then the pad, then a number that it knows")
    func oldOrder() throws {
        let old = try Bench(Release(.v4_9_0))
        #expect(old.call(header(1, 31)) == .efault)
        #expect(old.call(header(21, 32, pad: 1)) == .einval)
        #expect(old.call(header(21, 32)) == .eopnotsupp)
        for op: UInt32 in 16...20 { #expect(old.call(header(op, 32)) == .eopnotsupp) }
        #expect(old.call(header(1, 32)) == ok)
    }

    @Test("op 19 on x86 has no payload to be cut short: E8", arguments: [Release.Version.v4_14, .v4_17])
    func armOnly(version: Release.Version) throws {
        let bench = try Bench(Release(version))
        #expect(bench.call(header(19, 8)) == .eopnotsupp)
        #expect(bench.call(header(19, 16)) == .eopnotsupp)
        #expect(bench.call(header(19, 16, pad: 1)) == (version < .v4_15 ? .eopnotsupp : .einval))
    }

    @Test("an Arm guest has ops 1 to 6, 19 and 20; the others have no payload to be cut short: row 12")
    func arm() throws {
        let bench = try Bench(.standard, DomainShape(.pvh, isArm: true))
        for op: UInt32 in 7...18 {
            #expect(bench.call(header(op, 8)) == .eopnotsupp)
            #expect(bench.call(header(op, 8, pad: 1)) == .einval)
        }
        #expect(bench.call(header(20, 12)) == ok)
        #expect(bench.call(header(19, 15)) == .efault)
        #expect(bench.call(header(1, 14)) == ok)
    }

    @Test("a payload cut by a byte is EFAULT: E9", arguments: [Release.Version.v4_11, .v4_15, .v4_17])
    func cutPayload(version: Release.Version) throws {
        let bench = try Bench(Release(version))
        for opcode in DMOpcode.all where opcode != .setIRQLevel {
            let wanted: XenErrorCode = opcode == .vcpuCount && version < .v4_15 ? .eopnotsupp : .efault
            #expect(bench.call(header(opcode.rawValue, 7 + opcode.payloadByteCount)) == wanted, "\(opcode)")
        }
    }

    @Test("a short buffer wins over a bad pad: E10")
    func padAfterSize() throws {
        let bench = try Bench()
        #expect(bench.call(header(1, 13, pad: 1)) == .efault)
        #expect(bench.call(header(1, 14, pad: 1)) == .einval)
    }

    @Test("of a long buffer only the payload is written: E11", arguments: [1, 2])
    func longBuffer(vcpus: Int) throws {
        let bench = try Bench(vcpus: vcpus)
        var bytes = [UInt8](repeating: 0x5a, count: 4096)
        bytes.replaceSubrange(0..<8, with: header(20, 8))
        var none: [UInt8] = []
        #expect(bench.call(&bytes, &none, buffers: 1) == ok)
        #expect(Array(bytes[..<12]) == header(20, 8) + [UInt8(vcpus), 0, 0, 0])
        #expect(bytes[12...].allSatisfy { $0 == 0x5a })
    }

    @Test("a second buffer that nobody wants is ignored, an empty one is EFAULT: E12, 15.7")
    func secondBuffer() throws {
        let bench = try Bench()
        var bytes = header(20, 12)
        var data: [UInt8] = [1, 2, 3, 4]
        #expect(bench.call(&bytes, &data, buffers: 2) == ok)
        #expect(data == [1, 2, 3, 4])
        data = []
        #expect(bench.call(&bytes, &data, buffers: 2) == .efault)
    }

    @Test("three buffers are E2BIG before the domain is looked at: E13")
    func tooMany() throws {
        let bench = try Bench()
        var bytes = header(20, 12)
        var data: [UInt8] = [0]
        #expect(bench.call(&bytes, &data, buffers: 3, on: DomainID(77)) == .e2big)
    }

    @Test("no buffer is ENODATA with XSA-506, EFAULT without: E14")
    func noBuffer() throws {
        var bytes: [UInt8] = []
        var data: [UInt8] = []
        #expect(try Bench().call(&bytes, &data, buffers: 0) == .enodata)
        #expect(try Bench(Release(.v4_14)).call(&bytes, &data, buffers: 0) == .efault)
        #expect(try Bench(Release(.v4_14)).call(&bytes, &data, buffers: 0, on: DomainID(77)) == .esrch)
    }

    @Test("a refused call leaves the caller's buffer as it was")
    func unchanged() throws {
        let bench = try Bench()
        for op in UInt8(0)...22 {
            var bytes = [UInt8](repeating: 0xee, count: 32)
            bytes.replaceSubrange(0..<8, with: [op, 0, 0, 0, 0, 0, 0, 0])
            var data = [UInt8](repeating: 0xee, count: 64)
            let before = bytes
            let answer = bench.call(&bytes, &data, buffers: 2)
            if answer != nil { #expect(bytes == before && data.allSatisfy { $0 == 0xee }, "op \(op)") }
        }
    }

    @Test("a stub domain may call for the domain that it serves, an ordinary guest for none: row 7")
    func permission() throws {
        let bench = try Bench()
        let stub = DomainID(9)
        #expect(bench.call(header(20, 12), by: Caller(stub, .deviceModel(of: bench.guest.id))) == ok)
        #expect(bench.call(header(20, 12), by: Caller(stub, .deviceModel(of: DomainID(3)))) == .eperm)
        #expect(bench.call(header(21, 7), by: Caller(stub, .none)) == .eperm)
    }
}
