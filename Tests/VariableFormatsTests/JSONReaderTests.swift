// JSON as RFC 8259 has it: what is read, what is refused, the limits.

import Testing

@testable import VariableFormats

@Suite("JSON text")
struct JSONReaderTests {
    private func read(_ text: String) throws(FormatError) -> JSONValue { try JSONReader.value(of: Array(text.utf8)) }
    private func string(_ text: String) -> JSONValue { .string(Array(text.utf16)) }

    @Test("values of all kinds are read, with blanks around them")
    func values() throws {
        #expect(try read(" null\n") == .null)
        #expect(try read("true") == .boolean(true))
        #expect(try read("\tfalse\r") == .boolean(false))
        #expect(try read("[ ]") == .array([]))
        #expect(try read("{ }") == .object([]))
        #expect(try read("[1, \"a\" ,[]]") == .array([.integer(1), string("a"), .array([])]))
        let object = try read(#"{"a" : {"b": 2}}"#)
        #expect(object["a"]?["b"] == .integer(2))
        #expect(object["b"] == nil)
        #expect(JSONValue.null["a"] == nil)
    }

    @Test("whole numbers that fit are integers, others are numbers")
    func numbers() throws {
        #expect(try read("0") == .integer(0))
        #expect(try read("-0") == .integer(0))
        #expect(try read("-12") == .integer(-12))
        #expect(try read("9223372036854775807") == .integer(.max))
        for text in ["9223372036854775808", "1.0", "1e2", "1E+2", "-1.5e-3", "99999999999999999999999"] {
            #expect(try read(text) == .number)
        }
    }

    @Test("strings are read to UTF-16, escapes and all")
    func strings() throws {
        #expect(try read(#""\"\\\/\b\f\n\r\t\u00e9""#) == string("\"\\/\u{8}\u{C}\n\r\té"))
        #expect(try read("\"é€𝄞\"") == string("é€𝄞"))
        #expect(try read(#""\ud834\udd1e""#) == string("𝄞"))
        #expect(try read(#""\uDEAD\u0000""#) == .string([0xDEAD, 0]))
    }

    @Test(
        "what isn't JSON is refused",
        arguments: [
            "tru", "nul", "True", "[1,]", "[1 2]", "{\"a\" 1}", "{a:1}", "{\"a\":1,}", "01", "-", "1.", ".5", "1e",
            "+1", "NaN", "\"\\x\"", "\"\\u12g4\"", "\"\u{1}\"", "\"\n\"", "[1] 2", "'a'", "", " ", "//\n1", "\u{FEFF}1",
            "[", "{", "\"", "\"\\", "\"\\u12", "{\"a\"", "{\"a\":", "[1", "]", "}", ",",
        ])
    func refused(_ text: String) {
        let reason = refusal { () throws(FormatError) in _ = try read(text) }
        #expect(reason == .jsonSyntax || reason == .truncated)
    }

    @Test(
        "text that isn't UTF-8 is refused: overlong forms, surrogates, beyond Unicode, cut characters",
        arguments: [
            [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xFF], [0xC3], [0xE2, 0x82], [0xC3, 0x28],
        ] as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) {
        let text = [0x22] + bytes + [0x22]
        #expect(throws: FormatError.self) { try JSONReader.value(of: text) }
    }

    @Test("a key that comes twice in an object is refused, however it is written")
    func keyTwice() {
        for text in [#"{"a":1,"a":1}"#, #"[{"a":1,"b":2,"\u0061":3}]"#] {
            #expect(refusal { () throws(FormatError) in _ = try read(text) } == .jsonKeyTwice)
        }
    }

    @Test("8 levels are read, 9 are not")
    func depth() throws {
        _ = try read(String(repeating: "[", count: 8) + String(repeating: "]", count: 8))
        let deeper = String(repeating: "[", count: 9) + String(repeating: "]", count: 9)
        #expect(refusal { () throws(FormatError) in _ = try read(deeper) } == .jsonTooMuch)
        let deepest = String(repeating: "{\"a\":", count: 200_000)
        #expect(refusal { () throws(FormatError) in _ = try read(deepest) } == .jsonTooMuch)
    }

    @Test("65536 values are read, one more is not")
    func valueCount() throws {
        let most = "[" + String(repeating: "0,", count: 65534) + "0]"
        _ = try read(most)
        let more = "[" + String(repeating: "0,", count: 65535) + "0]"
        #expect(refusal { () throws(FormatError) in _ = try read(more) } == .jsonTooMuch)
    }

    @Test("8 MiB are read, one byte more is not")
    func size() throws {
        var text = [UInt8](repeating: 0x20, count: JSONReader.byteCountMax)
        text[0] = UInt8(ascii: "1")
        #expect(try JSONReader.value(of: text) == .integer(1))
        text.append(0x20)
        #expect(refusal { () throws(FormatError) in _ = try JSONReader.value(of: text) } == .tooLong)
    }
}
