// Who gets an access: dmop.md section 6, rows B1 to B5, B10, B11 and B19.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Selection") struct SelectionTests {
    @Test("a port read in a range; the guest gets the low bytes: B1")
    func port() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        let long = bench.run(.input(0x200, .four)) { _ in 0x1234_5678_9abc_def0 }
        #expect(long.outcome == .done(0x9abc_def0))
        let seen = long.seen[0]
        #expect(seen.server == a.id && seen.type == .portIO && seen.size == 4 && seen.isRead && seen.count == 1)
        #expect(seen.memory == nil && seen.address == 0x200)
        #expect(bench.run(.input(0x203, .one)) { _ in 0x1ff }.outcome == .done(0xff))
    }

    @Test("partly in a range, in no range, over two servers' ranges: all ones, no request: B2")
    func unclaimed() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        for (access, ones) in [
            (GuestAccess.input(0x202, .four), 0xffff_ffff as UInt64), (.input(0x400, .four), 0xffff_ffff),
            (.input(0x207, .two), 0xffff),
        ] {
            let (outcome, seen) = bench.run(access)
            #expect(outcome == .done(ones) && seen.isEmpty)
        }
        #expect(bench.run(.output(0x400, .four, 1)).outcome == .done(0))
    }

    @Test("of two servers the higher id gets it: B3")
    func shadowed() throws {
        let (bench, _, b, _) = try AccessBench.rows()
        #expect(bench.run(.input(0x300, .one)).seen.map(\.server) == [b.id])
        #expect(bench.run(.output(0x300, .one, 7)).seen.map(\.server) == [b.id])
    }

    @Test("a disabled server is passed over, and comes back with its port: B4")
    func disabled() throws {
        let (bench, a, b, _) = try AccessBench.rows()
        let before = b.slot().port
        try b.enable(false)
        #expect(bench.run(.input(0x300, .one)).seen.map(\.server) == [a.id])
        #expect(bench.run(.input(0x204, .four)).outcome == .done(0xffff_ffff))
        try b.enable(true)
        #expect(bench.run(.input(0x204, .four)).seen.map(\.server) == [b.id])
        #expect(b.slot().port == before && before.rawValue != 0)
    }

    @Test("a load and a store in a memory range: B5")
    func memory() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        #expect(bench.run(.load(0xf000_0010, .four)) { _ in 5 }.outcome == .done(5))
        let store = bench.run(.store(0xf000_0010, .four, 0x99)).seen[0]
        #expect(store.server == a.id && store.type == .copy && store.size == 4 && store.data == 0x99)
    }

    @Test("CF8 selects a function, and the access to CFC is a PCI one: B10")
    func pci() throws {
        let (bench, a, _, p) = try AccessBench.rows()
        let latch = bench.run(.output(0xcf8, .four, 0x8000_1040)).seen
        #expect(latch.map(\.server) == [a.id] && latch[0].type == .portIO)
        let long = bench.run(.input(0xcfc, .four)).seen[0]
        #expect(long.server == p.id && long.type == .pciConfig && long.address == 0x10_0000_0040 && long.size == 4)
        let byte = bench.run(.input(0xcfe, .one)).seen[0]
        #expect(byte.address == 0x10_0000_0042 && byte.size == 1)
    }

    @Test("without a function of that number CFC is unclaimed; without the enable bit it is a port: B11")
    func pciUnclaimed() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        #expect(bench.run(.output(0xcf8, .four, 0x8000_1800)).seen.map(\.server) == [a.id])
        let missed = bench.run(.input(0xcfc, .four))
        #expect(missed.outcome == .done(0xffff_ffff) && missed.seen.isEmpty)
        #expect(bench.run(.output(0xcf8, .four, 0)).seen.map(\.server) == [a.id])
        let plain = bench.run(.input(0xcfc, .four)).seen
        #expect(plain.map(\.server) == [a.id] && plain[0].type == .portIO)
        #expect(bench.run(.output(0xcf8, .one, 0x80)).seen.map(\.server) == [a.id])
        #expect(bench.guest.configurationAddress == 0)
    }

    @Test("an AMD processor's CF8 has four more register bits, where that is on")
    func extendedPCI() throws {
        let (bench, _, _, p) = try AccessBench.rows()
        _ = bench.run(.output(0xcf8, .four, 0x8500_1040))
        #expect(bench.run(.input(0xcfc, .four)).seen[0].address == 0x10_0000_0040)
        bench.guest.extendsConfigurationAddress = true
        let seen = bench.run(.input(0xcfd, .two)).seen[0]
        #expect(seen.server == p.id && seen.address == 0x10_0000_0541)
    }

    @Test("a range taken away is unclaimed at once: B19")
    func unmapped() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        try a.unmap(.port, 0x200...0x203)
        #expect(bench.run(.input(0x200, .four)).outcome == .done(0xffff_ffff))
    }

    @Test("the local APIC is Xen's; one byte beyond its page is not; a PVH guest has no PIC, an HVM guest has")
    func internalDevices() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        try a.map(.memory, 0xfec0_0000...0xff00_0000)
        try a.map(.port, 0x20...0x21)
        #expect(bench.run(.load(0xfee0_0020, .four)).seen.isEmpty)
        #expect(bench.run(.load(0xfee0_1000, .four)).seen.count == 1)
        #expect(bench.run(.load(0xfed0_0000, .four)).seen.count == 1)
        #expect(bench.run(.input(0x20, .one)).seen.count == 1)
        let (full, server, _, _) = try AccessBench.rows(kind: .hvm)
        try server.map(.port, 0x20...0x30)
        #expect(full.run(.input(0x20, .one)).seen.isEmpty)
        // Not wholly inside the PIC: the server's.
        #expect(full.run(.input(0x21, .two)).seen.count == 1)
    }

    @Test("a write to a frame of type 4 goes to its holder, disabled or not; a read is RAM's")
    func memoryType() throws {
        let (bench, a, b, _) = try AccessBench.rows()
        bench.guest.storeMemory(0x10_0000, .four, 77)
        try bench.call(once: DMOP.MapMemoryType(id: a.id, type: .ioreqServer, flags: .write))
        try bench.call(once: DMOP.SetMemoryType(count: 1, type: .ioreqServer, first: GuestFrame(0x100)))
        try b.map(.memory, 0x10_0000...0x10_0fff)
        try a.enable(false)
        let store = bench.run(.store(0x10_0000, .four, 5)).seen
        #expect(store.map(\.server) == [a.id] && store[0].type == .copy && store[0].data == 5)
        let load = bench.run(.load(0x10_0000, .four))
        #expect(load.outcome == .done(77) && load.seen.isEmpty)
    }

    @Test(
        "a string to frames of type 4 goes element by element, over their ends too; what is before them is RAM's: B132")
    func memoryTypeStrings() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        try bench.call(once: DMOP.MapMemoryType(id: a.id, type: .ioreqServer, flags: .write))
        try bench.call(once: DMOP.SetMemoryType(count: 1, type: .ioreqServer, first: GuestFrame(0x201)))
        for index in 0..<4 as Range<UInt64> {
            bench.guest.storeMemory(0x30_0000 + 4 * index, .four, 0x1001_0001 * (index + 1))
        }
        let up = bench.run(.repeatedStore(0x20_0ffa, .four, count: 4, from: 0x30_0000)).seen
        #expect(up.map(\.address) == [0x20_1000, 0x20_1002, 0x20_1006])
        #expect(up.map(\.size) == [2, 4, 4] && up.allSatisfy { $0.count == 1 && $0.memory == nil })
        #expect(up.map(\.data) == [0x2002, 0x3003_0003, 0x4004_0004])
        #expect(bench.guest.loadMemory(0x20_0ffa, .four) == 0x1001_0001)
        #expect(bench.guest.loadMemory(0x20_0ffe, .two) == 0x0002)
        let down = bench.run(.repeatedStore(0x20_1004, .four, count: 3, from: 0x30_0008, descending: true))
        #expect(down.outcome == .done(0))
        #expect(down.seen.map(\.address) == [0x20_1004, 0x20_1000])
        #expect(down.seen.map(\.data) == [0x3003_0003, 0x2002_0002])
        #expect(bench.guest.loadMemory(0x20_0ffc, .four) == 0x1001_0001)
        #expect(bench.run(.repeatedLoad(0x20_1000, .four, count: 4, to: 0x30_0000)).seen.isEmpty)
    }

    @Test("without a holder the vCPU tries again for ever; the domain can still be shut down: X7")
    func noHolder() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        try bench.call(once: DMOP.MapMemoryType(id: a.id, type: .ioreqServer, flags: .write))
        try bench.call(once: DMOP.SetMemoryType(count: 1, type: .ioreqServer, first: GuestFrame(0x100)))
        try a.destroy()
        #expect(bench.vcpu.perform(.store(0x10_0000, .four, 5)) == .retrying)
        for _ in 0..<3 { #expect(bench.vcpu.resume() == .retrying) }
        bench.xen.shutDown(bench.guest, .powerOff)
        #expect(bench.guest.life.shutdownReason == .powerOff)
        #expect(bench.vcpu.resume() == .stopped)
    }

    @Test("frames made device memory go to servers, read-only ones drop writes")
    func frameTypes() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        try a.map(.memory, 0x20_2000...0x20_2fff)
        #expect(bench.run(.load(0x20_2000, .four)).seen.isEmpty)
        try bench.call(once: DMOP.SetMemoryType(count: 1, type: .mmioDM, first: GuestFrame(0x202)))
        #expect(bench.run(.load(0x20_2000, .four)).seen.count == 1)
        bench.guest.storeMemory(0x20_3000, .four, 1)
        try bench.call(once: DMOP.SetMemoryType(count: 1, type: .ramReadOnly, first: GuestFrame(0x203)))
        #expect(bench.run(.store(0x20_3000, .four, 2)).outcome == .done(0))
        #expect(bench.guest.loadMemory(0x20_3000, .four) == 1)
    }

    @Test("an Arm guest gets a data abort; what it reads is cut to the size")
    func arm() throws {
        let bench = try AccessBench(DomainShape(.pvh, isArm: true))
        let server = try bench.add(ports: [0x100...0x200], memory: [0xf000_0000...0xf000_0fff])
        #expect(bench.run(.load(0xf000_0010, .two)) { _ in 0x12345 }.outcome == .done(0x2345))
        #expect(bench.vcpu.perform(.load(0xf000_1000, .two)) == .dataAbort)
        #expect(bench.vcpu.perform(.input(0x100, .two)) == .dataAbort)
        // Where an x86 guest gets #GP: it has no such fault.
        server.setState(1)
        #expect(bench.vcpu.perform(.load(0xf000_0010, .two)) == .dataAbort && bench.misuses.count == 1)
    }

    @Test("addresses that wrap around are nobody's")
    func wrapping() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        try a.map(.memory, 0xffff_ffff_ffff_0000...UInt64.max)
        #expect(bench.run(.load(UInt64.max, .one)).seen.count == 1)
        #expect(bench.run(.repeatedLoad(UInt64.max - 5, .four, count: 3, to: 0x8000)).seen.count == 1)
        #expect(bench.run(.repeatedLoad(4, .four, count: 9, to: 0x8000, descending: true)).outcome == .done(0))
    }

    @Test("explain names who gets it, who is shadowed, who is disabled, who has only a part, and who has no pages")
    func explanations() throws {
        let (bench, a, b, p) = try AccessBench.rows()
        let shadowed = bench.guest.explain(.input(0x300, .one))
        #expect(
            shadowed.lines == [
                "port 0x300, 1 byte, read: server 1, by 0x300-0x30f",
                "  server 0 has claimed it too (0x300-0x30f), but the highest id goes first",
            ])
        let crossing = bench.guest.explain(.input(0x202, .four))
        guard case .crossesRangeEnd = crossing.parts[0].reason else { return #expect(Bool(false), "\(crossing)") }
        #expect(crossing.description.contains("server 0 has only a part of it (0x200-0x203)"))
        try b.enable(false)
        let disabled = bench.guest.explain(.input(0x204, .four))
        guard case .disabled(let server) = disabled.parts[0].reason else { return #expect(Bool(false), "\(disabled)") }
        #expect(server.id == b.id)
        #expect(bench.guest.explain(.input(0x300, .one)).lines[1].contains("server 1 has claimed it too"))
        let function = bench.guest.explain(PCIAddress(device: 2), register: 0x40, .four)
        #expect(function.lines == ["PCI 00:02.0 register 0x40, 4 bytes, read: server 2, by 00:02.0"])
        #expect(function.parts[0].reason.server === p.record)
        let cut = bench.guest.explain(.load(0xf000_0ffe, .four))
        #expect(cut.parts.count == 2 && cut.parts[0].reason.server === a.record)
        let late = try bench.add(ports: [0x700...0x700], pages: false)
        guard case .noPages(let empty) = bench.guest.explain(.input(0x700, .one)).parts[0].reason else {
            return #expect(Bool(false), "no pages")
        }
        #expect(empty === late.record)
        #expect(
            bench.guest.explain(.load(0x8000, .four)).lines == ["memory 0x8000, 4 bytes, read: memory of the guest"])
        try p.map(.pci, 0...0xf)
        try p.map(.pci, 0x11...UInt64.max)
        #expect(bench.guest.explain(PCIAddress(device: 9), register: 0, .one).lines.count == 1)
    }
}
