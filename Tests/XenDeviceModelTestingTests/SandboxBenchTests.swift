// The test bench, with the library that users' device models are made of, unchanged.

import HypervisorModel
import Testing
import XenABI
import XenDeviceModel
import XenDeviceModelTesting
import XenPlatform

@Suite("Sandbox bench") struct SandboxBenchTests {
    @Test("a register device is served: widths, offsets, and the guest's value in it")
    func registers() throws {
        let bench = try SandboxBench()
        let device = Scratch()
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x13F), for: device).enable()
        try bench.guest.write(port: 0x104, .doubleWord, 0x1122_3344)
        #expect(try bench.guest.read(port: 0x104, .doubleWord) == 0x1122_3344)
        #expect(try bench.guest.read(port: 0x106, .byte) == 0x22)
        #expect(device.accesses == ["w4@4=287454020", "r4@4", "r1@6"])
        #expect(server.statistics.requests == 3)
        #expect(bench.log.misuses.isEmpty)
    }

    @Test("memory of a device, one access over two frames included")
    func memory() throws {
        let bench = try SandboxBench(restricted: true)
        let device = Scratch()
        let server = try bench.domain.makeIOREQServer().mapPages()
            .claim(.memory(0xF000_0FE0...0xF000_101F), for: device).enable()
        try bench.guest.write(address: 0xF000_0FE8, .quadWord, 0x0102_0304_0506_0708)
        #expect(try bench.guest.read(address: 0xF000_0FE8, .quadWord) == 0x0102_0304_0506_0708)
        try bench.guest.write(address: 0xF000_0FFE, .doubleWord, 0xAABB_CCDD)
        #expect(try bench.guest.read(address: 0xF000_1000, .word) == 0xAABB)
        #expect(device.accesses.suffix(3) == ["w2@30=52445", "w2@32=43707", "r2@32"])
        try server.close()
    }

    @Test("string I/O moves bytes between the device and the guest's RAM")
    func strings() throws {
        let bench = try SandboxBench()
        let device = Scratch()
        let server = try bench.domain.makeIOREQServer().mapPages()
            .claim(.ports(0x200...0x23F), for: device).claim(.memory(0xF000_0000...0xF000_003F), for: device).enable()
        bench.guest.poke(0x1FFC, [1, 2, 3, 4, 5, 6, 7, 8])
        try bench.guest.writeString(port: 0x200, .word, count: 4, from: 0x1FFC)
        #expect(device.accesses == ["w2@0=513", "w2@0=1027", "w2@0=1541", "w2@0=2055"])
        try bench.guest.readString(port: 0x200, .word, count: 3, to: 0x3000)
        #expect(bench.guest.peek(0x3000, 8) == [7, 8, 7, 8, 7, 8, 0, 0])
        try bench.guest.copy(toDevice: 0xF000_0010, .byte, count: 4, from: 0x1FFC)
        try bench.guest.copy(fromDevice: 0xF000_0010, .byte, count: 4, to: 0x5FFE)
        #expect(bench.guest.peek(0x5FFE, 4) == [1, 2, 3, 4])
        #expect(server.statistics.strings > 0)
    }

    @Test("a deferred answer reaches the vCPU that waits, when it is given")
    func deferred() throws {
        let bench = try SandboxBench()
        let device = Waiter()
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x100), for: device).enable()
        let pending = try bench.guest.begin(.input(0x100, .one))
        try bench.process()
        #expect(device.count == 1)
        #expect(!pending.isOver)
        device.answer(0x5A)
        #expect(try pending.finish() == 0x5A)
        #expect(server.statistics.answers == 1)
    }

    @Test("an access that nobody answers fails with a sentence, and can be answered afterwards")
    func unanswered() throws {
        let bench = try SandboxBench()
        let device = Waiter()
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x100), for: device).enable()
        let pending = try bench.guest.begin(.output(0x100, .one, 7))
        do throws(GuestFailure) {
            try pending.finish()
            Issue.record("answered by nobody")
        } catch {
            #expect(error.reason == .unanswered)
            #expect(error.text.hasPrefix("vCPU 0: write of 1 byte at port 0x100 waits, and no device model answers ("))
            #expect(error.text.contains("server 0"))
        }
        #expect(throws: GuestFailure.self) { try bench.guest.read(port: 0x100, .byte) }
        device.answer(0)
        try pending.finish()
        _ = server.id
    }

    @Test("an access that nobody has claimed reads all ones of its width, and a write is dropped")
    func unclaimed() throws {
        let bench = try SandboxBench()
        let device = Scratch()
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x103), for: device).enable()
        #expect(try bench.guest.read(port: 0x104, .word) == 0xFFFF)
        #expect(try bench.guest.read(port: 0x102, .doubleWord) == 0xFFFF_FFFF)
        try bench.guest.write(port: 0x104, .word, 1)
        #expect(device.accesses.isEmpty)
        #expect(server.statistics.requests == 0)
    }

    @Test("a PCI function is found by its address, and gets its registers as offsets")
    func pci() throws {
        let bench = try SandboxBench()
        let device = Scratch()
        let function = PCIAddress(device: 4, function: 1)
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.pci(function), for: device).enable()
        try bench.guest.write(pci: function, register: 0x10, .doubleWord, 0xCAFE_BABE)
        #expect(try bench.guest.read(pci: function, register: 0x12, .word) == 0xCAFE)
        #expect(device.accesses == ["w4@16=3405691582", "r2@18"])
        let stranger = PCIAddress(device: 5)
        #expect(try bench.guest.read(pci: stranger, register: 0, .doubleWord) == 0xFFFF_FFFF)
        _ = server.id
    }

    @Test("writes to an HVM guest's VGA window are posted: the vCPU does not wait, the device gets them in order")
    func posted() throws {
        let bench = try SandboxBench(DomainShape(.hvm))
        let device = Scratch()
        let server = try bench.domain.makeIOREQServer(buffered: .atomic).mapPages()
            .claim(.memory(0xA0000...0xA003F), for: device).enable()
        let first = try bench.guest.begin(.store(0xA0000, .four, 0x1234_5678))
        #expect(first.isOver)
        let second = try bench.guest.begin(.store(0xA0008, .eight, 0x1_0000_0002))
        #expect(second.isOver)
        #expect(device.accesses.isEmpty)
        try bench.process()
        #expect(device.accesses == ["w4@0=305419896", "w8@8=4294967298"])
        #expect(server.statistics.posted == 2)
        #expect(try bench.guest.read(address: 0xA0000, .doubleWord) == 0x1234_5678)
    }

    @Test("two vCPUs wait at the same time, and each gets its own answer")
    func twoVCPUs() throws {
        let bench = try SandboxBench(DomainShape(vcpuCount: 2))
        let device = Waiter()
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: device).enable()
        let first = try bench.guest.begin(.input(0x100, .one), vcpu: 0)
        let second = try bench.guest.begin(.input(0x104, .one), vcpu: 1)
        #expect(throws: GuestFailure.self) { try bench.guest.begin(.input(0x100, .one), vcpu: 1) }
        #expect(throws: GuestFailure.self) { try bench.guest.begin(.input(0x100, .one), vcpu: 2) }
        try bench.process()
        device.answer(1)
        device.answer(2)
        #expect(try [first.finish(), second.finish()] == [1, 2])
        _ = server.id
    }

    @Test("a device that throws ends its request with all ones; the bench goes on")
    func brokenDevice() throws {
        let bench = try SandboxBench()
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x100), for: Broken()).enable()
        #expect(try bench.guest.read(port: 0x100, .byte) == 0xFF)
        #expect(server.statistics.failures == 1)
    }

    @Test("two device models of one guest: the later server wins where both have claimed, each has its own handles")
    func twoDeviceModels() throws {
        let bench = try SandboxBench()
        let (one, other) = (Scratch(), Scratch())
        let second = try bench.addDeviceModel(restricted: true)
        let low = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x107), for: one).enable()
        let high = try second.makeIOREQServer().mapPages().claim(.ports(0x104...0x10B), for: other).enable()
        try bench.guest.write(port: 0x100, .byte, 1)
        try bench.guest.write(port: 0x104, .byte, 2)
        #expect(one.accesses == ["w1@0=1"])
        #expect(other.accesses == ["w1@0=2"])
        try high.close()
        try bench.guest.write(port: 0x104, .byte, 3)
        #expect(one.accesses == ["w1@0=1", "w1@4=3"])
        try low.close()
        #expect(try bench.guest.read(port: 0x100, .byte) == 0xFF)
    }

    @Test("interrupts of the device reach the guest's local APIC")
    func interrupts() throws {
        let bench = try SandboxBench(DomainShape(vcpuCount: 2))
        try bench.domain.injectMSI(address: 0xFEE0_2000, data: 0x41)
        #expect(bench.guest.interrupts(vcpu: 1) == [0x41])
        #expect(bench.guest.interrupts(vcpu: 0).isEmpty)
    }

    @Test("a guest that is destroyed is seen as gone, and a refused call says by which rule")
    func destroyed() throws {
        let bench = try SandboxBench()
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x100), for: Scratch()).enable()
        try bench.destroyGuest()
        #expect(try !bench.domain.isAlive())
        var failure: XenError?
        do throws(XenError) { try server.close() } catch { failure = error }
        #expect(failure != nil)
        #expect(bench.log.refusals.contains { $0.contains("ESRCH") })
        #expect(bench.hypervisor.domain(bench.target.id) == nil)
    }

    @Test("a script runs on two vCPUs against the device, and what it expects is checked")
    func script() throws {
        let bench = try SandboxBench(DomainShape(vcpuCount: 2))
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x13F), for: Scratch()).enable()
        let program = GuestProgram([
            [
                .access(.output(0x100, .four, 0x11), expect: nil), .access(.input(0x100, .four), expect: 0x11),
                .access(.input(0x400, .one), expect: 0xFF),
            ],
            [.access(.output(0x120, .one, 5), expect: nil), .access(.input(0x120, .one), expect: 5)],
        ])
        for seed in 0..<4 as Range<UInt64> {
            let outcome = bench.run(program, seed: seed)
            #expect(outcome.isAsExpected, "\(outcome.lines)")
            #expect(outcome.trace.count == 5)
        }
        let wrong = bench.run(GuestProgram(.access(.input(0x100, .four), expect: 0x12)))
        #expect(wrong.isFinished && !wrong.isAsExpected)
        _ = server.id
    }

    @Test("a script that waits for a device that does not answer ends, unfinished")
    func scriptWithoutAnswer() throws {
        let bench = try SandboxBench()
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x100), for: Waiter()).enable()
        let outcome = try bench.run(script: "in 0x200 1\nin 0x100 1\n")
        #expect(!outcome.isFinished)
        #expect(outcome.trace.count == 1)
        _ = server.id
    }

    @Test("a script is text: its steps, what it expects, and the line of a mistake")
    func scriptText() throws {
        let bench = try SandboxBench()
        let device = Scratch()
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x13F), for: device).enable()
        let outcome = try bench.run(script: "out 0x104 2 0x1234\nin 0x104 2 expect 0x1234\n")
        #expect(outcome.isAsExpected, "\(outcome.lines)")
        #expect(device.accesses == ["w2@4=4660", "r2@4"])
        #expect(throws: GuestScriptError.self) { try bench.run(script: "in 0x104 2\njump 3\n") }
        _ = server.id
    }

    @Test("a device model with a loop of its own serves a guest on the same thread, and is stopped when it is done")
    func loop() throws {
        let bench = try SandboxBench(DomainShape(vcpuCount: 2))
        let device = Scratch()
        let server = try bench.domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x13F), for: device).enable()
        let stop = try CounterStop()
        let program = try GuestProgram(
            script: "repeat 50\nout 0x100 1 3\nend\nvcpu 1\nrepeat 50\nin 0x110 2 expect 0\nend\n")
        let runner = bench.runWhileServing(program) { () throws(XenError) in stop.stop() }
        #expect(try server.serve(until: stop) == .stopped)
        #expect(runner.isFinished)
        #expect(runner.trace.failureCount == 0)
        #expect(server.statistics.requests == 100)
        #expect(device.accesses.count == 100)
    }
}
