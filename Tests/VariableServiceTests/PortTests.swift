// Which accesses do what: widths, offsets, strings, buffers that are not there. Source: varstored.md 2, 10.4.

import HypervisorModel
import Testing
import UEFIVariables
import VariableService
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@Suite struct PortTests {
    @Test("A command goes from the buffer to the variables and back, and only the reply's bytes are written")
    func command() throws {
        let bench = try ServiceBench()
        bench.guest.poke(ServiceBench.address(0), [UInt8](repeating: 0xEE, count: 300))
        #expect(try bench.status(set("abc")) == 0)
        #expect(try bench.data() == "abc")
        let request = get()
        let reply = try bench.send(request)
        #expect(
            reply.prefix(23)
                == [0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x61, 0x62, 0x63])
        #expect(reply[23..<request.count] == request[23...], "the request's other bytes stay")
        #expect(reply[200] == 0xEE)
        #expect(bench.backend.writes.count == 1)
        #expect(bench.bench.log.misuses.isEmpty)
    }

    @Test("14: writes of 1 and 2 bytes to port 0x100, and of 4 bytes to 0x102, are ignored and completed")
    func narrowCommands() throws {
        let bench = try ServiceBench()
        bench.guest.poke(ServiceBench.address(0), set("abc"))
        try bench.guest.write(port: 0x100, .byte, ServiceBench.frame(0))
        try bench.guest.write(port: 0x100, .word, ServiceBench.frame(0))
        try bench.guest.write(port: 0x102, .doubleWord, ServiceBench.frame(0))
        #expect(try bench.data() == nil)
        #expect(bench.guest.peek(ServiceBench.address(0), 8) == Array(set("abc").prefix(8)), "no reply")
        #expect(bench.server.statistics.answers == 3)
    }

    @Test("15: ports 0x100 to 0x107 read 0, in every width")
    func readsOfRegisters() throws {
        let bench = try ServiceBench()
        try bench.guest.write(port: 0x104, .doubleWord, 0x1234_5678)
        for port in 0x100...0x107 as ClosedRange<UInt16> {
            for width in [AccessWidth.byte, .word, .doubleWord] {
                #expect(try bench.guest.read(port: port, width) == 0, "\(port) \(width)")
            }
        }
    }

    @Test("16: a frame number whose pages can't be mapped gets no reply, the access is completed, and we live on")
    func noSuchFrame() throws {
        let bench = try ServiceBench()
        for frame in [0x8_0000, 0x3F1, 0xF_FFFF] as [UInt64] {
            try bench.guest.write(port: 0x100, .doubleWord, frame)
        }
        #expect(bench.lines.count(of: "can't be mapped") == 3)
        #expect(try bench.status(set("abc")) == 0)
    }

    @Test(
        "17: frame 0xFFFFFFF8, whose range passes 2^32, gets no reply; the access is completed",
        arguments: [
            0xFFFF_FFF8, 0xFFFF_FFF1, 0xFFFF_FFFF, 0xFFFF_FFF0,
        ] as [UInt64])
    func beyondTheEnd(frame: UInt64) throws {
        let bench = try ServiceBench()
        try bench.guest.write(port: 0x100, .doubleWord, frame)
        #expect(bench.server.statistics.answers == 1)
        // The range that ends at the last frame is asked for; there is no memory either.
        #expect(bench.memory.asked.isEmpty == (frame != 0xFFFF_FFF0))
        #expect(bench.lines.count(of: "can't be mapped") == 1)
        #expect(try bench.status(set("abc")) == 0)
    }

    @Test("18: string accesses are completed without action, reads with all ones, with one line in the log")
    func strings() throws {
        let bench = try ServiceBench()
        let address = ServiceBench.address(0)
        bench.guest.poke(address, set("abc"))
        bench.guest.poke(0x8000, (0..<4).flatMap { _ in UInt64(ServiceBench.frame(0)).littleEndianBytes.prefix(4) })
        try bench.guest.writeString(port: 0x100, .doubleWord, count: 4, from: 0x8000)
        try bench.guest.writeString(port: 0x104, .doubleWord, count: 2, from: 0x8000)
        try bench.guest.writeString(port: 0x108, .byte, count: 16, from: 0x8000)
        try bench.guest.readString(port: 0x108, .word, count: 3, to: 0x8000)
        #expect(bench.guest.peek(0x8000, 8) == [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0])
        #expect(try bench.data() == nil)
        #expect(try bench.services.ancillary == VariableServices.start(nil, policy: VariablePolicy()).ancillary)
        #expect(bench.lines.all.count == 1, "\(bench.lines.all)")
        #expect(bench.lines.count(of: "string access ignored port=0x100") == 1)
    }

    @Test("18: a minute later string accesses are worth a line again")
    func stringLines() throws {
        var limits = ServiceLimits.standard
        #expect(limits.stringLineInterval == 60_000)
        limits.stringLineInterval = 50
        let bench = try ServiceBench(limits: limits)
        try bench.wait {
            try bench.guest.writeString(port: 0x100, .doubleWord, count: 4, from: 0x8000)
            return bench.lines.all.count == 3
        }
        #expect(bench.server.statistics.requests > 3)
    }

    @Test("19: a COPY read that comes to us is answered with all ones, a write does nothing")
    func memoryAccess() throws {
        let bench = try ServiceBench()
        try bench.bench.serve(.memory(0xF000_0000...0xF000_0FFF), by: bench.device)
        bench.guest.poke(ServiceBench.address(0), set("abc"))
        #expect(try bench.guest.read(address: 0xF000_0000, .doubleWord) == 0xFFFF_FFFF)
        #expect(try bench.guest.read(address: 0xF000_0008, .quadWord) == .max)
        try bench.guest.write(address: 0xF000_0000, .doubleWord, ServiceBench.frame(0))
        #expect(try bench.data() == nil)
    }

    @Test("20: an event whose slot is not ready is ignored")
    func strayEvents() throws {
        let bench = try ServiceBench()
        for port in 1...16 as ClosedRange<UInt32> {
            bench.bench.hypervisor.send(bench.bench.target, EventPort(port))
            try bench.bench.process()
        }
        #expect(bench.server.statistics.requests == 0)
        #expect(bench.bench.log.misuses.isEmpty)
        // Also while a command is parked: its slot is in process.
        bench.backend.behaviour = .waits
        let access = try bench.begin(set("abc"))
        for port in 1...16 as ClosedRange<UInt32> {
            bench.bench.hypervisor.send(bench.bench.target, EventPort(port))
            try bench.bench.process()
        }
        #expect(bench.server.statistics.requests == 1 && !access.isOver)
        bench.backend.finish()
        try access.finish()
        #expect(bench.status() == 0)
    }

    @Test("171: what is written through the window reads back, and PPIBuffer shows it at offset 4")
    func window() throws {
        let bench = try ServiceBench()
        try bench.guest.write(port: 0x104, .doubleWord, 260)
        try bench.guest.write(port: 0x108, .doubleWord, 0x4433_2211)
        #expect(try bench.guest.read(port: 0x108, .doubleWord) == 0x4433_2211)
        #expect(try bench.guest.read(port: 0x109, .word) == 0x3322)
        let buffer = try bench.services.store.record(VariableName("PPIBuffer"), .ppi)
        #expect(buffer?.data[..<9] == [0, 0, 0, 0, 0x11, 0x22, 0x33, 0x44, 0])
    }

    @Test("172: beyond the window reads give 0 and writes are ignored")
    func beyondTheWindow() throws {
        let bench = try ServiceBench()
        try bench.guest.write(port: 0x104, .doubleWord, 303)
        #expect(try bench.guest.read(port: 0x108, .doubleWord) == 0)
        try bench.guest.write(port: 0x108, .doubleWord, .max)
        try bench.guest.write(port: 0x108, .byte, 0x5A)
        #expect(try bench.guest.read(port: 0x108, .byte) == 0x5A, "the last byte is there")
        try bench.guest.write(port: 0x104, .doubleWord, 0xFFFF_FFFF)
        try bench.guest.write(port: 0x108, .byte, 1)
        #expect(try bench.guest.read(port: 0x108, .byte) == 0)
    }

    @Test("173: an access across index 256 goes to the flags and to PPIBuffer")
    func acrossTheHalves() throws {
        let bench = try ServiceBench()
        try bench.guest.write(port: 0x104, .doubleWord, 254)
        try bench.guest.write(port: 0x108, .doubleWord, 0x4433_2211)
        let services = try bench.services
        #expect(services.ancillary.ppiFlags[254...] == [0x11, 0x22])
        #expect(services.store.record(VariableName("PPIBuffer"), .ppi)?.data[..<3] == [0x33, 0x44, 0])
    }

    @Test("Accesses that leave the data register, and narrow writes of the index, are ignored")
    func misplaced() throws {
        let bench = try ServiceBench()
        try bench.guest.write(port: 0x104, .doubleWord, 7)
        try bench.guest.write(port: 0x104, .word, 9)
        try bench.guest.write(port: 0x106, .doubleWord, 9)
        try bench.guest.write(port: 0x106, .word, 9)
        #expect(try bench.services.ancillary.ppiIndex == 7)
        try bench.guest.write(port: 0x106, .doubleWord, 0xFFFF_FFFF)
        #expect(try bench.guest.read(port: 0x108, .doubleWord) == 0)
    }

    @Test("Before the start accesses wait, and are served by it in order")
    func beforeTheStart() throws {
        let bench = try ServiceBench(isStarted: false)
        let command = try bench.begin(set("abc"))
        let index = try bench.guest.begin(.output(0x104, .four, 300), vcpu: 1)
        try bench.bench.process()
        #expect(!command.isOver && !index.isOver && bench.device.services == nil)
        #expect(bench.guest.peek(ServiceBench.address(0), 8) == Array(set("abc").prefix(8)))
        bench.start()
        #expect(command.isOver && index.isOver)
        #expect(try bench.data() == "abc" && bench.services.ancillary.ppiIndex == 300)
    }
}

extension UInt64 {
    /// Little end first.
    var littleEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) } }
}
