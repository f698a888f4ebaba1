// Attributes, plain variables, quotas, failures of the backend. Source: varstored.md 5, 6; rows 40 to 60 of section 20.

import Testing
import UEFIVariables

@Suite("Attributes and plain variables") struct AttributeTests {
    @Test("40: NV, BS and BS with RT make a variable") func accepted() {
        for attributes in [0x02, 0x03, 0x06, 0x07] as [UInt32] {
            var guest = Guest()
            #expect(guest.set("a", attributes) == 0)
            #expect(guest.get().attributes == attributes)
            #expect(guest.writes == (attributes & 1 == 1 ? 1 : 0))
        }
    }

    @Test("41: an append makes a variable") func appendCreates() {
        var guest = Guest()
        #expect(guest.set("a", 0x42) == 0)
        #expect(guest.text == "a")
    }

    @Test("42: neither BS nor RT is NOT_FOUND where nothing is") func noAccess() {
        var guest = Guest()
        for attributes in [0x00, 0x01, 0x40, 0x20, 0x21] as [UInt32] { #expect(guest.set("a", attributes) == 0x0E) }
    }

    @Test("43: what cannot be is INVALID_PARAMETER") func invalid() {
        var guest = Guest()
        for attributes in [0x04, 0x05, 0x08, 0x0F, 0xA2, 0x102, 0x8000_0002] as [UInt32] {
            #expect(guest.set("a", attributes) == 0x02, "\(attributes)")
        }
        #expect(guest.text == nil)
    }

    @Test("44: counts and enhanced authentication are UNSUPPORTED") func unsupported() {
        var guest = Guest()
        #expect(guest.set("a", 0x12) == 0x03)
        #expect(guest.set("a", 0x82) == 0x03)
    }

    @Test("43 and 44: of several bits the first of the table decides", arguments: 0..<256 as Range<UInt32>)
    func tableOrder(_ attributes: UInt32) {
        let new = attributes & ~0x40
        let expected: UInt64
        if new & 0x08 != 0 {
            expected = 0x02
        } else if new & 0x10 != 0 {
            expected = 0x03
        } else if new & 0xA0 == 0xA0 {
            expected = 0x02
        } else if new & 0x80 != 0 {
            expected = 0x03
        } else if new & 0x06 == 0x04 {
            expected = 0x02
        } else if new & 0x06 == 0 {
            expected = 0x0E
        } else {
            expected = new & 0x20 != 0 ? 0x1A : 0
        }
        var guest = Guest()
        #expect(guest.set("a", attributes) == expected)
        #expect(guest.set("b", attributes | 0x100) == 0x02)
    }

    @Test("45: other attributes are INVALID_PARAMETER") func otherAttributes() {
        var guest = Guest()
        _ = guest.set("ab", 3)
        #expect(guest.set("x", 7) == 0x02)
        #expect(guest.text == "ab")
    }

    @Test("46: no data deletes, with other attributes too") func delete() {
        var guest = Guest()
        _ = guest.set("ab", 3)
        #expect(guest.set("", 7) == 0)
        #expect(guest.text == nil && guest.writes == 2)
    }

    @Test("47: attributes 0, or append alone, delete") func deleteByAttributes() {
        for attributes in [0x00, 0x40, 0x01] as [UInt32] {
            var guest = Guest()
            _ = guest.set("ab", 3)
            #expect(guest.set("x", attributes) == 0)
            #expect(guest.text == nil)
        }
    }

    @Test("48: appending nothing to a variable leaves it and writes nothing") func appendNothing() {
        var guest = Guest()
        _ = guest.set("ab", 3)
        #expect(guest.set("", 0x43) == 0)
        #expect(guest.text == "ab" && guest.writes == 1)
    }

    @Test("49: appending nothing where nothing is, and deleting it, are NOT_FOUND") func nothing() {
        var guest = Guest()
        #expect(guest.set("", 0x43) == 0x0E)
        #expect(guest.set("", 7) == 0x0E)
    }

    @Test("50: an append goes behind the data") func append() {
        var guest = Guest()
        _ = guest.set("ab")
        #expect(guest.set("cd", 0x47) == 0)
        #expect(guest.text == "abcd")
        #expect(guest.set("cd", 0x43) == 0x02)
    }

    @Test("51: a variable of 57344 bytes takes no byte more, one of 57343 takes one") func appendLimit() {
        var guest = Guest()
        _ = guest.set("T", .t, 7, [UInt8](repeating: 1, count: 57343))
        #expect(guest.set("xy", 0x47) == 0x09)
        #expect(guest.set("x", 0x47) == 0)
        #expect(guest.set("x", 0x47) == 0x09)
        #expect(guest.get().data == [UInt8](repeating: 1, count: 57343) + [0x78])
    }

    /// A guest whose store has so many bytes left, all taken by variables X and Y.
    static func filled(leaving bytes: Int) -> Guest {
        var guest = Guest()
        #expect(guest.set("X", .t, 3, [UInt8](repeating: 1, count: 57344)) == 0)
        let rest = guest.remaining() - bytes - 130
        #expect(guest.set("Y", .t, 3, [UInt8](repeating: 1, count: min(57344, rest))) == 0)
        if rest > 57344 {
            let more = guest.remaining() - bytes - 130
            #expect(guest.set("Z", .t, 3, [UInt8](repeating: 1, count: more)) == 0)
        }
        #expect(guest.remaining() == bytes)
        return guest
    }

    @Test("52: a new variable fits at the limit and below, not above", arguments: [127, 130, 131, 132])
    func createLimit(_ left: Int) {
        var guest = Self.filled(leaving: left)
        #expect(guest.set("a") == (left >= 131 ? 0 : 0x09))
        #expect(guest.remaining() == (left >= 131 ? left - 131 : left))
    }

    @Test("52: an append and a replacement fit at the limit and below, not above", arguments: [2, 3, 4])
    func growLimit(_ left: Int) {
        var guest = Self.filled(leaving: left)
        #expect(guest.set("Z", .t, 0x43, [1, 2, 3]) == (left >= 3 ? 0 : 0x09))
        guest = Self.filled(leaving: left)
        let count = (guest.data("Z", .t)?.count ?? 0) + 3
        #expect(guest.set("Z", .t, 3, [UInt8](repeating: 2, count: count)) == (left >= 3 ? 0 : 0x09))
        #expect(guest.remaining() == (left >= 3 ? left - 3 : left))
    }

    @Test("53: in a full store data may become smaller") func shrink() {
        var guest = Self.filled(leaving: 0)
        #expect(guest.set("X", .t, 3, [1]) == 0)
        #expect(guest.remaining() == 57343)
    }

    @Test("54: in a full store the room of what was deleted is free") func deleteAndCreate() {
        var guest = Self.filled(leaving: 0)
        #expect(guest.set("X", .t, 3, []) == 0)
        #expect(guest.set("W", .t, 3, [UInt8](repeating: 1, count: 57344)) == 0)
        #expect(guest.remaining() == 0)
    }

    @Test("55: 931 variables of 10 and 1 bytes fit") func many() {
        var guest = Guest()
        var count = 0
        while guest.set("\(10000 + count)", .t, 3, [1]) == 0 { count += 1 }
        #expect(count == 931)
        #expect(guest.set("x", 3) == 0x09 && guest.remaining() < 139)
    }

    @Test("56: the same data, or a volatile variable, is not written") func unwritten() {
        var guest = Guest()
        _ = guest.set("ab")
        #expect(guest.set("ab") == 0 && guest.writes == 1)
        #expect(guest.set("V", .t, 6, [1]) == 0)
        #expect(guest.set("V", .t, 6, [2]) == 0)
        #expect(guest.set("V", .t, 6, []) == 0)
        #expect(guest.writes == 1)
    }

    @Test("57: non-persistent changes are not written") func nonPersistent() {
        var guest = Guest(VariablePolicy(persistent: false))
        #expect(guest.set("ab") == 0 && guest.set("cd") == 0 && guest.text == "cd")
        #expect(guest.writes == 0)
    }

    @Test("58: a backend that fails: nothing is created") func createFails() {
        var guest = Guest()
        guest.backendFails = true
        #expect(guest.set("ab") == 0x07)
        #expect(guest.get().status == 0x0E && guest.writes == 1)
    }

    @Test("59: a backend that fails: the old data stays in its place") func replaceFails() {
        var guest = Guest()
        _ = guest.set("a")
        _ = guest.set("U", .t, 7, [1])
        guest.backendFails = true
        #expect(guest.set("b") == 0x07)
        #expect(guest.set("b", 0x47) == 0x07)
        #expect(guest.text == "a" && guest.names().prefix(2) == ["U", "T"])
    }

    @Test("60: a backend that fails: what was to be deleted stays in its place") func deleteFails() {
        var guest = Guest()
        _ = guest.set("a")
        _ = guest.set("U", .t, 7, [1])
        guest.backendFails = true
        #expect(guest.set("") == 0x07)
        #expect(guest.text == "a" && guest.names().prefix(2) == ["U", "T"])
    }
}
