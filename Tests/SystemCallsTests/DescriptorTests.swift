// Descriptors, small kernel objects, waiting. Everything here works on any Linux, without privileges.

import SystemCalls
import Testing

@Suite struct DescriptorTests {
    @Test func openingWhatIsNotThereNamesTheCallAndTheReason() {
        let error = #expect(throws: SystemError.self) {
            _ = try OwnedDescriptor.open(path: "/nowhere/at/all", .read).rawValue
        }
        #expect(error?.code == 2)
        #expect(error?.description == "open: No such file or directory (2)")
    }

    @Test func whatIsWrittenToAPipeIsRead() throws {
        let pipe = try Pipe()
        let sent: [UInt8] = [1, 2, 3]
        #expect(try pipe.writing.write(sent.span) == 3)
        var received = [UInt8](repeating: 0, count: 8)
        var span = received.mutableSpan
        #expect(try pipe.reading.read(into: &span) == 3)
        #expect(received.prefix(3) == [1, 2, 3])
    }

    @Test func aNonBlockingReadOfNothingIsNil() throws {
        let pipe = try Pipe()
        try pipe.reading.setNonBlocking(true)
        var bytes = [UInt8](repeating: 0, count: 8)
        var span = bytes.mutableSpan
        #expect(try pipe.reading.readIfReady(into: &span) == nil)
    }

    @Test func aFullPipeTakesPartOfAWrite() throws {
        let pipe = try Pipe()
        try pipe.writing.setNonBlocking(true)
        let much = [UInt8](repeating: 7, count: 1 << 20)
        let taken = try pipe.writing.write(much.span)
        #expect(taken > 0 && taken < much.count)
    }

    @Test func closingOneEndIsSeenAtTheOther() throws {
        let reading: OwnedDescriptor
        do {
            let pipe = try Pipe()
            reading = try pipe.reading.duplicate()
        }
        var bytes = [UInt8](repeating: 0, count: 1)
        var span = bytes.mutableSpan
        #expect(try reading.read(into: &span) == 0)
    }

    @Test func aCounterIsReadableUntilDrained() throws {
        let counter = try EventCounter()
        let number = counter.descriptor.rawValue
        #expect(try waitUntilReadable(number, milliseconds: 0) == [])
        try counter.signal()
        try counter.signal()
        #expect(try waitUntilReadable(number, milliseconds: nil) == .first)
        #expect(try counter.drain() == 2)
        #expect(try waitUntilReadable(number, milliseconds: 0) == [])
    }

    @Test func waitingForTwoTellsWhichIsReadable() throws {
        let one = try EventCounter()
        let two = try EventCounter()
        try two.signal()
        let ready = try waitUntilReadable(one.descriptor.rawValue, or: two.descriptor.rawValue, milliseconds: nil)
        #expect(ready == .second)
        try one.signal()
        let both = try waitUntilReadable(one.descriptor.rawValue, or: two.descriptor.rawValue, milliseconds: 0)
        #expect(both == [.first, .second])
    }

    @Test func waitingEndsWhenTheTimeIsOver() throws {
        let counter = try EventCounter()
        let start = MonotonicTime.now
        #expect(try waitUntilReadable(counter.descriptor.rawValue, milliseconds: 20) == [])
        #expect(MonotonicTime.now.nanoseconds - start.nanoseconds >= 20_000_000)
    }

    @Test func aTimerFiresAtItsMomentAndOnceOnly() throws {
        let timer = try TimerDescriptor()
        try timer.arm(at: MonotonicTime(nanoseconds: 0))
        #expect(try waitUntilReadable(timer.descriptor.rawValue, milliseconds: 5000) == .first)
        #expect(try timer.acknowledge())
        #expect(try timer.acknowledge() == false)
        try timer.arm(at: MonotonicTime.now.advanced(byMilliseconds: 60_000))
        #expect(try waitUntilReadable(timer.descriptor.rawValue, milliseconds: 0) == [])
    }

    @Test func aSignalIsReadInsteadOfKilling() throws {
        let signals = try SignalDescriptor([.user1, .user2])
        #expect(try signals.next() == nil)
        Signal.user2.raise()
        #expect(try signals.next() == .user2)
        #expect(try signals.next() == nil)
    }

    @Test func epollAnswersTheTokenAndWhatIsReady() throws {
        let poll = try EventPoll()
        let pipe = try Pipe()
        try poll.add(pipe.writing.rawValue, .writable, token: 0xFFFF_FFFF_0000_0001)
        try poll.add(pipe.reading.rawValue, .readable, token: 2)
        #expect(try poll.wait(milliseconds: 0) == 1)
        #expect(poll.event(at: 0).token == 0xFFFF_FFFF_0000_0001)
        #expect(poll.event(at: 0).readiness == .writable)
        try poll.remove(pipe.writing.rawValue)
        #expect(try poll.wait(milliseconds: 0) == 0)
    }

    @Test func epollRefusesARegularFile() throws {
        let poll = try EventPoll()
        let file = try OwnedDescriptor.open(path: "/proc/self/exe", .read)
        var code: Int32 = 0
        do throws(SystemError) { try poll.add(file.rawValue, .readable, token: 0) } catch { code = error.code }
        #expect(code == 1)
    }

    @Test func millisecondsAreRoundedUpSoThatADeadlineIsNeverMissedEarly() {
        let start = MonotonicTime(nanoseconds: 1_000_000)
        #expect(start.milliseconds(until: MonotonicTime(nanoseconds: 1_000_001)) == 1)
        #expect(start.milliseconds(until: MonotonicTime(nanoseconds: 3_000_000)) == 2)
        #expect(start.milliseconds(until: MonotonicTime(nanoseconds: 5)) == 0)
        #expect(start.milliseconds(until: MonotonicTime(nanoseconds: .max)) == Int32.max)
    }

    @Test func theProcessSeesItself() {
        #expect(processID > 0)
        #expect((residentByteCount() ?? 0) > 1 << 20)
        #expect(environmentVariable("PATH")?.isEmpty == false)
        #expect(environmentVariable("CORBEL_NO_SUCH_VARIABLE") == nil)
    }
}
