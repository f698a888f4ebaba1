// The command line of a device program, and its statuses where there is no Xen.

import SystemCalls
import Testing
import XenABI
import XenDeviceModel

@testable import XenLinux

private enum Nothing: DeviceProgram {
    static let name = "Nothing"
    static let version = "1.2.3"
    static let operands = ["FILE"]
    static func serve(_ domain: DeviceModelDomain, _ operands: [String], until stop: StopSignals) throws(XenError) {}
}

@Suite struct DeviceCommandTests {
    /// The command, as text.
    private func read(_ words: [String], operandCount: Int = 0) -> String {
        switch DeviceCommand(words, operandCount: operandCount) {
        case .help: "help"
        case .version: "version"
        case .serve(let domain, let operands): "serve \(domain.rawValue) \(operands)"
        case .wrong(let reason): "wrong: \(reason)"
        }
    }

    @Test func helpAndVersionStandAlone() {
        #expect(read(["--help"], operandCount: 1) == "help")
        #expect(read(["-h"]) == "help")
        #expect(read(["--version"]) == "version")
        #expect(read(["--help", "5"]) == "wrong: there is no option --help")
    }

    @Test func theDomainComesFirstAndThenTheOperandsAsTheyAre() {
        #expect(read(["5"]) == "serve 5 []")
        #expect(read(["0", "--x", ""], operandCount: 2) == #"serve 0 ["--x", ""]"#)
        #expect(read(["32751"]) == "serve 32751 []")
    }

    @Test(arguments: ["", "x", "5x", " 5", "65536", "32752", "0x5", "5.0", "१"])
    func whatIsNoDomainIsSaid(word: String) {
        #expect(read([word]) == "wrong: DOMID is the number of a domain, not \"\(word)\"")
    }

    @Test func tooFewAndTooManyWordsAreSaid() {
        #expect(read([]) == "wrong: too few words")
        #expect(read(["5"], operandCount: 1) == "wrong: too few words")
        #expect(read(["5", "a"]) == "wrong: too many words")
        #expect(read(["-5"]) == "wrong: there is no option -5")
    }
}

@Suite struct DeviceProgramTests {
    @Test func aWrongCommandLineIsStatusTwo() {
        #expect(Nothing.run([]) == 2)
        #expect(Nothing.run(["x", "file"]) == 2)
    }

    @Test func aFailedCallBecomesTheProgramsFailure() {
        let failure = errorOf { () throws(XenError) in
            _ = try Nothing.attempt("opening FILE", try OwnedDescriptor.open(path: "/nowhere/file", .read))
        }
        #expect(failure?.description == "opening FILE: ENOENT (no such object)")
    }

    @Test func whatSucceedsIsHandedOn() throws {
        #expect(try Nothing.attempt("counting", 2 + 2) == 4)
    }
}
