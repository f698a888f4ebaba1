// Signature lists: what is valid, and what of an append is new. Source: varstored.md 9; rows 146 to 155 of section 20.

import Testing
import UEFIVariables

@Suite("Signature lists") struct SignatureListTests {
    /// A list with one field of its header changed.
    private func changed(_ list: [UInt8], at place: Int, to value: UInt32) -> [UInt8] {
        var list = list
        for byte in 0..<4 { list[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte))) }
        return list
    }

    /// The status of KEK, db and dbx with this payload: the same for each.
    private func status(_ payload: [UInt8]) -> UInt64 {
        var guest = Guest()
        var statuses: Set<UInt64> = []
        for named in [.kek, .db, .dbx, .dbt] as [Named] {
            statuses.insert(guest.set(named, descriptor(later, [], payload)))
        }
        #expect(statuses.count == 1)
        return statuses.first ?? .max
    }

    @Test("9.2: the example list is made and read as it is written") func example() {
        let bytes = hex(
            """
            2616c4c14c509240aca941f936934328 4c000000 00000000 30000000
            bd9afa775903324dbd6028f4e78f784b ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb
            """)
        let microsoft = VendorGUID(0x77FA_9ABD, 0x0359, 0x4D32, 0xBD60_28F4_E78F_784B)
        #expect(SignatureLists.list(of: .sha256, [(microsoft, Array(bytes.suffix(32)))]) == bytes)
        let lists = SignatureLists(bytes)
        #expect(lists.isComplete && lists.entryCount == 1 && lists.lists.first?.type == .sha256)
        #expect(lists.lists.first?.entry(0) == 28..<76 && lists.lists.first?.entryData(0) == 44..<76)
    }

    @Test("146: an unknown type is INVALID_PARAMETER") func unknownType() {
        #expect(status(changed(hashes(1), at: 0, to: 0x1234_5678)) == 0x02)
        let management = VendorGUID(0x452E_8CED, 0xDFFF, 0x4B8C, 0xAE01_5118_862E_682C)
        #expect(status(SignatureLists.list(of: SignatureType(management), [(.t, [1])])) == 0x02)
    }

    @Test("146: each type with its size is taken, one byte more or less is not") func types() {
        let sizes: [(SignatureType, Int)] = [
            (.sha1, 20), (.sha224, 28), (.sha256, 32), (.sha384, 48), (.sha512, 64), (.rsa2048, 256),
            (.rsa2048SHA1, 256), (.rsa2048SHA256, 256), (.x509SHA256, 48), (.x509SHA384, 64), (.x509SHA512, 80),
        ]
        for (type, size) in sizes {
            func list(_ count: Int) -> [UInt8] {
                SignatureLists.list(of: type, [(.t, [UInt8](repeating: 1, count: count))])
            }
            #expect(status(list(size)) == 0 && type.dataByteCount == size)
            #expect(status(list(size - 1)) == 0x02 && status(list(size + 1)) == 0x02)
        }
    }

    @Test("147: sizes that cannot be are INVALID_PARAMETER") func sizes() {
        let list = hashes(1)
        for size in [0, 12, 27, UInt32(list.count + 1), 0xFFFF_FFFF] {
            #expect(status(changed(list, at: 16, to: size)) == 0x02, "list size \(size)")
        }
        #expect(status(changed(list, at: 20, to: 4)) == 0x02)
        for size in [0, 16, 47, 49, 0xFFFF_FFFF] as [UInt32] {
            #expect(status(changed(list, at: 24, to: size)) == 0x02, "entry size \(size)")
        }
        #expect(status(changed(x509(.platform), at: 24, to: 16)) == 0x02)
    }

    @Test("148: a body that is no multiple, or empty, is INVALID_PARAMETER") func body() {
        #expect(status(changed(hashes(1) + [0], at: 16, to: 77)) == 0x02)
        #expect(status(changed(hashes(1), at: 16, to: 28)) == 0x02)
        #expect(status(Array(changed(hashes(1), at: 16, to: 28).prefix(28))) == 0x02)
    }

    @Test("149: bytes behind the last list are INVALID_PARAMETER, at every length") func trailing() {
        for count in 1..<28 { #expect(status(hashes(1) + [UInt8](repeating: 0, count: count)) == 0x02) }
        for count in 1..<hashes(1).count { #expect(status(Array(hashes(1).prefix(count))) == 0x02) }
        #expect(status(hashes(1) + hashes(2)) == 0)
    }

    @Test("150: an X509 entry that is no RSA certificate is INVALID_PARAMETER") func noCertificate() {
        #expect(status(SignatureLists.list(of: .x509, [(.t, [0])])) == 0x02)
        var curve = FakeCertificate.platform
        curve.mark = UInt8(ascii: "E")
        #expect(status(x509(.platform) + x509(curve)) == 0x02)
    }

    @Test("151: an X509 entry may be padded behind the certificate") func padding() {
        let padded = SignatureLists.list(of: .x509, [(.t, FakeCertificate.platform.der + [0, 0, 0])])
        #expect(status(padded) == 0)
        var guest = Guest()
        #expect(guest.sign(.pk, padded, by: .platform) == 0)
        #expect(guest.sign(.kek, x509(.exchange), by: .platform) == 0, "the padding is no part of the certificate")
    }

    @Test("146: 57344 bytes of the smallest entries are taken") func many() {
        let data = [UInt8](repeating: 7, count: 20)
        let list = SignatureLists.list(of: .sha1, (0..<1590).map { _ in (.t, data) })
        var guest = Guest()
        #expect(guest.set(.dbx, descriptor(later, [], list)) == 0)
        #expect(!SignatureLists.areValid(list, entryCountMax: 1589, guest.authenticator))
        #expect(SignatureLists.areValid(list, entryCountMax: 1590, guest.authenticator))
    }

    /// dbx with these bytes, and then an append.
    private func append(_ new: [UInt8], to old: [UInt8], at time: EFITime = .minutes(1), _ named: Named = .dbx) -> Guest
    {
        var guest = Guest()
        #expect(guest.set(named, descriptor(later, [], old)) == 0)
        #expect(guest.set(named, 0x67, descriptor(time, [], new)) == 0)
        return guest
    }

    @Test("152: what is there already is left out") func overlap() {
        #expect(append(hashes(1, 2), to: hashes(1)).data(.dbx) == hashes(1) + hashes(2))
        #expect(append(hashes(1, 2, 3), to: hashes(2)).data(.dbx) == hashes(2) + hashes(1, 3))
        let two = append(hashes(1) + hashes(2) + hashes(3), to: hashes(2))
        #expect(two.data(.dbx) == hashes(2) + hashes(1) + hashes(3), "a list of which nothing is left goes")
    }

    @Test("153: if all is there the data stays and the time advances, which is written") func nothingNew() {
        let guest = append(hashes(1, 2), to: hashes(1, 2))
        #expect(guest.data(.dbx) == hashes(1, 2) && guest.time(.dbx) == .minutes(1) && guest.writes == 2)
        let older = append(hashes(1, 2), to: hashes(1, 2), at: EFITime(year: 2001, month: 1, day: 1))
        #expect(older.time(.dbx) == later && older.writes == 1)
    }

    @Test("154: the owner counts") func owner() {
        let other = hashes(1, owner: .global)
        #expect(append(other, to: hashes(1)).data(.dbx) == hashes(1) + other)
    }

    @Test("155: KEK is filtered too, as are db and dbt; other variables are not") func others() {
        #expect(append(x509(.exchange), to: x509(.exchange), .kek).data(.kek) == x509(.exchange))
        #expect(append(hashes(1), to: hashes(1), .db).data(.db) == hashes(1))
        #expect(append(hashes(1), to: hashes(1), .dbt).data(.dbt) == hashes(1))
        var guest = Guest()
        _ = guest.sign(.a, hashes(1), by: .platform)
        _ = guest.sign(.a, hashes(1), by: .platform, at: .minutes(1), 0x67)
        #expect(guest.data(.a) == hashes(1) + hashes(1))
    }

    @Test("152: type and entry size count, and duplicates among the new stay") func sameBytes() {
        let certificate = [UInt8](repeating: 1, count: 32)
        let x509SHA256 = SignatureLists.list(of: .x509SHA256, [(.t, certificate + certificate.prefix(16))])
        let sha384 = SignatureLists.list(of: .sha384, [(.t, certificate + certificate.prefix(16))])
        #expect(append(sha384, to: x509SHA256).data(.dbx) == x509SHA256 + sha384)
        #expect(append(hashes(2, 2), to: hashes(1)).data(.dbx) == hashes(1) + hashes(2, 2))
    }

    @Test("152: what survives a filter is what a slow search finds") func filter() {
        var random = Numbers(seed: 9)
        for _ in 0..<200 {
            let old = (0..<4).map { _ in (0..<3).map { _ in UInt8(random.next(below: 12)) } }
            let new = (0..<4).map { _ in (0..<3).map { _ in UInt8(random.next(below: 16)) } }
            func list(_ numbers: [UInt8]) -> [UInt8] {
                SignatureLists.list(of: .sha256, numbers.map { (.t, [UInt8](repeating: $0, count: 32)) })
            }
            let kept = new.map { $0.filter { number in !old.joined().contains(number) } }.filter { !$0.isEmpty }
            let expected = old.flatMap(list) + kept.flatMap(list)
            #expect(append(new.flatMap(list), to: old.flatMap(list)).data(.dbx) == expected)
        }
    }

    @Test("145: 443 hashes are appended, and appended again they are nothing") func dbx() {
        let entries = (0..<443).map { number in
            (VendorGUID.t, (0..<32).map { UInt8(truncatingIfNeeded: number &* 31 >> ($0 % 3)) })
        }
        let list = SignatureLists.list(of: .sha256, entries)
        var guest = Guest.userMode()
        let leaf = FakeCertificate("leaf", under: "exchange")
        #expect(guest.sign(.dbx, list, by: leaf, at: EFITime(year: 2010, month: 3, day: 6), 0x67) == 0)
        #expect(guest.data(.dbx) == list && SignatureLists(list).entryCount == 443)
        #expect(guest.sign(.dbx, list, by: leaf, at: EFITime(year: 2010, month: 3, day: 6), 0x67) == 0)
        #expect(guest.data(.dbx) == list)
    }
}
