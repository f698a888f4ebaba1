// The serial port as a guest has it: at COM1's ports, with its interrupt line, by way of the hypervisor's model.
// Not for: the UART's registers one by one (RegisterTests and its neighbours).

import EventLoop
import HypervisorModel
import SystemCalls
import Testing
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@testable import SerialConsole

/// Takes everything, a line or a chunk at a time.
private final class Collected: ByteSink {
    var bytes: [UInt8] = []
    var text: String { String(decoding: bytes, as: UTF8.self) }

    func write(_ bytes: Span<UInt8>) -> WriteOutcome {
        for index in bytes.indices { self.bytes.append(bytes[index]) }
        return .wrote(bytes.count)
    }
}

@Suite struct GuestLevelTests {
    /// An HVM guest: it has interrupt lines.
    let bench: SandboxBench
    let server: TestServer
    let uart: UART16550
    let line: ConsoleLine
    let output: ConsoleOutput
    let log: ConsoleOutput
    private let shown = Collected()
    private let logged = Collected()
    var guest: TestGuest { bench.guest }

    /// COM1's registers.
    private enum Port {
        static let (data, ier, iir, fcr, lcr, mcr, lsr, scr) = (
            0x3F8 as UInt16, 0x3F9 as UInt16, 0x3FA as UInt16, 0x3FA as UInt16, 0x3FB as UInt16, 0x3FC as UInt16,
            0x3FD as UInt16, 0x3FF as UInt16
        )
    }

    init() throws {
        bench = try SandboxBench(DomainShape(.hvm, vcpuCount: 2), restricted: true)
        output = ConsoleOutput("stdout", to: shown) { _ in Issue.record("bytes were lost") }
        log = ConsoleOutput("log", to: logged) { _ in Issue.record("bytes were lost") }
        line = ConsoleLine(
            domain: bench.domain, irq: 4, output: output, text: ConsoleText(prefix: "guest| ", escaping: false),
            log: log, messages: Messages())
        uart = UART16550(line: line)
        server = try bench.serve(.ports(0x3F8...0x3FF), by: uart)
    }

    private func out(_ port: UInt16, _ value: UInt64) throws(GuestFailure) {
        try guest.write(port: port, .byte, value)
    }

    private func read(_ port: UInt16) throws(GuestFailure) -> UInt64 { try guest.read(port: port, .byte) }

    /// Whether IRQ 4 is raised, as the guest's interrupt controllers see it.
    private var isRaised: Bool { guest.isRaised(isaIRQ: 4) }

    @Test func bytesOfTheTransmitterArriveInOrder() throws {
        for byte in "hello, world\n".utf8 {
            #expect(try read(Port.lsr) & 0x20 != 0)
            try out(Port.data, UInt64(byte))
        }
        #expect(shown.text == "guest| hello, world\n")
        for byte in "second".utf8 { try out(Port.data, UInt64(byte)) }
        #expect(shown.text == "guest| hello, world\n" && output.hasPending)
        output.flush()
        #expect(shown.text == "guest| hello, world\nguest| second")
        #expect(line.sentByteCount == 19)
    }

    @Test func theLogHasTheBytesUnchanged() throws {
        for byte in [0x1B, 0x00, 0xFF, 0x0A] as [UInt64] { try out(Port.data, byte) }
        #expect(logged.bytes == [0x1B, 0x00, 0xFF, 0x0A])
    }

    @Test func aStringOfBytesIsSentByOneInstruction() throws {
        let text = Array((0..<40).map { "line \($0)\n" }.joined().utf8)
        guest.poke(0x4FF0, text)
        try guest.writeString(port: Port.data, .byte, count: UInt32(text.count), from: 0x4FF0)
        #expect(logged.bytes == text)
        #expect(shown.text == (0..<40).map { "guest| line \($0)\n" }.joined())
        #expect(server.statistics.strings > 0)
    }

    @Test func aStringFromTheTopDownIsSentFromTheTopDown() throws {
        guest.poke(0x5000, Array("\nolleh".utf8))
        try guest.writeString(port: Port.data, .byte, count: 6, from: 0x5005, descending: true)
        #expect(logged.bytes == Array("hello\n".utf8))
    }

