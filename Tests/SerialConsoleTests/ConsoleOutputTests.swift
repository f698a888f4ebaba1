// Output on bad days: nobody reads, the disk is full, the reader is gone.

import Testing

@testable import SerialConsole

/// A sink that takes bytes as its script says, then everything.
private final class ScriptedSink: ByteSink {
    var script: [WriteOutcome] = []
    var written: [UInt8] = []
    var writeCount = 0

    func write(_ bytes: Span<UInt8>) -> WriteOutcome {
        writeCount += 1
        let outcome = script.isEmpty ? .wrote(bytes.count) : script.removeFirst()
        if case .wrote(let count) = outcome {
            for index in 0..<count { written.append(bytes[index]) }
        }
        return outcome
    }

    var text: String { String(decoding: written, as: UTF8.self) }
}

@Suite struct ConsoleOutputTests {
    private final class Complaints {
        var sentences: [String] = []
    }

    private let sink = ScriptedSink()
    private let complaints = Complaints()
    private let output: ConsoleOutput

    init() {
        output = ConsoleOutput("stdout", to: sink) { [complaints] in complaints.sentences.append($0) }
    }

    private func put(_ text: String) { output.append { $0 += Array(text.utf8) } }

    @Test func aLineIsOneWriteAtItsEnd() {
        put("ab")
        #expect(sink.writeCount == 0)
        put("c\n")
        #expect(sink.writeCount == 1)
        #expect(sink.text == "abc\n")
    }

    @Test func aPartOfALineIsWrittenByFlush() {
        put("login: ")
        #expect(output.hasPending)
        output.flush()
        #expect(sink.text == "login: ")
        #expect(!output.hasPending)
    }

    @Test func muchWithoutALineEndIsWritten() {
        for _ in 0..<ConsoleOutput.chunkBytesMax { put("x") }
        #expect(sink.written.count == ConsoleOutput.chunkBytesMax)
    }

    @Test func aShortWriteIsContinued() {
        sink.script = [.wrote(1), .wrote(2)]
        put("abcdef\n")
        #expect(sink.text == "abcdef\n")
        #expect(sink.writeCount == 3)
    }

    @Test func whileBlockedNothingIsTriedAndNothingIsLost() {
        var blocked = 0
        output.whenBlocked = { blocked += 1 }
        sink.script = [.wrote(1), .wouldBlock]
        put("ab\n")
        put("cd\n")
        #expect(sink.writeCount == 2)
        #expect(blocked == 1)
        output.flush()
        #expect(sink.text == "ab\ncd\n")
        #expect(output.lostByteCount == 0)
        #expect(complaints.sentences.isEmpty)
    }

    @Test func whoNeverReadsLosesBytesAndIsToldOnce() {
        sink.script = [.wouldBlock]
        let line = String(repeating: "x", count: 1023) + "\n"
        for _ in 0..<1024 { put(line) }
        #expect(output.lostByteCount == 0)
        put(line)
        put(line)
        #expect(output.lostByteCount == 2048)
        #expect(complaints.sentences.count == 1)
        output.flush()
        #expect(sink.written.count == ConsoleOutput.pendingBytesMax)
        put("again\n")
        #expect(sink.text.hasSuffix("again\n"))
    }

    @Test func aReaderThatIsGoneIsToldOnceAndNeverWrittenToAgain() {
        sink.script = [.closed(reason: "broken pipe")]
        put("a\n")
        put("b\n")
        #expect(sink.writeCount == 1)
        #expect(output.lostByteCount == 4)
        #expect(complaints.sentences == ["stdout: broken pipe; the guest goes on"])
    }

    @Test func aFullDiskIsToldOnceAndTriedAgain() {
        sink.script = [.failed(reason: "no space"), .failed(reason: "no space")]
        put("a\n")
        put("b\n")
        put("c\n")
        #expect(sink.text == "c\n")
        #expect(output.lostByteCount == 4)
        #expect(complaints.sentences == ["stdout: no space; the guest goes on"])
    }
}
