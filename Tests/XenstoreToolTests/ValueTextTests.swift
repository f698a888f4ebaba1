// Values as they are shown, and as arguments stand for them.

import Testing

@testable import xenstore

@Suite("Values as text")
struct ValueTextTests {
    @Test("printable ASCII is itself; the rest are letters, three octal digits below 8, and two hexadecimal ones")
    func shown() {
        #expect(text(ValueText.shown(bytes(" az~'\""))) == " az~'\"")
        #expect(text(ValueText.shown([0x0A, 0x0D, 0x09, 0x5C])) == #"\n\r\t\\"#)
        #expect(text(ValueText.shown([0, 7, 8, 0x1B, 0x7F, 0x80, 0xFF])) == #"\000\007\x08\x1b\x7f\x80\xff"#)
        #expect(ValueText.shown([]) == [])
    }

    @Test("every value comes back from what is shown of it, but where a digit follows a hexadecimal number")
    func roundTrip() {
        for first in UInt8.min...UInt8.max {
            for second in [0, 0x0A, 0x20, 0x5C, 0x78, 0x7A, 0xFF] as [UInt8] {
                #expect(ValueText.parsed(ValueText.shown([first, second])) == [first, second])
            }
        }
    }

    @Test(
        "backslashes: letters, up to three octal and up to two hexadecimal digits, all else itself, a NUL at the end",
        arguments: [
            (#"a\nb\tc\rd\\e"#, bytes("a\nb\tc\rd\\e")), (#"\x41\x4\xABC\xaG"#, [0x41, 4, 0xAB, 0x43, 0x0A, 0x47]),
            (#"\xzz\x\x41\x"#, bytes("xzzxAx")), (#"\101\0101\18\08"#, [0x41, 8, 0x31, 1, 0x38, 0, 0x38]),
            (#"\400\777\378\1234"#, [0, 0xFF, 0x1F, 0x38, 0x53, 0x34]), (#"\8\q\a\"\'\N\X4"#, bytes("8qa\"'NX4")),
            (#"end\"#, bytes("end") + [0]), ("", []),
        ])
    func parsed(argument: String, value: [UInt8]) {
        #expect(ValueText.parsed(bytes(argument)) == value)
    }

    @Test(
        "numbers are those of C's atoi",
        arguments: [
            ("5", 5), (" \t+5x", 5), ("-5", -5), ("0x1", 0), ("", 0), ("x", 0), ("4294967297", 1), ("2147483648", .min),
            ("99999999999999999999", -1), ("-99999999999999999999", 0), ("- 5", 0),
        ] as [(String, Int32)])
    func numbers(argument: String, number: Int32) {
        #expect(ValueText.number(bytes(argument)) == number)
    }

    @Test("a permission is a letter of r w b n and a number; what follows the number is cut away")
    func permissions() throws {
        let entries = try ["n0", "b", "r5x", "w 7", "n-1", "n65536", "n4294967296"].map { word throws in
            text(try PermissionCommand.entry(bytes(word)))
        }
        #expect(entries == ["n0", "b0", "r5", "w7", "n4294967295", "n65536", "n0"])
        for word in ["x0", "N0", "0", ""] {
            let letter = bytes(word).first ?? 0
            #expect(throws: ToolFailure("Invalid permission specification: '", [letter], "'")) {
                try PermissionCommand.entry(bytes(word))
            }
        }
    }
}
