// Real descriptors: pipes that nobody reads, full disks, input at the guest's pace.

import EventLoop
import SystemCalls
import Testing

@testable import SerialConsole

@Suite struct StreamTests {
    private func read(_ descriptor: borrowing OwnedDescriptor, _ bytesMax: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        var span = bytes.mutableSpan
        let count = try descriptor.readIfReady(into: &span) ?? 0
        return Array(bytes.prefix(count))
    }

    @Test func aFullDiskAndAReaderThatIsGoneAreToldApart() throws {
        ignoreBrokenPipes()
        let full = DescriptorSink(try OwnedDescriptor.open(path: "/dev/full", .write))
        guard case .failed = full.write([65].span) else {
            Issue.record("a full disk took a byte")
            return
        }
        let sink: DescriptorSink
        do {
            let pipe = try Pipe()
            sink = DescriptorSink(try pipe.writing.duplicate())
        }
        guard case .closed = sink.write([65].span) else {
            Issue.record("a pipe without a reader took a byte")
            return
        }
    }

    @Test func aSocketThatNobodyReadsDoesNotHoldUpTheGuest() throws {
        // Blocking, as a service manager's standard output is.
        let pair = try SocketPair()
        let sink = DescriptorSink(try pair.first.duplicate())
        let line = [UInt8](repeating: 0x78, count: 4096)
        var outcome = sink.write(line.span)
        for _ in 0..<10_000 {
            guard case .wrote = outcome else { break }
            outcome = sink.write(line.span)
        }
        #expect(outcome == .wouldBlock)
        _ = try pair.second.duplicate()
    }

    @Test func onlyATerminalIsATerminal() throws {
        #expect(!DescriptorSink(try OwnedDescriptor.open(path: "/dev/null", .write)).isTerminal)
        let terminal = try? OwnedDescriptor.open(path: "/dev/ptmx", .readWrite)
        if let terminal { #expect(DescriptorSink(terminal).isTerminal) }
    }

    @Test func aPipeThatWasFullIsContinuedByTheLoop() throws {
        let pipe = try Pipe()
        try pipe.writing.setNonBlocking(true)
        try pipe.reading.setNonBlocking(true)
        let loop = try EventLoop()
        let sink = DescriptorSink(try pipe.writing.duplicate())
        let output = ConsoleOutput("test", to: sink) { _ in Issue.record("bytes were lost") }
        let watch = OutputWatch(output, on: sink, loop: loop, messages: Messages())
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 999) + [UInt8(ascii: "\n")]
        for _ in 0..<200 { output.append { $0 += line } }
        #expect(output.hasPending)
        var received = 0
        while received < 200_000 {
            let bytes = try read(pipe.reading, 4096)
            received += bytes.count
            if bytes.isEmpty { try loop.turn(milliseconds: 1000) }
        }
        #expect(received == 200_000)
        #expect(!output.hasPending)
        withExtendedLifetime(watch) {}
    }

    @Test func inputComesAtTheGuestsPaceAndNoneIsLost() throws {
        let pipe = try Pipe()
        let port = GuestPort()
        port[.iirFcr] = 0x01
        let loop = try EventLoop()
        let feed = try InputFeed(try pipe.reading.duplicate(), to: port.uart, loop: loop, messages: Messages())
        port.line.whenRoom = { [unowned feed] in feed.pump() }
        feed.pump()
        let sent = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        try pipe.writing.writeAll(sent.span)
        try loop.turn(milliseconds: 1000)
        #expect(port.uart.receiveRoom == 0)
        var received: [UInt8] = []
        while received.count < sent.count, port[.lsr] & 0x01 != 0 {
            #expect(port[.lsr] & 0x02 == 0)
            received.append(port[.data])
        }
        #expect(received == sent)
        #expect(feed.byteCount == 1000)
    }

    @Test func theEndOfTheInputIsTheEndOfFeeding() throws {
        let port = GuestPort()
        let loop = try EventLoop()
        let feed: InputFeed
        do {
            let pipe = try Pipe()
            try pipe.writing.writeAll([65].span)
            feed = try InputFeed(try pipe.reading.duplicate(), to: port.uart, loop: loop, messages: Messages())
        }
        feed.pump()
        #expect(port.drain() == [65])
        feed.pump()
        #expect(port.drain() == [])
        // Nothing is watched any more: a round ends by its time.
        try loop.turn(milliseconds: 1)
        #expect(feed.byteCount == 1)
    }
}
