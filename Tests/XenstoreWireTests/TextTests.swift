// Strings, numbers, permissions and lists in payloads (xenstored.md 1.4, 1.5, 6.1).

import Testing
import XenstoreWire

@Suite("Texts in payloads")
struct TextTests {
    @Test("rows 20 to 23: one string is exactly one NUL, at the end")
    func one() {
        #expect(oneString(payload("/pub|")) == 0..<4)
        #expect(oneString(payload("|")) == 0..<0)
        for text in ["", "/pub", "/pub|x|", "/pub|x", "||"] {
            #expect(oneString(payload(text)) == nil, "\(text)")
        }
    }

    @Test("row 53: octets are all that follows the first NUL, more of them among it")
    func octetsFollow() throws {
        let found = try #require(stringAndOctets(payload("/a||x|")))
        #expect(found.string == 0..<2 && found.octets == 3..<6)
        let none = try #require(stringAndOctets(payload("/a|")))
        #expect(none.octets.isEmpty)
        #expect(stringAndOctets(payload("/a")) == nil)
    }

    @Test("a list has as many strings as NULs, and what follows the last one is ignored")
    func list() {
        for (text, expected) in [
            ("a|bc||d", ["a", "bc", ""]), ("", []), ("x", []), ("|", [""]), ("5|1044476|3|", ["5", "1044476", "3"]),
        ] {
            let bytes = payload(text)
            var strings: [String] = []
            XenstoreText.forEachString(in: bytes.span) { strings.append(String(decoding: bytes[$0], as: UTF8.self)) }
            #expect(strings == expected)
            #expect(nulCount(bytes) == expected.count)
        }
    }

    @Test("row 40: a number is decimal digits alone, and no more than it may be")
    func numbers() {
        func number(_ text: String, max: UInt64) -> UInt64? {
            let bytes = Array(text.utf8)
            return XenstoreText.number(bytes.span, 0..<bytes.count, max: max)
        }
        #expect(number("65535", max: 65535) == 65535)
        #expect(number("0", max: 65535) == 0)
        #expect(number("00007", max: 65535) == 7)
        #expect(number("18446744073709551615", max: .max) == .max)
        for text in ["65536", "-1", "+1", "7x", "", " 7", "7 ", "0x7", "18446744073709551616", "99999999999999999999"] {
            #expect(number(text, max: 65535) == nil, "\(text)")
        }
        #expect(number("18446744073709551616", max: .max) == nil)
        #expect(number("36893488147419103232", max: .max) == nil)
    }

    @Test("the writer's decimal digits are the number's")
    func decimals() {
        for number: UInt64 in [0, 1, 9, 10, 99, 100, 65535, 4_294_967_295, .max] {
            var writer = XenstoreWriter()
            writer.putDecimal(number)
            #expect(writer.bytes == Array("\(number)".utf8))
        }
    }

    @Test("an error's name is read back as the error; what is no name is EINVAL")
    func errors() {
        let names =
            "EINVAL EACCES EEXIST EISDIR ENOENT ENOMEM ENOSPC EIO ENOTEMPTY ENOSYS EROFS EBUSY EAGAIN EISCONN E2BIG "
            + "EPERM"
        #expect(XenstoreErrorCode.allCases.map(\.name).joined(separator: " ") == names)
        for code in XenstoreErrorCode.allCases {
            #expect(errorCode(payload(code.name + "|")) == code)
            #expect(XenstoreErrorCode(errno: code.errno) == code)
        }
        for text in ["", "ENOENT", "enoent|", "EXDEV|", "|", "ENOENTX|"] {
            #expect(errorCode(payload(text)) == .invalid, "\(text)")
        }
        #expect(XenstoreErrorCode(errno: 9) == nil)
    }

