// Lines that an HVM guest takes by its I/O APIC: dmop.md sections 3.8 to 3.10. What real Xen does: Guests/README.md.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("The I/O APIC") struct IOAPICTests {
    private let bench: Bench
    private var vcpu: VirtualCPU { bench.guest.vcpus[0] }

    init() throws { bench = try Bench(.standard, DomainShape(.hvm, vcpuCount: 2)) }

    private func store(_ register: UInt64, _ value: UInt64) {
        #expect(vcpu.perform(.store(0xfec0_0000, .four, register)) == .done(0))
        #expect(vcpu.perform(.store(0xfec0_0010, .four, value)) == .done(0))
    }

    private func load(_ register: UInt64) -> AccessOutcome {
        #expect(vcpu.perform(.store(0xfec0_0000, .four, register)) == .done(0))
        return vcpu.perform(.load(0xfec0_0010, .four))
    }

    private func route(_ pin: UInt64, _ low: UInt64, destination: UInt64 = 0) {
        store(0x11 + 2 * pin, destination << 24)
        store(0x10 + 2 * pin, low)
    }

    private func isa(_ irq: UInt8, _ level: UInt8) {
        #expect(bench.op(DMOP.SetISAIRQLevel(irq: irq, level: level)) == ok)
    }

    private func pin(_ device: UInt8, _ level: UInt8) {
        #expect(bench.op(DMOP.SetPCIINTxLevel(segment: 0, bus: 0, device: device, pin: 0, level: level)) == ok)
    }

    @Test("its registers: version and pins, an entry is masked until it is written, read-only bits")
    func registers() {
        #expect(load(1) == .done(0x2f_0011))
        #expect([load(0x10), load(0x6e), load(0x70)] == [.done(0x1_0000), .done(0x1_0000), .done(0)])
        store(0x6e, 0xffff_ffff)
        store(0x6f, 0x0200_0000)
        #expect([load(0x6e), load(0x6f)] == [.done(0xffff_afff), .done(0x0200_0000)])
        #expect(vcpu.perform(.load(0xfec0_0000, .four)) == .done(0x6f))
    }

    @Test("an edge interrupts once for each rise, and not while it is masked")
    func edge() {
        isa(4, 1)
        isa(4, 0)
        route(4, 0x50)
        #expect(vcpu.interrupts.isEmpty)
        isa(4, 1)
        isa(4, 1)
        #expect(vcpu.takeInterrupt() == 0x50 && vcpu.takeInterrupt() == nil)
        vcpu.endInterrupt(0x50)
        isa(4, 0)
        #expect(vcpu.interrupts.isEmpty)
        isa(4, 1)
        #expect(vcpu.interrupts == [0x50])
    }

    @Test("a level comes again after each end of interrupt while it is up, and when it is unmasked")
    func level() {
        pin(3, 1)
        route(28, 0x8051)
        #expect(vcpu.takeInterrupt() == 0x51 && vcpu.takeInterrupt() == nil)
        #expect(load(0x48) == .done(0xc051))
        vcpu.endInterrupt(0x52)
        #expect(vcpu.interrupts.isEmpty)
        vcpu.endInterrupt(0x51)
        #expect(vcpu.takeInterrupt() == 0x51)
        pin(3, 0)
        vcpu.endInterrupt(0x51)
        #expect(vcpu.interrupts.isEmpty)
        #expect(load(0x48) == .done(0x8051))
    }

    @Test("a pin goes to the vCPU that its entry names")
    func destination() {
        route(5, 0x52, destination: 2)
        isa(5, 1)
        #expect(vcpu.interrupts.isEmpty && bench.guest.vcpus[1].interrupts == [0x52])
    }

    @Test("a link leads to the pin of its ISA interrupt, and takes its level along")
    func link() {
        route(5, 0x8052)
        route(6, 0x8053)
        #expect(bench.op(DMOP.SetPCILinkRoute(link: 3, irq: 5)) == ok)
        pin(3, 1)
        #expect(vcpu.takeInterrupt() == 0x52)
        #expect(bench.op(DMOP.SetPCILinkRoute(link: 3, irq: 6)) == ok)
        #expect(vcpu.takeInterrupt() == 0x53)
        vcpu.endInterrupt(0x52)
        #expect(vcpu.interrupts.isEmpty)
    }

    @Test("a PVH guest has none: its lines interrupt nobody, and the address is a device model's")
    func pvh() throws {
        let other = try Bench()
        let vcpu = other.guest.vcpus[0]
        #expect(vcpu.perform(.load(0xfec0_0010, .four)) == .done(0xffff_ffff))
        #expect(other.op(DMOP.SetISAIRQLevel(irq: 4, level: 1)) == ok)
        #expect(vcpu.interrupts.isEmpty)
    }
}
