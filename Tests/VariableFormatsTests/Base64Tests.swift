// Base64 text: the vectors of RFC 4648, what is refused, every truncation.

import Testing

@testable import VariableFormats

@Suite("Base64")
struct Base64Tests {
    static let vectors = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]

    @Test("the vectors of RFC 4648 section 10 hold in both directions", arguments: vectors)
    func vector(_ plain: String, _ text: String) throws {
        #expect(Base64.encode(Array(plain.utf8)) == Array(text.utf8))
        #expect(try Base64.decode(Array(text.utf8)) == Array(plain.utf8))
    }

    @Test("all bytes come back, at every length")
    func roundTrip() throws {
        var random = Seeded(state: 1)
        for count in 0...300 {
            let bytes = random.bytes(count)
            #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }

    @Test("blanks and line ends may be anywhere, inside of the padding too")
    func blanks() throws {
        #expect(try Base64.decode(Array(" Zm\r\n9v\tYg= \n=\n".utf8)) == Array("foob".utf8))
    }

    @Test(
        "other characters, wrong padding and left-over bits are refused at their place",
        arguments: [
            ("Zm9v!", 4), ("Zm9-", 3), ("Zg==Zg==", 4), ("Z===", 1), ("Zg=a", 3), ("=", 0), ("Zm9v=", 4),
            ("Zm9vYg===", 8),
            ("Zm8==", 4), ("Zh==", 4), ("Zm9=", 4), ("\u{0}AAA", 0), ("é", 0),
        ])
    func refused(_ text: String, _ offset: Int) {
        #expect(throws: FormatError(.base64, at: offset)) { try Base64.decode(Array(text.utf8)) }
    }

    @Test("text that stops inside of a group is refused, at every length")
    func truncated() throws {
        let text = Base64.encode(Array("any carnal pleas".utf8))
        for count in 0..<text.count {
            let part = Array(text.prefix(count))
            if count.isMultiple(of: 4) {
                #expect(try Base64.decode(part).count == count / 4 * 3)
            } else {
                #expect(throws: FormatError(.truncated, at: count)) { try Base64.decode(part) }
            }
        }
    }

    @Test("8 MiB of text are read, one character more is not")
    func limit() throws {
        var text = [UInt8](repeating: UInt8(ascii: "A"), count: Base64.characterCountMax)
        #expect(try Base64.decode(text).count == Base64.characterCountMax / 4 * 3)
        text.append(0x0A)
        #expect(refusal { () throws(FormatError) in _ = try Base64.decode(text) } == .tooLong)
    }
}