    @Test func theInterruptLineRisesAndFalls() throws {
        #expect(!isRaised)
        try out(Port.mcr, 0x08)
        try out(Port.ier, 0x02)
        #expect(isRaised)
        #expect(guest.isRaised(gsi: 4) && !guest.isRaised(isaIRQ: 3))
        #expect(try read(Port.iir) == 0x02)
        #expect(!isRaised)
        try out(Port.data, 0x41)
        #expect(isRaised)
        try out(Port.mcr, 0)
        #expect(!isRaised)
        #expect(bench.domain.counter(of: .setISAIRQLevel).refused == 0)
    }

    @Test func receivedBytesRaiseTheLineUntilTheyAreRead() throws {
        try out(Port.fcr, 0x01)
        try out(Port.mcr, 0x08)
        try out(Port.ier, 0x01)
        #expect(!isRaised)
        uart.receive(Array("abc".utf8))
        #expect(isRaised)
        #expect(try read(Port.iir) == 0xC4)
        var received: [UInt64] = []
        while try read(Port.lsr) & 1 != 0 { received.append(try read(Port.data)) }
        #expect(received == "abc".utf8.map { UInt64($0) })
        #expect(!isRaised)
        #expect(try read(Port.iir) == 0xC1)
    }

    @Test func receivedBytesAreReadByOneInstruction() throws {
        try out(Port.fcr, 0x01)
        uart.receive(0..<16)
        try guest.readString(port: Port.data, .byte, count: 16, to: 0x6000)
        #expect(guest.peek(0x6000, 17) == (0..<16).map { UInt8($0) } + [0])
        #expect(try read(Port.lsr) == 0x60)
    }

    @Test func aGuestThatReadsMakesRoomForMore() throws {
        let pipe = try Pipe()
        let loop = try EventLoop()
        let feed = try InputFeed(try pipe.reading.duplicate(), to: uart, loop: loop, messages: Messages())
        line.whenRoom = { [unowned feed] in feed.pump() }
        try out(Port.fcr, 0x01)
        feed.pump()
        let sent = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 3) }
        try pipe.writing.writeAll(sent.span)
        try loop.turn(milliseconds: 1000)
        var received: [UInt8] = []
        while received.count < sent.count, try read(Port.lsr) & 1 != 0 {
            received.append(UInt8(try read(Port.data)))
        }
        #expect(received == sent)
        #expect(feed.byteCount == 100)
        line.whenRoom = {}
    }

    @Test func twoVCPUsWriteAByteEachAtATime() throws {
        var script = ""
        for vcpu in 0..<2 {
            script += "vcpu \(vcpu)\nrepeat 50\nout 0x3f8 1 \(0x61 + vcpu)\nend\n"
        }
        let outcome = try bench.run(script: script, seed: 3)
        #expect(outcome.isFinished)
        log.flush()
        #expect(line.sentByteCount == 100 && logged.bytes.count == 100)
        #expect(logged.bytes.filter { $0 == 0x61 }.count == 50)
        #expect(logged.bytes.filter { $0 == 0x62 }.count == 50)
    }

    /// What a Linux guest's early console does, as a script.
    @Test func aScriptFindsThePortAndWrites() throws {
        let outcome = try bench.run(
            script: """
                out 0x3ff 1 0x5a
                in 0x3ff 1 expect 0x5a
                out 0x3fb 1 0x83
                out 0x3f8 2 1
                out 0x3fb 1 3
                out 0x3fa 1 1
                in 0x3fa 1 expect 0xc1
                in 0x3fd 1 expect 0x60
                write 0x8000 6f 6b 0a
                rep outs 0x3f8 1 count 3 from 0x8000
                """)
        #expect(outcome.isAsExpected, "\(outcome.lines)")
        #expect(shown.text == "guest| ok\n")
    }

    /// ENOMEM stands for any errno: Xen refuses an ISA line below 16 only for a domain that is going.
    @Test func aLineThatCanNotBeDrivenLeavesTheGuestServed() throws {
        bench.refusals[.setISAIRQLevel] = .enomem
        try out(Port.mcr, 0x08)
        try out(Port.ier, 0x02)
        #expect(!isRaised)
        try out(Port.data, 0x0A)
        #expect(logged.bytes == [0x0A])
        #expect(server.statistics.failures == 0)
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        var hostile = HostileGuest(seed: 9)
        for round in 0..<100 as Range<UInt8> {
            try hostile.attack(.ports(0x3F8...0x3FF), of: guest, steps: 200)
            uart.receive([round])
        }
        #expect(bench.log.misuses.isEmpty)
    }
}