    @Test("row 74: a permission is a letter of n r w b and a domain's number")
    func entries() {
        #expect(
            permissions(payload("n0|r5|w65535|b32757|")) == [
                .init(.none, domain: 0), .init(.read, domain: 5), .init(.write, domain: 65535),
                .init(.both, domain: XenstorePermission.anyDomain),
            ])
        for text in ["x0|", "n|", "n0x|", "", "N0|", "n-1|", "n65536|", "n0|x|", "n 0|", "|"] {
            #expect(permissions(payload(text)) == nil, "\(text)")
        }
        for access in XenstoreAccess.allCases {
            var writer = XenstoreWriter()
            writer.put(XenstorePermission(access, domain: 4711))
            #expect(permissions(writer.bytes) == [.init(access, domain: 4711)])
            #expect(access.canRead == (access == .read || access == .both))
            #expect(access.canWrite == (access == .write || access == .both))
        }
    }

    @Test("a list of children is names of the bytes that names have, each with its NUL")
    func names() throws {
        func names(_ text: String) throws -> [String] {
            let bytes = payload(text)
            var names: [String] = []
            try XenstoreNames.forEach(in: bytes.span, 0..<bytes.count) {
                names.append(String(decoding: bytes[$0], as: UTF8.self))
            }
            return names
        }
        #expect(try names("drop|local|pub|") == ["drop", "local", "pub"])
        #expect(try names("") == [])
        for (text, offset) in [("a", 1), ("a|b", 3), ("|", 0), ("a||", 2), ("a/b|", 1), ("a b|", 1)] {
            #expect(throws: XenstoreListError(at: offset)) { try names(text) }
        }
    }

    @Test("rows 46 and 47: a part of a list is a generation, names, and one more NUL at the end")
    func parts() throws {
        func part(_ text: String) -> XenstoreDirectoryPart? { directoryPart(payload(text)) }
        let last = try #require(part("42|b|c||"))
        #expect(last.generation == 42 && last.names == 3..<7 && last.isLast)
        let some = try #require(part("42|b|c|"))
        #expect(some.names == 3..<7 && !some.isLast)
        let none = try #require(part("42||"))
        #expect(none.names.isEmpty && none.isLast)
        let empty = try #require(part("42|"))
        #expect(empty.names.isEmpty && !empty.isLast)
        for text in ["", "42", "|", "x|b|", "-1||"] { #expect(part(text) == nil, "\(text)") }
    }

    @Test("an event is a path and a token, each with its NUL, and nothing else")
    func events() {
        #expect(
            watchEvent(payload("/a|tok|"))
                == XenstoreWatchEvent(path: Array("/a".utf8), token: Array("tok".utf8)))
        #expect(watchEvent(payload("/a||"))?.token == [])
        for text in ["", "/a|", "/a|t", "|t|", "/a|t|x", "/a|t|x|"] {
            #expect(watchEvent(payload(text)) == nil, "\(text)")
        }
    }

    @Test("row 45, XSA-72: a reply of 4096 bytes is sent, a longer one becomes E2BIG")
    func longReplies() {
        let request = XenstoreHeader(.directory, requestID: 3, transactionID: 4)
        for (count, operation) in [(4096, XenstoreOperation.directory), (4097, .error), (100_000, .error)] {
            var writer = XenstoreWriter()
            writer.acknowledge(request)
            writer.reply(to: request) { $0.put([UInt8](repeating: 120, count: count)) }
            let found = parse(writer.bytes, pieces: [9999])
            #expect(found.messages.map(\.header.operation) == [.directory, operation])
            #expect(found.messages.last?.header.transactionID == 4)
            if operation == .error { #expect(found.messages.last?.payload == payload("E2BIG|")) }
        }
    }

    @Test("XSA-324: an event of more than 4096 bytes is not written, and what was written before stays")
    func longEvents() {
        var writer = XenstoreWriter()
        let path = [UInt8](repeating: 97, count: 3000)
        let fits = put(.init(path: path, token: [UInt8](repeating: 98, count: 1094)), into: &writer)
        #expect(fits)
        let before = writer.bytes
        #expect(before.count == 4112)
        let fitsMore = put(.init(path: path, token: [UInt8](repeating: 98, count: 1095)), into: &writer)
        #expect(!fitsMore)
        #expect(writer.bytes == before)
        writer.removeFirst(4112)
        #expect(writer.bytes.isEmpty)
        let isMessage = writer.end()
        #expect(!isMessage)
    }
}
