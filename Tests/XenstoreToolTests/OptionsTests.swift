// Command lines, as the C library's getopt_long takes them apart.

import Testing

@testable import xenstore

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite("Command lines of xenstore")
struct OptionsTests {
    /// Letters with their values, complaints in brackets, then the operands.
    private func read(_ line: String, operandsLast: Bool = false) -> String {
        let words = line.split(separator: " ").map { bytes(String($0)) }
        let options = ToolOptions(words, program: bytes("P"), operandsLast: operandsLast)
        let before = options.words.map { word in
            switch word {
            case .option(let letter, let value): text([letter] + (value.isEmpty ? [] : bytes("=") + value))
            case .complaint(let line): "[\(text(line))]"
            }
        }
        return (before + ["|"] + options.operands.map(text)).joined(separator: " ")
    }

    @Test("letters stand alone or together, and behind operands too; -- ends them, - is an operand")
    func letters() {
        #expect(read("-f -p /a") == "f p | /a")
        #expect(read("-fp /a") == "f p | /a")
        #expect(read("/a -f /b -p") == "f p | /a /b")
        #expect(read("/a -- -f") == "| /a -f")
        #expect(read("- -f") == "f | -")
        #expect(read("/a -f", operandsLast: true) == "| /a -f")
        #expect(read("-f /a -p", operandsLast: true) == "f | /a -p")
    }

    @Test("a value is the rest of the word or the next word, whatever it looks like")
    func values() {
        #expect(read("-n5 /a") == "n=5 | /a")
        #expect(read("-n 5 /a") == "n=5 | /a")
        #expect(read("-n -1 /a") == "n=-1 | /a")
        #expect(read("-n -- /a") == "n=-- | /a")
        #expect(read("-sn5") == "s n=5 |")
        #expect(read("--number=5 /a") == "n=5 | /a")
        #expect(read("--number 5 /a") == "n=5 | /a")
        #expect(read("/a -n") == "[P: option requires an argument -- 'n'] | /a")
        #expect(read("--number") == "[P: option '--number' requires an argument] |")
    }

    @Test("long names may be cut as long as they are one")
    func longNames() {
        #expect(
            read("--help --flat --prefix --tidy --upto --recurse --number=1 --raw") == "h f p t u r n=1 R |")
        #expect(read("--h --fl --p --ra --rec") == "h f p R r |")
        #expect(read("--r") == "[P: option '--r' is ambiguous; possibilities: '--recurse' '--raw'] |")
        #expect(read("--help=1") == "[P: option '--help' doesn't allow an argument] |")
        #expect(read("--foo=bar") == "[P: unrecognized option '--foo=bar'] |")
        #expect(read("--helpx") == "[P: unrecognized option '--helpx'] |")
        #expect(
            read("--=x") == "[P: option '--=x' is ambiguous; possibilities: '--help' '--flat' '--prefix' '--tidy' "
                + "'--upto' '--recurse' '--number' '--raw'] |")
    }

    @Test("an unknown letter is complained of in its place, and the others count")
    func unknown() {
        #expect(read("-fZp /a") == "f [P: invalid option -- 'Z'] p | /a")
    }

    @Test("the mode is what is behind xenstore- in the program's name, else the first argument")
    func invocations() {
        func read(_ words: String...) -> Invocation { Invocation(words.map(bytes)) }
        func call(_ usage: String, _ option: String, _ words: [String]) -> ToolCall {
            ToolCall(usageName: bytes(usage), optionName: bytes(option), arguments: words.map(bytes))
        }
        #expect(
            read("/usr/bin/xenstore-ls", "/a")
                == .tool(.ls, call("/usr/bin/xenstore-ls", "/usr/bin/xenstore-ls", ["/a"])))
        #expect(read("./xenstore", "ls", "/a") == .tool(.ls, call("./xenstore ls", "ls", ["/a"])))
        #expect(read("tool", "read") == .tool(.read, call("tool read", "read", [])))
        #expect(read("xenstore-control", "check") == .control(call("xenstore-control", "xenstore-control", ["check"])))
        #expect(read("xenstore", "top", "-b") == .top(call("xenstore top", "top", ["-b"])))
        #expect(read("xenstore") == .noMode(usageName: bytes("xenstore")))
        #expect(read("xenstore", "bogus") == .unknownMode(bytes("bogus")))
        #expect(read("xenstore-foo", "ls") == .unknownMode(bytes("foo")))
        #expect(read("xenstore-", "ls") == .unknownMode([]))
        #expect(read("my-xenstore-ls", "/a") == .unknownMode(bytes("/a")))
        #expect(read("xenstore", "--version") == .version)
        #expect(read("xenstore", "--help") == .help)
        #expect(read("xenstore-ls", "--version") == .tool(.ls, call("xenstore-ls", "xenstore-ls", ["--version"])))
        #expect(Invocation([]) == .noMode(usageName: []))
    }

    @Test("each mode has the options of its C tool, and as many operands")
    func modes() {
        let all = ToolMode.allCases.map { "\($0.rawValue) \($0.letters)" }
        #expect(all == ["read psR", "write sR", "list ps", "ls fps", "rm st", "exists s", "chmod rsu", "watch ns"])
        #expect(ToolMode.ls.takes(operandCount: 0))
        #expect(!ToolMode.read.takes(operandCount: 0) && ToolMode.read.takes(operandCount: 3))
        #expect((0...4).filter(ToolMode.write.takes) == [2, 4])
    }

    @Test("options of top: batch, seconds with a fraction, rounds; nothing else")
    func top() {
        func read(_ words: String...) -> TopOptions? { TopOptions(words.map(bytes)) }
        #expect(read() == TopOptions([]))
        #expect(
            read("-b", "-d", "0.5", "-n3").map { ($0.isBatch, $0.interval, $0.rounds) }.map { "\($0)" }
                == "(true, 500, Optional(3))")
        #expect(read("-d2")?.interval == 2000)
        for words in [
            ["-d"], ["-d", "0"], ["-d", "x"], ["-d", "nan"], ["-n", "0"], ["-n", "-1"], ["-x"], ["/a"], ["-bx"],
        ] {
            #expect(TopOptions(words.map(bytes)) == nil)
        }
    }
}
