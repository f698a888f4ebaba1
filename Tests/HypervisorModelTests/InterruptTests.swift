// Events, messages and lines: dmop.md sections 3.8 to 3.10, 3.13, 3.14, 3.19; rows J, L, N, O and P.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Interrupts") struct InterruptTests {
    private func event(
        _ vcpu: UInt32, type: UInt8 = 0, vector: UInt8 = 0x40, poke: [Int: UInt8] = [:], _ bench: Bench
    ) -> XenErrorCode? {
        bench.op(
            DMOP.InjectEvent(
                vcpu: VCPUID(vcpu), vector: vector, type: EventType(type), instructionByteCount: 0, errorCode: ~0,
                extra: 0), poke: poke)
    }

    @Test("pads and vCPUs, one event at a time, whatever it is: J1, J2, J3", arguments: [1, 2])
    func events(vcpus: Int) throws {
        let bench = try Bench(vcpus: vcpus)
        #expect([event(0, poke: [7: 1], bench), event(0, poke: [12: 1], bench)] == [.einval, .einval])
        #expect([event(UInt32(vcpus), bench), event(~0, bench)] == [.einval, .einval])
        #expect([event(0, type: 7, vector: 0xff, bench), event(0, bench)] == [nil, .ebusy])
        #expect(
            bench.guest.vcpus[0].pendingEvent
                == InjectedEvent(type: EventType(7), vector: 0xff, errorCode: ~0, extra: 0))
    }

    private func msi(_ address: UInt64, _ data: UInt32, pad: UInt8 = 0, _ bench: Bench) -> XenErrorCode? {
        bench.op(DMOP.InjectMSI(address: address, data: data), poke: pad == 0 ? [:] : [4: pad])
    }

    @Test("pad, vector 0, delivery modes: L1, L4")
    func messageChecks() throws {
        let bench = try Bench()
        #expect(msi(0xfee0_0000, 0x40, pad: 1, bench) == .einval)
        #expect(msi(0xfee0_0000, 0, bench) == .erange)
        #expect([msi(0xfee0_0000, 0x240, bench), msi(0xfee0_0000, 0x440, bench)] == [.einval, .einval])
        #expect(msi(0xfee0_1000, 0, bench) == ok)
        #expect(msi(0xfee0_0000 | 1 << 40, 0, bench) == .einval)
        #expect(bench.guest.vcpus[0].interrupts.isEmpty)
        #expect(msi(0x8000_0000_fee0_1000, 0, bench) == .erange)
        #expect(msi(0x8000_0000_fee0_1000, 0, try Bench(Release(.v4_20))) == .einval)
    }

    @Test("fixed delivery is 0 also where nobody takes it, lowest priority ESRCH: L2, L3")
    func nobody() throws {
        let bench = try Bench()
        #expect(msi(0xfee0_9000, 0x40, bench) == ok)
        #expect(msi(0xfee0_9000, 0x140, bench) == .esrch)
        bench.guest.vcpus[0].isAPICEnabled = false
        #expect([msi(0xfee0_0000, 0x40, bench), msi(0, 0x40, bench)] == [nil, nil])
        #expect(msi(0xfee0_0000, 0x140, bench) == .esrch)
        #expect(bench.guest.vcpus[0].interrupts.isEmpty)
    }

    @Test("a message reaches whom it names: one, all, a set; a vector waits once")
    func destinations() throws {
        let bench = try Bench(vcpus: 3)
        for (vcpu, id) in zip(bench.guest.vcpus, [UInt8(1), 2, 4]) { vcpu.logicalID = id }
        var waiting: [[UInt8]] { bench.guest.vcpus.map(\.interrupts) }
        #expect(msi(0xfee0_2000, 0x41, bench) == ok)
        #expect(waiting == [[], [0x41], []])
        #expect(msi(0xfeef_f000, 0x42, bench) == ok)
        #expect(msi(0xfeef_f000, 0x42, bench) == ok)
        #expect(waiting == [[0x42], [0x41, 0x42], [0x42]])
        // Logical: the first and the third.
        #expect(msi(0xfee0_5004, 0x43, bench) == ok)
        #expect(waiting == [[0x42, 0x43], [0x41, 0x42], [0x42, 0x43]])
    }

    @Test("lowest priority: the one with the least to do")
    func lowestPriority() throws {
        let bench = try Bench(vcpus: 2)
        #expect(msi(0xfee0_0000, 0x90, bench) == ok)
        #expect(msi(0xfeef_f000, 0x131, bench) == ok)
        #expect(bench.guest.vcpus.map(\.interrupts) == [[0x90], [0x31]])
    }

    private func pin(
        _ device: UInt8, _ pin: UInt8, _ level: UInt8, segment: UInt16 = 0, bus: UInt8 = 0, _ bench: Bench
    ) -> XenErrorCode? {
        bench.op(DMOP.SetPCIINTxLevel(segment: segment, bus: bus, device: device, pin: pin, level: level))
    }

    private func isa(_ irq: UInt8, _ level: UInt8, _ bench: Bench) -> XenErrorCode? {
        bench.op(DMOP.SetISAIRQLevel(irq: irq, level: level))
    }

    private func route(_ link: UInt8, _ irq: UInt8, _ bench: Bench) -> XenErrorCode? {
        bench.op(DMOP.SetPCILinkRoute(link: link, irq: irq))
    }

    @Test("PCI pins: N1, N2")
    func pins() throws {
        let bench = try Bench(.standard, DomainShape(.hvm))
        #expect(pin(0, 0, 0, segment: 1, bench) == .einval)
        #expect(pin(0, 0, 0, bus: 1, bench) == .einval)
        #expect([pin(32, 0, 0, bench), pin(0, 4, 0, bench), pin(0, 0, 2, bench)] == [.einval, .einval, .einval])
        #expect([pin(3, 1, 0, bench), pin(3, 1, 1, bench), pin(3, 1, 1, bench)] == [nil, nil, nil])
        // ((3 << 2) + 0 + 1) & 31 + 16, (3 + 1) & 3.
        #expect(bench.guest.interruptLines.level(ofGSI: 29))
        #expect(bench.guest.interruptLines.level(ofLink: 0))
        #expect(pin(3, 1, 0, bench) == ok)
        #expect((0..<48).allSatisfy { !bench.guest.interruptLines.level(ofGSI: $0) })
        #expect(!bench.guest.interruptLines.level(ofLink: 0))
    }

    @Test("pins that share a GSI or a link are ORed")
    func sharing() throws {
        let bench = try Bench(.standard, DomainShape(.hvm))
        // Devices 0 and 15: (15 << 2) + 1 + 3 = 64, & 31 is 0. Links 0 and 2.
        #expect([pin(0, 0, 1, bench), pin(15, 3, 1, bench), pin(0, 0, 0, bench)] == [nil, nil, nil])
        #expect(bench.guest.interruptLines.level(ofGSI: 16))
        #expect(!bench.guest.interruptLines.level(ofLink: 0))
        #expect(bench.guest.interruptLines.level(ofLink: 2))
        #expect(pin(15, 3, 0, bench) == ok)
        #expect(!bench.guest.interruptLines.level(ofGSI: 16))
    }

    @Test("ISA lines: O1")
    func isaLines() throws {
        let bench = try Bench(.standard, DomainShape(.hvm))
        #expect([isa(16, 0, bench), isa(4, 2, bench)] == [.einval, .einval])
        #expect([isa(4, 0, bench), isa(4, 1, bench)] == [nil, nil])
        #expect(bench.guest.interruptLines.level(ofISAIRQ: 4) && bench.guest.interruptLines.level(ofGSI: 4))
        #expect(isa(4, 0, bench) == ok)
        #expect(!bench.guest.interruptLines.level(ofISAIRQ: 4))
        #expect(isa(0, 1, bench) == ok)
        #expect(bench.guest.interruptLines.level(ofGSI: 2) && !bench.guest.interruptLines.level(ofGSI: 0))
    }

    @Test("a raised link takes its level along, and is ORed with the ISA line: P1")
    func routes() throws {
        let bench = try Bench(.standard, DomainShape(.hvm))
        #expect([route(4, 0, bench), route(0, 16, bench)] == [.einval, .einval])
        #expect([route(0, 5, bench), route(0, 5, bench), pin(0, 0, 1, bench)] == [nil, nil, nil])
        var lines: InterruptLines { bench.guest.interruptLines }
        #expect(lines.level(ofISAIRQ: 5))
        #expect(isa(5, 1, bench) == ok)
        #expect(route(0, 7, bench) == ok)
        #expect(lines.level(ofISAIRQ: 5) && lines.level(ofISAIRQ: 7))
        #expect(isa(5, 0, bench) == ok)
        #expect(!lines.level(ofISAIRQ: 5))
        #expect(route(0, 0, bench) == ok)
        #expect(!lines.level(ofISAIRQ: 7) && lines.level(ofLink: 0))
        #expect([pin(0, 0, 0, bench), route(0, 7, bench)] == [nil, nil])
        #expect(!lines.level(ofISAIRQ: 7))
    }

    @Test("SPIs of an Arm guest, and the pad since 4.21: 3.19")
    func spis() throws {
        func spi(_ irq: UInt32, _ level: UInt8, pad: UInt8 = 0, _ bench: Bench) -> XenErrorCode? {
            bench.op(DMOP.SetIRQLevel(irq: irq, level: level), poke: pad == 0 ? [:] : [7: pad])
        }
        let bench = try Bench(.standard, DomainShape(isArm: true, spiCount: 8))
        #expect(
            [spi(31, 1, bench), spi(40, 1, bench), spi(~0, 1, bench), spi(32, 2, bench)] == [
                .einval, .einval, .einval, .einval,
            ])
        #expect([spi(39, 1, bench), spi(32, 1, pad: 1, bench), spi(32, 0, bench)] == [nil, nil, nil])
        #expect(bench.guest.interruptLines.level(ofSPI: 39) && !bench.guest.interruptLines.level(ofSPI: 32))
        let newer = try Bench(Release(.v4_21), DomainShape(isArm: true))
        #expect(spi(32, 1, pad: 1, newer) == .einval)
    }
}

