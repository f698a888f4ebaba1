// How a boot's end becomes an exit status, a line and a JSON file.
import Foundation
import Testing

@testable import LabKit

@Suite struct LabResultTests {
    @Test(
        arguments: [
            (LabOutcome.exited(0), 0), (.exited(7), 7), (.exited(124), 124), (.exited(125), 125), (.exited(255), 255),
            (.timedOut, 124), (.crashed("x"), 125), (.interrupted(2), 130), (.interrupted(15), 143),
            (.outputClosed, 141), (.failed("x"), 125), (.left, 0),
        ] as [(LabOutcome, Int32)]) func exitStatus(outcome: LabOutcome, status: Int32)
    {
        #expect(outcome.exitStatus == status)
    }

    @Test func theSplitIsMachineReadable() throws {
        let folder = try ScratchFolder()
        let url = folder.url.appendingPathComponent("result.json")
        let result = LabResult(
            outcome: .exited(7), preparation: 0.5, machine: 6,
            marks: ["init": 4, "toolstack": 4.5, "begin": 4.6, "end": 5.85, "created": 5], consoleTail: [])
        try ResultFile(url.path).write(result)
        let decoded = try JSONDecoder().decode(Decoded.self, from: Data(contentsOf: url))
        #expect(
            decoded
                == Decoded(
                    outcome: "exited", status: 7, preparation: 0.5, boot: 4, toolstack: 0.5, command: 1.25, total: 6.5,
                    marks: ["init": 4, "toolstack": 4.5, "begin": 4.6, "end": 5.85, "created": 5]))
        #expect(result.summary == "preparation 0.5 s, boot 4.0 s, toolstack 0.5 s, command 1.2 s, total 6.5 s")
    }

    @Test func aRunThatDidNotStartIsToldInTheSameFile() throws {
        let folder = try ScratchFolder()
        let url = folder.url.appendingPathComponent("result.json")
        try FileHandle.creating(url).writeAll(Data(count: 1000))
        try ResultFile(url.path).write(RunNotStarted(LabError(.badInput, "no such file", remedy: "name one")))
        let decoded = try JSONDecoder().decode(NotStarted.self, from: Data(contentsOf: url))
        #expect(decoded == NotStarted(outcome: "not started", status: 2, complaints: ["no such file\n  name one"]))
        try ResultFile(url.path).write(RunNotStarted(.interrupted(2)))
        #expect(try JSONDecoder().decode(NotStarted.self, from: Data(contentsOf: url)).status == 130)
    }

    private struct NotStarted: Codable, Equatable {
        var outcome: String
        var status: Int32
        var complaints: [String]
    }

    @Test func whatWasNotReachedIsLeftOut() {
        let result = LabResult(outcome: .timedOut, preparation: 0, machine: 8, marks: [:], consoleTail: [])
        #expect(result.summary == "preparation 0.0 s, total 8.0 s")
    }

    private struct Decoded: Codable, Equatable {
        var outcome: String
        var status: Int32
        var preparation, boot, toolstack, command, total: Double
        var marks: [String: Double]
    }
}
