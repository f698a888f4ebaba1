// Words of a command arrive as given: asked of a real shell.
import Foundation
import Testing

@testable import LabKit

@Suite struct CommandWordsTests {
    @Test func wordsSurviveTheShell() throws {
        let words = [
            "a b", "it's", "$HOME", "`id`", "\\", "\"", "", "*", "new\nline", "ü", "'",
            "-n", "a=b", "#", "~", ";",
        ]
        let folder = try ScratchFolder()
        let script = folder.url.appendingPathComponent("command")
        let line = try CommandWords(["printf", "<%s>"] + words).shellLine
        try Data(line.utf8).write(to: script)
        let result = try ChildProcess.run(["sh", script.path], interruption: Interruption())
        #expect(String(decoding: result.output, as: UTF8.self) == words.map { "<\($0)>" }.joined())
        #expect(result.status == 0)
    }

    @Test func theGuestIsAWordOrTheEndOfAnAssignment() throws {
        let line = try CommandWords([
            "printf", "<%s>", "@guest", "--domain=@guest", "it's=@guest", "x@guest", "@guest=1", "$CORBEL_GUEST",
        ]).shellLineWithGuest
        let result = try ChildProcess.run(
            ["sh", "-c", line], environment: ["CORBEL_GUEST": "7"], interruption: Interruption())
        #expect(
            String(decoding: result.output, as: UTF8.self)
                == "<7><--domain=7><it's=7><x@guest><@guest=1><$CORBEL_GUEST>")
    }

    @Test(arguments: [
        (["a", "@guest"], true), (["--domain=@guest"], true), (["x@guest"], false), (["@guest,"], false),
        (["@guests"], false), (["guest"], false),
    ])
    func aCommandNamesItsGuestOrNot(words: [String], names: Bool) throws {
        #expect(try CommandWords(words).namesGuest == names)
    }

    @Test func noWordsAreNoCommand() {
        #expect(throws: LabError(.badInput, "there is no command to run")) { try CommandWords([]) }
    }
}
