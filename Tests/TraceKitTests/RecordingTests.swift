// Reading of recordings: what a recorder writes, and what a stranger may put into a file.

import Testing
import XenABI
import XenPlatform

@testable import TraceKit

/// A recording's bytes.
final class Kept: RecordingSink {
    var bytes: [UInt8] = []
    var byteCountMax = Int.max

    func append(_ more: Span<UInt8>) -> Bool {
        guard bytes.count + more.count <= byteCountMax else { return false }
        for index in more.indices { bytes.append(more[index]) }
        return true
    }
}

func read(_ lines: String...) throws -> Recording {
    try Recording(Array((["corbel-recording 1"] + lines).joined(separator: "\n").utf8) + [UInt8(ascii: "\n")])
}

@Suite("A recording") struct RecordingTests {
    static let golden = """
        corbel-recording 1
        > 0 port read 0x100 1
        < 0 0x63
        > 1 port write 0x200 4 3 up 0x8000 = 0x1 0xffffffff 0x3
        > 0 memory read 0xf0000000 8 2 down 0x9008
        < 1
        < 0 0xffffffffffffffff 0x0
        > - memory write 0xa0000 1 = 0x20
        > 0 pci write 0x2000000010 4 = 0xfe000000
        < 0

        """

    static let requests = [
        ObservedRequest(vcpu: VCPUID(0), type: .port, address: 0x100, byteCount: 1, isRead: true),
        ObservedRequest(
            vcpu: VCPUID(1), type: .port, address: 0x200, byteCount: 4, isRead: false, count: 3, guestBuffer: 0x8000,
            values: [1, 0xffff_ffff, 3]),
        ObservedRequest(
            vcpu: VCPUID(0), type: .memory, address: 0xf000_0000, byteCount: 8, isRead: true, count: 2,
            isDescending: true, guestBuffer: 0x9008),
        ObservedRequest(
            vcpu: nil, type: .memory, address: 0xa0000, byteCount: 1, isRead: false, values: [0x20]),
        ObservedRequest(
            vcpu: VCPUID(0), type: .pci, address: 0x20_0000_0010, byteCount: 4, isRead: false, values: [0xfe00_0000]),
    ]

    func record(_ sink: Kept, byteCountMax: Int = RequestRecorder.bytesMax) {
        let recorder = RequestRecorder(sink, byteCountMax: byteCountMax)
        // What was never announced has no place in it.
        recorder.requestAnswered(VCPUID(7), values: [1])
        recorder.requestArrived(Self.requests[0])
        recorder.requestAnswered(VCPUID(0), values: [0x63])
        recorder.requestArrived(Self.requests[1])
        recorder.requestArrived(Self.requests[2])
        recorder.requestAnswered(VCPUID(1), values: [])
        recorder.requestAnswered(VCPUID(0), values: [.max, 0])
        recorder.requestArrived(Self.requests[3])
        recorder.requestArrived(Self.requests[4])
        recorder.requestAnswered(VCPUID(0), values: [])
    }

    @Test("is written in the documented form") func golden() {
        let sink = Kept()
        record(sink)
        #expect(String(decoding: sink.bytes, as: UTF8.self) == Self.golden)
    }

    @Test("reads as it was written") func roundTrip() throws {
        let recording = try Recording(Array(Self.golden.utf8))
        #expect(recording.requests.map(\.request) == Self.requests)
        #expect(recording.requests.map(\.answer) == [[0x63], [], [.max, 0], [], []])
        #expect(recording.requests.map(\.line) == [2, 4, 5, 8, 9])
        #expect(recording.requests.map(\.answerLine) == [3, 6, 7, 8, 10])
        #expect(recording.vcpuCount == 2)
        #expect(recording.bufferEnd == 0x9010)
        #expect(!recording.isFull)
    }

    @Test("that is cut off anywhere has the requests of its whole lines, and none else") func truncated() throws {
        let bytes = Array(Self.golden.utf8)
        let whole = try Recording(bytes).requests
        for count in 0..<bytes.count {
            let lines = bytes[..<count].count { $0 == UInt8(ascii: "\n") }
            guard lines > 0 else {
                #expect(throws: RecordingError.self) { try Recording(Array(bytes[..<count])) }
                continue
            }
            let part = try Recording(Array(bytes[..<count])).requests
            #expect(part.map(\.request) == whole.prefix { $0.line <= lines }.map(\.request))
        }
    }

    @Test("ends with the word full when there is no more room, and takes nothing after that") func full() throws {
        let sink = Kept()
        record(sink, byteCountMax: 60)
        let recording = try Recording(sink.bytes)
        #expect(recording.isFull)
        #expect(recording.requests.count == 1)
        let failing = Kept()
        failing.byteCountMax = 60
        record(failing)
        #expect(try Recording(failing.bytes).requests.count == 1)
    }

    @Test(
        "of nonsense is refused with its line",
        arguments: [
            "> 0 port read 0x10000 1", "> 0 port read 0x100 3", "> 0 port read 0x100 8", "> 128 port read 0x1 1",
            "> 0 port read 0x1 1 = 0x1", "> 0 port write 0x1 1", "> 0 port write 0x1 1 = 0x100",
            "> 0 port write 0x1 1 = 0x1 0x1", "> 0 disk read 0x1 1", "> 0 port seek 0x1 1", "< 0", "full full", "x", "",
            "> 0 memory read 0x1 4 0 up 0x0", "> 0 memory read 0x1 4 65537 up 0x0", "> 0 memory read 0x1 4 1 left 0x0",
            "> 0 memory read 0x1 4 2 up 0xfffffffffffffffc", "> 0 memory read 0x1 4 2 down 0x0",
            "> 0 memory write 0x1 4 2 up 0x0 = 0x1", "> - port read 0x1 1", "> 0 memory read 0x10000000000000000 4",
            "> 0 memory read 18446744073709551616 4", "> 0 memory read 0x 4", "> 0 memory read -1 4",
        ]) func nonsense(_ line: String)
    {
        #expect(throws: RecordingError(line: 2, reason: "")) { try read(line) }
    }

    @Test("with a wrong answer is refused with that line") func wrongAnswers() {
        for answer in ["< 0", "< 0 0x100", "< 0 0x1 0x1", "< 1 0x1"] {
            #expect(throws: RecordingError(line: 3, reason: "")) { try read("> 0 port read 0x1 1", answer) }
        }
        #expect(throws: RecordingError(line: 3, reason: "")) { try read("> 0 port write 0x1 1 = 0x1", "< 0 0x1") }
        #expect(throws: RecordingError(line: 4, reason: "")) { try read("> 0 port read 0x1 1", "full", "< 0 0x1") }
    }

    @Test("of another version, or none at all, is refused") func versions() {
        for text in ["", "\n", "corbel-recording 2\n", "corbel-recording 1 \n1\n", "corbel-recording\n", "ELF"] {
            #expect(throws: RecordingError.self) { try Recording(Array(text.utf8)) }
        }
    }

    @Test("with any byte replaced is read or refused, and read as it is then written") func mutated() {
        var random = SystemRandomNumberGenerator()
        let bytes = Array(Self.golden.utf8)
        for place in bytes.indices {
            for byte in [0, 10, 32, 0xff, UInt8.random(in: 0...255, using: &random)] {
                var changed = bytes
                changed[place] = byte
                guard let recording = try? Recording(changed) else { continue }
                #expect(recording.requests.count <= 5)
                _ = ReplayRound.all(of: recording)
            }
        }
    }
}
