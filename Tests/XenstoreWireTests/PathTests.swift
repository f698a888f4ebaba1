// Paths: which there may be, and what relative ones stand for (xenstored.md 1.2 and 1.4).

import Testing
import XenstoreWire

@Suite("Paths")
struct PathTests {
    private func canonical(
        _ path: String, home: UInt16 = 0, guest: Bool = false, special: Bool = false
    ) throws(XenstorePathError) -> String {
        try canonical(Array(path.utf8), home: home, guest: guest, special: special)
    }

    private func canonical(
        _ path: [UInt8], home: UInt16 = 0, guest: Bool = false, special: Bool = false
    ) throws(XenstorePathError) -> String {
        var result: [UInt8] = [1, 2, 3]
        try XenstorePath.canonicalize(
            path.span, home: home, guestByteCountMax: guest ? XenstoreLimits.guestPathByteCount : nil,
            allowsSpecial: special, into: &result)
        return String(decoding: result, as: UTF8.self)
    }

    private func x(_ count: Int) -> String { String(repeating: "x", count: count) }

    @Test("a path from the root stays as it is; the root itself is one")
    func absolute() throws {
        for path in ["/", "/a", "/a/b-c/D_0/e@f", "/@"] { #expect(try canonical(path) == path) }
    }

    @Test("rows 23 to 27, XSA-481: what no path may be")
    func malformed() {
        let cases: [(String, XenstorePathError)] = [
            ("", .empty), ("//pub", .emptyName(at: 1)), ("/a//b", .emptyName(at: 3)), ("/pub/", .trailingSlash),
            ("a/", .trailingSlash), ("/pu b", .character(at: 3)), ("/local/domain/", .trailingSlash),
            ("a//b", .emptyName(at: 2)), ("/a\u{0}", .character(at: 2)), ("//", .emptyName(at: 1)),
            ("@x/", .trailingSlash), ("@x//y", .emptyName(at: 3)),
        ]
        for (path, error) in cases {
            #expect(throws: error, "\(path)") { try canonical(path, special: true) }
        }
        #expect(throws: XenstorePathError.character(at: 4)) { try canonical(Array("/pub".utf8) + [0xC3]) }
    }

    @Test("of all bytes, names have letters, digits and - _ @, and / stands between them")
    func bytes() {
        let names = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_@".utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(XenstorePath.isName(byte) == names.contains(byte))
            let path = [UInt8(ascii: "/"), byte, UInt8(ascii: "a")]
            #expect(((try? canonical(path)) != nil) == names.contains(byte), "\(byte)")
        }
    }

    @Test("row 28: a special node is one only where special nodes may be")
    func special() throws {
        #expect(throws: XenstorePathError.special) { try canonical("@releaseDomain") }
        #expect(try canonical("@releaseDomain", special: true) == "@releaseDomain")
        #expect(try canonical("@releaseDomain/5", special: true) == "@releaseDomain/5")
        #expect(try canonical("a@b") == "/local/domain/0/a@b")
    }

    @Test("rows 37 and 38: a relative path is one below the home of its domain")
    func relative() throws {
        #expect(try canonical("data", home: 1) == "/local/domain/1/data")
        #expect(try canonical("x") == "/local/domain/0/x")
        #expect(try canonical("a/b", home: 65535) == "/local/domain/65535/a/b")
        #expect(try canonical("a", home: 32752) == "/local/domain/32752/a")
    }

    @Test("rows 30 and 31: 3072 bytes are a path, 3073 are none, relative or not")
    func absoluteLength() throws {
        #expect(try canonical("/" + x(3071)).utf8.count == 3072)
        #expect(throws: XenstorePathError.tooLong(max: 3072)) { try canonical("/" + x(3072)) }
        // 15 bytes of home and one slash.
        #expect(try canonical(x(3056)).utf8.count == 3072)
        #expect(throws: XenstorePathError.tooLong(max: 3072)) { try canonical(x(3057)) }
        #expect(throws: XenstorePathError.tooLong(max: 3072)) { try canonical("@" + x(3072), special: true) }
        #expect(throws: XenstorePathError.tooLong(max: 3072)) { try canonical(x(1_000_000)) }
    }

    @Test("rows 32 to 36, XSA-323: a guest has 2048 bytes below a home, or in all")
    func guestLength() throws {
        let tooLong = XenstorePathError.tooLong(max: 2048)
        #expect(try canonical("data/" + x(2043), home: 1, guest: true).utf8.count == 2048 + 16)
        #expect(throws: tooLong) { try canonical("data/" + x(2044), home: 1, guest: true) }
        #expect(try canonical("/drop/" + x(2042), guest: true).utf8.count == 2048)
        #expect(throws: tooLong) { try canonical("/drop/" + x(2043), guest: true) }
        #expect(try canonical("/local/domain/12345/" + x(2048), guest: true).utf8.count == 2068)
        #expect(throws: tooLong) { try canonical("/local/domain/12345/" + x(2049), guest: true) }
        // No home: 6 digits, none, or no slash after them.
        #expect(throws: tooLong) { try canonical("/local/domain/123456/" + x(2048), guest: true) }
        #expect(throws: tooLong) { try canonical("/local/domain/x/" + x(2048), guest: true) }
        #expect(throws: tooLong) { try canonical("/local/domain/1" + x(2048), guest: true) }
        #expect(throws: tooLong) { try canonical("@" + x(2048), guest: true, special: true) }
        #expect(try canonical("@" + x(2047), guest: true, special: true).utf8.count == 2048)
    }

    @Test("a refused path leaves nothing in the result")
    func nothingLeft() {
        var result: [UInt8] = [1, 2, 3]
        let path = Array(("/drop/" + x(3000)).utf8)
        #expect(throws: XenstorePathError.tooLong(max: 100)) {
            try XenstorePath.canonicalize(
                path.span, home: 0, guestByteCountMax: 100, allowsSpecial: false, into: &result)
        }
        #expect(result.isEmpty)
    }
}
