// Modes and key variables, with fake certificates. Source: varstored.md 7, 10.1, 10.2; rows 71 to 105 of section 20.
// Not for: PKCS#7 itself (UEFIAuthenticationTests).

import Testing
import UEFIVariables

@Suite("Modes and key variables") struct ModeTests {
    static let internals = ["SignatureSupport", "SetupMode", "AuditMode", "DeployedMode", "SecureBoot"]
    let leaf = FakeCertificate("leaf", under: "exchange")

    @Test("71: the internal variables are WRITE_PROTECTED") func internals() {
        for name in Self.internals {
            var guest = Guest()
            let before = guest.data(name, .global)
            #expect(guest.set(name, .global, 6, [0]) == 0x08)
            #expect(guest.set(name, .global, 6, []) == 0x08)
            #expect(guest.set(name, .global, 0, []) == 0x08)
            #expect(guest.set(name, .global, 0x46, [1]) == 0x08)
            #expect(guest.set(name, .global, 7, [1], atRuntime: true) == 0x08)
            #expect(guest.data(name, .global) == before && guest.get(name, .global).attributes == 6)
        }
    }

    @Test("72: the same names under another GUID are ordinary") func sameName() {
        var guest = Guest()
        for name in Self.internals + ["PK", "KEK", "db"] { #expect(guest.set(name, .t, 7, [1]) == 0) }
        #expect(guest.set("db", .global, 7, [1]) == 0 && guest.set("PK", .imageSecurity, 7, [1]) == 0)
        #expect(guest.modes == [1, 0, 0])
    }

    @Test("73: PK without authentication is INVALID_PARAMETER") func plainPK() {
        var guest = Guest()
        #expect(guest.set(.pk, 7, [1]) == 0x02)
    }

    @Test("74: key variables have attributes 0x27 or are not made") func plainKeys() {
        var guest = Guest()
        #expect(guest.set(.kek, 0x26, [1]) == 0x02)
        for named in Named.keys {
            for attributes in [0x02, 0x06, 0x07, 0x23, 0x26] as [UInt32] {
                #expect(guest.set(named, attributes, [1]) == 0x02)
            }
        }
    }

    @Test("75: KEK without a signature is taken in setup mode, which goes on") func unsignedKEK() {
        var guest = Guest()
        #expect(guest.set(.kek, descriptor(later, [], x509(.exchange))) == 0)
        #expect(guest.data(.kek) == x509(.exchange) && guest.modes == [1, 0, 0])
        #expect(guest.authenticator.asked.isEmpty)
    }

    @Test("76: in setup mode an older time is taken") func olderKEK() {
        var guest = Guest()
        _ = guest.set(.kek, descriptor(EFITime(year: 2020, month: 1, day: 1), [], x509(.exchange)))
        let old = EFITime(year: 2001, month: 1, day: 1)
        #expect(guest.set(.kek, descriptor(old, [], x509(.stranger))) == 0)
        #expect(guest.time(.kek) == old)
    }

    @Test("77: in setup mode an empty payload deletes KEK") func deleteKEK() {
        var guest = Guest()
        _ = guest.set(.kek, descriptor(later, [], x509(.exchange)))
        #expect(guest.set(.kek, descriptor(later, [], [])) == 0)
        #expect(guest.data(.kek) == nil)
    }

    @Test("78: PK without a signature is a SECURITY_VIOLATION") func unsignedPK() {
        var guest = Guest()
        #expect(guest.set(.pk, descriptor(later, [], x509(.platform))) == 0x1A)
        #expect(guest.modes == [1, 0, 0])
    }

    @Test("79: PK that signs itself ends setup mode") func selfSignedPK() {
        var guest = Guest()
        #expect(guest.sign(.pk, x509(.platform), by: .platform) == 0)
        #expect(guest.modes == [0, 1, 1])
        #expect(guest.authenticator.asked.last?.rule == .trusted(exact: nil, anchors: [FakeCertificate.platform.der]))
    }

    @Test("80: with the setting false Secure Boot stays off") func settingFalse() {
        var guest = Guest(VariablePolicy(secureBoot: false))
        #expect(guest.sign(.pk, x509(.platform), by: .platform) == 0)
        #expect(guest.modes == [0, 1, 0])
    }

    @Test("81: a PK that is a CA may be signed by a leaf under it") func leafPK() {
        var guest = Guest()
        #expect(guest.sign(.pk, x509(.platform), by: FakeCertificate("leaf", under: "platform")) == 0)
    }

    @Test("82: a PK that somebody else signs is a SECURITY_VIOLATION") func strangerPK() {
        var guest = Guest()
        #expect(guest.sign(.pk, x509(.platform), by: .stranger) == 0x1A)
        #expect(guest.modes == [1, 0, 0])
    }

    @Test("83: a PK with two entries or lists is INVALID_PARAMETER") func twoPKs() {
        var guest = Guest()
        let der = FakeCertificate.platform.der
        let twice = SignatureLists.list(of: .x509, [(.t, der), (.t, der)])
        #expect(guest.sign(.pk, twice, by: .platform) == 0x02)
        #expect(guest.sign(.pk, x509(.platform, .stranger), by: .platform) == 0x02)
        #expect(guest.modes == [1, 0, 0])
    }

    @Test("84: a PK without a payload is NOT_FOUND if its signature can be read") func emptyPK() {
        var guest = Guest()
        #expect(guest.sign(.pk, [], by: .platform) == 0x0E)
        #expect(guest.set(.pk, descriptor(later, [1, 2, 3], [])) == 0x1A)
        #expect(guest.authenticator.asked.last?.rule == .wellFormed)
    }

    @Test("85: a PK that does not fit leaves setup mode") func fullPK() {
        var guest = AttributeTests.filled(leaving: 100)
        #expect(guest.sign(.pk, x509(.platform), by: .platform) == 0x09)
        #expect(guest.modes == [1, 0, 0])
    }

    @Test("86: a PK that the backend refuses leaves setup mode") func failedPK() {
        var guest = Guest()
        guest.backendFails = true
        #expect(guest.sign(.pk, x509(.platform), by: .platform) == 0x07)
        #expect(guest.modes == [1, 0, 0] && guest.data(.pk) == nil)
    }

    @Test("87: PK cannot be appended to") func appendPK() {
        var guest = Guest.userMode()
        #expect(guest.sign(.pk, x509(.stranger), by: .platform, at: .minutes(1), 0x67) == 0x02)
        var permissive = Guest.userMode(VariablePolicy(enforcing: false))
        #expect(permissive.sign(.pk, x509(.stranger), by: .platform, at: .minutes(1), 0x67) == 0x02)
    }

    @Test("88: a PK that the old one signs replaces it, and the old one signs no more") func replacePK() {
        var guest = Guest.userMode()
        #expect(guest.sign(.pk, x509(.stranger), by: .platform, at: .minutes(1)) == 0)
        #expect(guest.modes == [0, 1, 1])
        #expect(guest.sign(.kek, x509(.exchange), by: .platform, at: .minutes(2)) == 0x1A)
        #expect(guest.sign(.kek, x509(.exchange), by: .stranger, at: .minutes(2)) == 0)
    }

    @Test("88: and with the setting false Secure Boot stays as it was") func replacePKWithoutSetting() {
        var guest = Guest.userMode(VariablePolicy(secureBoot: false))
        #expect(guest.sign(.pk, x509(.stranger), by: .platform, at: .minutes(1)) == 0)
        #expect(guest.modes == [0, 1, 0])
        // The setting has changed since, and the guest was resumed: what it was told stays.
        var resumed = Guest(.resume(guest.services.saveBlob(), policy: VariablePolicy()))
        #expect(resumed.sign(.pk, x509(.platform), by: .stranger, at: .minutes(2)) == 0)
        #expect(resumed.modes == [0, 1, 0])
    }

    @Test("89: a signed empty PK goes back to setup mode") func deletePK() {
        var guest = Guest.userMode()
        #expect(guest.sign(.pk, [], by: .platform, at: .minutes(1)) == 0)
        #expect(guest.modes == [1, 0, 0] && guest.data(.pk) == nil)
    }

    @Test("89: and if the backend fails it stays in user mode") func deletePKFails() {
        var guest = Guest.userMode()
        guest.backendFails = true
        #expect(guest.sign(.pk, [], by: .platform, at: .minutes(1)) == 0x07)
        #expect(guest.modes == [0, 1, 1] && guest.data(.pk) == x509(.platform))
    }

    @Test("90: PK without any data is a SECURITY_VIOLATION") func noData() {
        var guest = Guest.userMode()
        #expect(guest.set(.pk, 0x27, []) == 0x1A)
    }

    @Test("91: PK is not deleted by plain attributes") func plainDelete() {
        var guest = Guest.userMode()
        for attributes in [7, 0, 0x40, 1] as [UInt32] { #expect(guest.set(.pk, attributes, []) == 0x02) }
        #expect(guest.modes == [0, 1, 1])
    }

    @Test("92: KEK is signed by PK") func signedKEK() {
        var guest = Guest.userMode()
        #expect(guest.sign(.kek, x509(.exchange, .stranger), by: .platform, at: .minutes(1)) == 0)
    }

    @Test("93: KEK is not signed by a key of KEK") func kekByKEK() {
        var guest = Guest.userMode()
        #expect(guest.sign(.kek, x509(.exchange), by: .exchange, at: .minutes(1)) == 0x1A)
    }

    @Test("94: KEK is not signed by a leaf under PK") func kekByLeaf() {
        var guest = Guest.userMode()
        let leaf = FakeCertificate("leaf", under: "platform")
        #expect(guest.sign(.kek, x509(.exchange), by: leaf, with: [.platform], at: .minutes(1)) == 0x1A)
        #expect(guest.authenticator.asked.last?.rule == .trusted(exact: FakeCertificate.platform.der, anchors: []))
    }

    @Test("95: db, dbx, dbt are signed by PK") func byPK() {
        var guest = Guest.userMode()
        for named in [.db, .dbx, .dbt] as [Named] {
            #expect(guest.sign(named, hashes(7), by: .platform, at: .minutes(1)) == 0)
        }
    }

    @Test("96: db is signed by a certificate of KEK") func byKEK() {
        var guest = Guest.userMode()
        #expect(guest.sign(.db, hashes(7), by: .exchange, at: .minutes(1)) == 0)
        #expect(
            guest.authenticator.asked.last?.rule
                == .trusted(exact: FakeCertificate.platform.der, anchors: [FakeCertificate.exchange.der]))
    }

    @Test("97: dbx is signed by a leaf under a CA of KEK") func byLeaf() {
        var guest = Guest.userMode()
        #expect(guest.sign(.dbx, hashes(7), by: leaf, at: .minutes(1)) == 0)
    }

    @Test("98 and 99: db is signed by a leaf under an intermediate that travels with it, not without it") func chain() {
        var guest = Guest.userMode()
        let intermediate = FakeCertificate("middle", under: "exchange")
        let leaf = FakeCertificate("leaf", under: "middle")
        #expect(guest.sign(.db, hashes(7), by: leaf, at: .minutes(1)) == 0x1A)
        #expect(guest.sign(.db, hashes(7), by: leaf, with: [intermediate], at: .minutes(1)) == 0)
    }

    @Test("100: a certificate of KEK need not be a root") func partialChain() {
        var guest = Guest.userMode()
        let subordinate = FakeCertificate("subordinate", under: "nowhere")
        _ = guest.sign(.kek, x509(subordinate), by: .platform, at: .minutes(1))
        #expect(guest.sign(.db, hashes(7), by: FakeCertificate("x", under: "subordinate"), at: .minutes(1)) == 0)
    }

    @Test("101: dbt is signed by KEK") func dbt() {
        var guest = Guest.userMode()
        #expect(guest.sign(.dbt, x509(.stranger), by: .exchange, at: .minutes(1)) == 0)
        #expect(guest.sign(.dbt, x509(.stranger), by: .stranger, at: .minutes(2)) == 0x1A)
    }

    @Test("102: without KEK who was in it signs no more") func noKEK() {
        var guest = Guest.userMode()
        #expect(guest.sign(.kek, [], by: .platform, at: .minutes(1)) == 0)
        #expect(guest.sign(.db, hashes(7), by: .exchange, at: .minutes(2)) == 0x1A)
        #expect(guest.sign(.db, hashes(7), by: .platform, at: .minutes(2)) == 0)
    }

    @Test("103: the second CA of KEK signs too, and lists of other types are passed over") func secondCA() {
        var guest = Guest.userMode()
        let kek = x509(.stranger) + hashes(3) + x509(.exchange)
        #expect(guest.sign(.kek, kek, by: .platform, at: .minutes(1)) == 0)
        #expect(guest.sign(.db, hashes(7), by: leaf, at: .minutes(1)) == 0)
    }

    @Test("103: of KEK's certificates 64 are tried") func manyCAs() {
        var guest = Guest.userMode()
        let many = (0..<70).map { FakeCertificate("c\($0)") }
        #expect(guest.sign(.kek, many.flatMap { x509($0) }, by: .platform, at: .minutes(1)) == 0)
        #expect(guest.sign(.db, hashes(7), by: many[63], at: .minutes(1)) == 0)
        #expect(guest.sign(.db, hashes(7), by: many[64], at: .minutes(2)) == 0x1A)
    }

    @Test("104: permissive: no signature and no time is looked at") func permissive() {
        var guest = Guest.userMode(VariablePolicy(enforcing: false))
        #expect(guest.modes == [0, 1, 1])
        let old = EFITime(year: 2001, month: 1, day: 1)
        #expect(guest.set(.db, descriptor(old, [], hashes(9))) == 0)
        #expect(guest.set(.pk, descriptor(old, [], [])) == 0)
        #expect(guest.modes == [1, 0, 0] && guest.authenticator.asked.isEmpty)
    }

    @Test("105: permissive: lists are valid or refused") func permissiveLists() {
        var guest = Guest(VariablePolicy(enforcing: false))
        #expect(guest.set(.pk, descriptor(later, [], [1, 2, 3])) == 0x02)
        #expect(guest.set(.pk, descriptor(later, [], hashes(1, 2))) == 0x02)
        #expect(guest.set(.pk, descriptor(later, [], x509(.platform))) == 0)
    }

    @Test("a key variable that an old blob held with invalid lists or other attributes gives no trust") func untrusted()
    {
        let guest = Guest.userMode()
        var records = guest.services.store.records
        for index in records.indices where records[index].name == VariableName("KEK") {
            records[index].data += [0]
        }
        var again = Guest(blob: VariableBlob(records: records))
        #expect(again.services.untrustedKeys(again.authenticator) == [VariableName("KEK")])
        #expect(again.sign(.db, hashes(7), by: .exchange, at: .minutes(1)) == 0x1A)
        for index in records.indices where records[index].name == VariableName("PK") {
            records[index].attributes = .ordinary
        }
        again = Guest(blob: VariableBlob(records: records))
        #expect(again.modes == [0, 1, 1])
        #expect(again.sign(.db, hashes(7), by: .platform, at: .minutes(1)) == 0x1A)
    }
}