@Suite("Pinned caches") struct PinnedCacheTests {
    private func pin(
        _ bench: Bench, _ start: UInt64, _ end: UInt64, _ type: CacheAttribute, pad: UInt8 = 0
    ) -> XenErrorCode? {
        bench.op(
            DMOP.PinMemoryCacheAttribute(start: GuestFrame(start), end: GuestFrame(end), type: type),
            poke: pad == 0 ? [:] : [20: pad])
    }

    @Test("pad, ends, types, unknown ranges: Q1, Q2")
    func checks() throws {
        let bench = try Bench()
        #expect(pin(bench, 1, 2, .writeBack, pad: 1) == .einval)
        #expect([pin(bench, 2, 1, .writeBack), pin(bench, 1, 1 << 60, .writeBack)] == [.einval, .einval])
        #expect(pin(bench, 1, 2, CacheAttribute(2)) == .einval)
        #expect(pin(bench, 1, 2, .delete) == .enoent)
    }

    @Test("the same ends, overlaps, exact ends: Q3")
    func ranges() throws {
        let bench = try Bench()
        #expect([pin(bench, 0x10, 0x1f, .writeBack), pin(bench, 0x10, 0x1f, .writeThrough)] == [nil, nil])
        #expect(bench.guest.pinnedCaches.map(\.attribute) == [.writeThrough])
        #expect([pin(bench, 0x1f, 0x20, .writeBack), pin(bench, 0x10, 0x1e, .delete)] == [.ebusy, .enoent])
        #expect(pin(bench, 0x10, 0x1f, .delete) == ok)
        #expect(bench.guest.pinnedCaches.isEmpty)
    }

    @Test("uncached types need an IOMMU since 4.21: Q4")
    func uncached() throws {
        for (version, hasIOMMU, wanted) in [
            (Release.Version.v4_17, false, ok), (.v4_21, false, .eperm), (.v4_21, true, ok),
        ] {
            let bench = try Bench(Release(version), DomainShape(hasIOMMU: hasIOMMU))
            for (index, type) in [CacheAttribute.uncacheable, .writeCombining, .uncacheableMinus].enumerated() {
                #expect(pin(bench, UInt64(index), UInt64(index), type) == wanted)
            }
            #expect(pin(bench, 9, 9, .writeProtected) == ok)
        }
    }

    @Test("64 ranges: Q5")
    func limit() throws {
        let bench = try Bench()
        for index: UInt64 in 0..<64 { #expect(pin(bench, index, index, .writeBack) == ok) }
        #expect(pin(bench, 64, 64, .writeBack) == .enospc)
        #expect(pin(bench, 63, 63, .writeThrough) == ok)
    }
}
