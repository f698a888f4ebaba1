// What a guest writes, and what is shown of it.

import Testing

@testable import SerialConsole

@Suite struct ConsoleTextTests {
    func shown(_ bytes: [UInt8], prefix: String = "g| ", escaping: Bool = true, finish: Bool = true) -> String {
        var text = ConsoleText(prefix: prefix, escaping: escaping)
        var output: [UInt8] = []
        for byte in bytes { text.append(byte, to: &output) }
        if finish { text.finish(to: &output) }
        return String(decoding: output, as: UTF8.self)
    }

    func shown(_ text: String, escaping: Bool = true, finish: Bool = true) -> String {
        shown(Array(text.utf8), escaping: escaping, finish: finish)
    }

    @Test func eachLineGetsThePrefix() {
        #expect(shown("one\r\ntwo\n\nfour") == "g| one\ng| two\ng| \ng| four\n")
        #expect(shown("") == "")
        #expect(shown("x\n") == "g| x\n")
    }

    @Test func aPartOfALineIsShownAsFarAsItGoes() {
        #expect(shown("login: ", finish: false) == "g| login: ")
    }

    @Test func controlCharactersAreHarmless() {
        #expect(shown("\u{1B}[2Jred\u{7}\u{8}\u{7F}\0") == "g| ^[[2Jred^G^H^?^@\n")
        #expect(shown("a\tb") == "g| a\tb\n")
    }

    @Test func aReturnWithoutALineFeedCannotOverwriteThePrefix() {
        #expect(shown("good\rbad\n") == "g| good^Mbad\n")
        #expect(shown("a\r\r\n") == "g| a^M\n")
    }

    @Test func utf8IsShownAndItsC1ControlsAreNot() {
        #expect(shown("é € 😀 \u{A0}") == "g| é € 😀 \u{A0}\n")
        #expect(shown("\u{9B}2J") == "g| \\xc2\\x9b2J\n")
    }

    @Test func bytesThatAreNotUTF8AreSpelled() {
        #expect(shown([0x9B, 0x41]) == "g| \\x9bA\n")
        #expect(shown([0xC3, 0x28]) == "g| \\xc3(\n")
        #expect(shown([0xC3, 0x0A]) == "g| \\xc3\n")
        #expect(shown([0xE2, 0x82]) == "g| \\xe2\\x82\n")
        #expect(shown([0xE2, 0x82, 0xC3, 0xA9]) == "g| \\xe2\\x82é\n")
        #expect(shown([0xC3, 0x0D, 0x0A]) == "g| \\xc3\n")
        #expect(shown([0xC3, 0xFF]) == "g| \\xc3\\xff\n")
        #expect(shown([0xED, 0xA0, 0x80]) == "g| \\xed\\xa0\\x80\n")
        #expect(shown([0xE0, 0x80, 0x9B]) == "g| \\xe0\\x80\\x9b\n")
        #expect(shown([0xF4, 0x90, 0x80, 0x80]) == "g| \\xf4\\x90\\x80\\x80\n")
    }

    @Test func withoutEscapingOnlyPrefixesAreAdded() {
        #expect(shown("\u{1B}[1mbold\r\n", escaping: false) == "g| \u{1B}[1mbold\n")
        #expect(shown("a\rb\n", escaping: false) == "g| a\rb\n")
    }

    /// Whatever the guest sends: valid UTF-8 without controls, each line prefixed.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func nothingATerminalObeysGetsThrough(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let interesting: [UInt8] = [0x0A, 0x0D, 0x1B, 0x9B, 0xC2, 0xC3, 0xE2, 0xED, 0xF0, 0x80, 0xA0, 0x41]
        let bytes = (0..<20_000).map { _ in
            let plain = UInt8.random(in: 0...255, using: &random)
            return Bool.random(using: &random) ? plain : interesting.randomElement(using: &random) ?? 0
        }
        let output = shown(bytes)
        #expect(String(validating: output.utf8, as: UTF8.self) != nil && !output.unicodeScalars.contains("\u{FFFD}"))
        for scalar in output.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            #expect(!isControl || scalar == "\n" || scalar == "\t")
        }
        // By bytes: the guest's first character may combine with the prefix's last.
        #expect(output.utf8.split(separator: UInt8(ascii: "\n")).allSatisfy { $0.starts(with: "g| ".utf8) })
    }
}
