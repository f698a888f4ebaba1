// PK, KEK, db, dbx and dbt from request to status, with real signatures: setup mode, user mode, permissive
// (varstored.md 7, 10.2). The rules without signatures are tested beside UEFIVariables.

import Testing
import UEFIVariables

@testable import UEFIAuthentication

/// The keys of a host: PK, an authority in KEK, one in db; each certificate made once in a run.
struct Keys {
    let pk = CertificateSketch.authority("PK", TestKeys.pk)
    let kek = CertificateSketch.authority("KEK", TestKeys.kek)
    let pkDER: [UInt8]
    let kekDER: [UInt8]
    let leafDER: [UInt8]

    static let shared = Result { try Keys() }

    private init() throws {
        pkDER = try pk.der
        kekDER = try kek.der
        leafDER = try CertificateSketch("leaf", TestKeys.leaf).issued(by: kek).der
    }

    var byPK: SignedDataSketch { SignedDataSketch(TestKeys.pk, pkDER) }
    var byKEK: SignedDataSketch { SignedDataSketch(TestKeys.kek, kekDER) }
    var byLeaf: SignedDataSketch { SignedDataSketch(TestKeys.leaf, leafDER) }

    /// User mode: PK, KEK with one authority, db.
    func enrolled(policy: VariablePolicy = VariablePolicy()) throws -> Guest {
        var guest = Guest(policy: policy)
        #expect(guest.set(.db, unsigned(hashList([hash(0)]))) == 0)
        #expect(guest.set(.kek, unsigned(certificateList(kekDER))) == 0)
        #expect(guest.set(.pk, try byPK.data(.pk, certificateList(pkDER))) == 0)
        return guest
    }
}

@Suite("Key variables in setup mode")
struct SetupModeTests {
    let keys: Keys
    var guest = Guest()

    init() throws { keys = try Keys.shared.get() }

    @Test("75, 76, 77: KEK is taken unsigned, whatever its time, and deleted by an empty payload")
    func unsignedKEK() {
        var guest = guest
        let list = certificateList(keys.kekDER)
        #expect(guest.set(.kek, unsigned(list, at: EFITime(year: 2020, month: 1, day: 1))) == 0)
        #expect(guest.mode("SetupMode") == 1)
        #expect(guest.set(.kek, unsigned(list, at: EFITime(year: 2001, month: 1, day: 1))) == 0)
        #expect(guest.set(.kek, unsigned([])) == 0)
        #expect(guest.record(.kek) == nil)
        #expect(guest.verifier.verificationCount == 0)
    }

    @Test("78: an unsigned PK is refused")
    func unsignedPK() {
        var guest = guest
        #expect(guest.set(.pk, unsigned(certificateList(keys.pkDER))) == 0x1A)
    }

    @Test("79, 80: a PK signed by itself ends setup mode; SecureBoot follows the setting", arguments: [true, false])
    func selfSigned(_ setting: Bool) throws {
        var guest = Guest(policy: VariablePolicy(secureBoot: setting))
        #expect(guest.set(.pk, try keys.byPK.data(.pk, certificateList(keys.pkDER))) == 0)
        #expect(guest.mode("SetupMode") == 0)
        #expect(guest.mode("DeployedMode") == 1)
        #expect(guest.mode("SecureBoot") == (setting ? 1 : 0))
    }

    @Test("81: a PK that is an authority may be signed by a leaf under it")
    func leafSigned() throws {
        var guest = guest
        #expect(guest.set(.pk, try keys.byLeaf.data(.pk, certificateList(keys.kekDER))) == 0)
    }

    @Test("82: a PK signed by another key is refused and setup mode stays")
    func strangerSigned() throws {
        var guest = guest
        #expect(guest.set(.pk, try keys.byKEK.data(.pk, certificateList(keys.pkDER))) == 0x1A)
        #expect(guest.mode("SetupMode") == 1)
    }

    @Test("83: a PK of two entries or two lists is invalid, signed as it is; 84: an empty one is not found")
    func wrongLists() throws {
        var guest = guest
        let twoLists = certificateList(keys.pkDER, keys.pkDER)
        #expect(guest.set(.pk, try keys.byPK.data(.pk, twoLists)) == 0x02)
        let twoEntries = SignatureLists.list(of: .x509, [(owner, keys.pkDER), (owner, keys.pkDER)])
        #expect(guest.set(.pk, try keys.byPK.data(.pk, twoEntries)) == 0x02)
        #expect(guest.set(.pk, try keys.byPK.data(.pk, [])) == 0x0E)
        #expect(guest.set(.pk, unsigned([])) == 0x1A)
        #expect(guest.mode("SetupMode") == 1)
    }

    @Test("85: a valid PK that finds no room changes nothing")
    func full() throws {
        var guest = guest
        let filler = [UInt8](repeating: 0, count: 57344)
        #expect(guest.set(Variable("F1", variableT), filler, attributes: .ordinary) == 0)
        #expect(guest.set(Variable("F2", variableT), filler, attributes: .ordinary) == 0)
        let left = VariableStore.chargeMax - guest.services.store.chargeSum
        let third = [UInt8](repeating: 0, count: left - 4 - 128)
        #expect(guest.set(Variable("F3", variableT), third, attributes: .ordinary) == 0)
        #expect(guest.set(.pk, try keys.byPK.data(.pk, certificateList(keys.pkDER))) == 0x09)
        #expect(guest.mode("SetupMode") == 1)
        #expect(guest.mode("SecureBoot") == 0)
    }

    @Test("86: a valid PK that the backend does not take changes nothing")
    func backendFails() throws {
        var guest = guest
        guest.backendAccepts = false
        #expect(guest.set(.pk, try keys.byPK.data(.pk, certificateList(keys.pkDER))) == 0x07)
        #expect(guest.mode("SetupMode") == 1)
        #expect(guest.mode("SecureBoot") == 0)
        #expect(guest.record(.pk) == nil)
    }

    @Test("133: PK's certificate may have expired, or not be valid yet")
    func dates() throws {
        for validity in [("000101000000Z", "010101000000Z"), ("480101000000Z", "491231000000Z")] {
            var sketch = keys.pk
            sketch.validity = validity
            let certificate = try sketch.der
            var guest = guest
            let data = try SignedDataSketch(TestKeys.pk, certificate).data(.pk, certificateList(certificate))
            #expect(guest.set(.pk, data) == 0)
        }
    }

    @Test("PK's entry may have padding, and is trusted without it")
    func padded() throws {
        var guest = guest
        let padded = certificateList(keys.pkDER + [0, 0, 0, 0])
        #expect(guest.set(.pk, try keys.byPK.data(.pk, padded)) == 0)
        #expect(guest.set(.db, try keys.byPK.data(.db, hashList([hash(1)]))) == 0)
    }
}

@Suite("Key variables in user mode")
struct UserModeTests {
    let keys: Keys
    let guest: Guest

    init() throws {
        keys = try Keys.shared.get()
        guest = try keys.enrolled()
    }

    @Test("87: an append to PK is invalid; 90: unsigned data is refused; 91: so are other attributes")
    func appendPK() throws {
        var guest = guest
        let appending = VariableAttributes(0x67)
        let list = certificateList(keys.kekDER)
        let data = try keys.byPK.data(.pk, list, attributes: appending, at: year(1))
        #expect(guest.set(.pk, data, attributes: appending) == 0x02)
        #expect(guest.set(.pk, []) == 0x1A)
        #expect(guest.set(.pk, [], attributes: .ordinary) == 0x02)
        #expect(guest.set(.pk, [], attributes: []) == 0x02)
    }

    @Test("88: PK is replaced when the old one signs; then the old one signs no more")
    func replacePK() throws {
        var guest = guest
        #expect(guest.set(.pk, try keys.byPK.data(.pk, certificateList(keys.kekDER), at: year(1))) == 0)
        #expect(guest.set(.db, try keys.byPK.data(.db, hashList([hash(1)]), at: year(1))) == 0x1A)
        #expect(guest.set(.pk, try keys.byPK.data(.pk, certificateList(keys.pkDER), at: year(2))) == 0x1A)
        #expect(guest.set(.pk, try keys.byKEK.data(.pk, certificateList(keys.pkDER), at: year(2))) == 0)
    }

    @Test("89: an empty PK signed by PK brings setup mode back")
    func deletePK() throws {
        var guest = guest
        #expect(guest.set(.pk, try keys.byKEK.data(.pk, [], at: year(1))) == 0x1A)
        #expect(guest.set(.pk, try keys.byPK.data(.pk, [], at: year(1))) == 0)
        #expect(guest.mode("SetupMode") == 1)
        #expect(guest.mode("DeployedMode") == 0)
        #expect(guest.mode("SecureBoot") == 0)
    }

    @Test("92: KEK is signed by PK; 93: not by a KEK key; 94: not by a leaf under PK")
    func kek() throws {
        var guest = guest
        let list = certificateList(keys.kekDER)
        #expect(guest.set(.kek, try keys.byKEK.data(.kek, list, at: year(1))) == 0x1A)
        let leaf = try CertificateSketch("leaf", TestKeys.leaf).issued(by: keys.pk).der
        var underPK = SignedDataSketch(TestKeys.leaf, leaf)
        underPK.certificates.append(keys.pkDER)
        #expect(guest.set(.kek, try underPK.data(.kek, list, at: year(1))) == 0x1A)
        #expect(guest.set(.kek, try keys.byPK.data(.kek, list, at: year(1))) == 0)
    }

    @Test("95, 96, 97, 101: db, dbx and dbt are signed by PK, by KEK, by a leaf under KEK")
    func databases() throws {
        var guest = guest
        for variable in [Variable.db, .dbx, .dbt] {
            #expect(guest.set(variable, try keys.byPK.data(variable, hashList([hash(1)]), at: year(1))) == 0)
            #expect(guest.set(variable, try keys.byKEK.data(variable, hashList([hash(2)]), at: year(2))) == 0)
            #expect(guest.set(variable, try keys.byLeaf.data(variable, hashList([hash(3)]), at: year(3))) == 0)
            #expect(guest.set(variable, unsigned(hashList([hash(4)]), at: year(4))) == 0x1A)
            #expect(guest.record(variable)?.data == hashList([hash(3)]))
        }
    }

    @Test("98, 99: db signed by a leaf under an intermediate authority, which is embedded or not")
    func intermediate() throws {
        var guest = guest
        let middle = CertificateSketch.authority("middle", TestKeys.intermediate).issued(by: keys.kek)
        let leaf = try CertificateSketch("leaf", TestKeys.leaf).issued(by: middle).der
        var signer = SignedDataSketch(TestKeys.leaf, leaf)
        #expect(guest.set(.db, try signer.data(.db, hashList([hash(1)]), at: year(1))) == 0x1A)
        signer.certificates.append(try middle.der)
        #expect(guest.set(.db, try signer.data(.db, hashList([hash(1)]), at: year(1))) == 0)
    }

    @Test("100, 103: an entry of KEK whose issuer nobody has is trusted, and so is a second entry")
    func entries() throws {
        var guest = guest
        let root = CertificateSketch.authority("root", TestKeys.stranger)
        let issued = CertificateSketch.authority("issued", TestKeys.otherKEK).issued(by: root)
        let list = certificateList(keys.kekDER, try issued.der)
        #expect(guest.set(.kek, try keys.byPK.data(.kek, list, at: year(1))) == 0)
        let leaf = try CertificateSketch("leaf", TestKeys.leaf).issued(by: issued).der
        let signer = SignedDataSketch(TestKeys.leaf, leaf)
        #expect(guest.set(.db, try signer.data(.db, hashList([hash(1)]), at: year(1))) == 0)
        #expect(guest.set(.dbx, try keys.byLeaf.data(.dbx, hashList([hash(1)]), at: year(1))) == 0)
    }

    @Test("102: when KEK is gone, what signed by it signs no more")
    func formerKEK() throws {
        var guest = guest
        #expect(guest.set(.kek, try keys.byPK.data(.kek, [], at: year(1))) == 0)
        #expect(guest.set(.db, try keys.byKEK.data(.db, hashList([hash(1)]), at: year(1))) == 0x1A)
        #expect(guest.set(.db, try keys.byPK.data(.db, hashList([hash(1)]), at: year(1))) == 0)
    }

    @Test("131: two leaves of one authority sign db; 132: with one signature broken it is refused")
    func twoSigners() throws {
        var guest = guest
        let other = try CertificateSketch("other", TestKeys.stranger).issued(by: keys.kek).der
        var signer = keys.byLeaf
        signer.signers.append(.init(key: TestKeys.stranger, certificate: other))
        signer.certificates.append(other)
        var broken = signer
        broken.signers[0].signature = try TestKeys.leaf.signature(over: [[0]])
        #expect(guest.set(.db, try broken.data(.db, hashList([hash(1)]), at: year(1))) == 0x1A)
        #expect(guest.set(.db, try signer.data(.db, hashList([hash(1)]), at: year(1))) == 0)
    }

    @Test("134, 135, 136, 138, 139, 142: what a chain must be, asked of db by way of KEK")
    func chains() throws {
        var notCA = CertificateSketch("not CA", TestKeys.otherKEK)
        var critical = CertificateSketch.authority("critical", TestKeys.intermediate)
        critical.extensions.append(CertificateSketch.certificateExtension(99, critical: true, DERBytes.null))
        var short = CertificateSketch.authority("short", TestKeys.stranger)
        short.extensions[0] = CertificateSketch.basicConstraints(true, pathLength: 0)
        notCA.extensions = [CertificateSketch.subjectKeyIdentifier([1])]
        var guest = guest
        let list = certificateList(try notCA.der, try critical.der, try short.der)
        #expect(guest.set(.kek, try keys.byPK.data(.kek, list, at: year(1))) == 0)
        func status(_ signer: SignedDataSketch) throws -> UInt64 {
            var guest = guest
            return guest.set(.db, try signer.data(.db, hashList([hash(1)]), at: year(1)))
        }
        let leaf = CertificateSketch("leaf", TestKeys.leaf)
        for authority in [notCA, critical] {
            #expect(try status(SignedDataSketch(TestKeys.leaf, try leaf.issued(by: authority).der)) == 0x1A)
        }
        #expect(try status(SignedDataSketch(TestKeys.leaf, try leaf.issued(by: short).der)) == 0)
        #expect(try status(SignedDataSketch(TestKeys.otherKEK, try notCA.der)) == 0)
        let middle = CertificateSketch.authority("middle", TestKeys.kek).issued(by: short)
        let tooLong = SignedDataSketch(TestKeys.leaf, try leaf.issued(by: middle).der, try middle.der)
        #expect(try status(tooLong) == 0x1A)
        var ec = leaf
        ec.publicKeyInfo = CertificateSketch.ecPublicKeyInfo
        #expect(try status(SignedDataSketch(TestKeys.leaf, try ec.issued(by: short).der)) == 0x1A)
    }

    @Test("an update that is not later is refused in user mode, an append with any time accepted")
    func times() throws {
        var guest = guest
        #expect(guest.set(.dbx, try keys.byKEK.data(.dbx, hashList([hash(1)]), at: year(1))) == 0)
        #expect(guest.set(.dbx, try keys.byKEK.data(.dbx, hashList([hash(2)]), at: year(1))) == 0x1A)
        let appending = VariableAttributes(0x67)
        let append = try keys.byKEK.data(.dbx, hashList([hash(2)]), attributes: appending, at: .zero)
        #expect(guest.set(.dbx, append, attributes: appending) == 0)
        #expect(guest.record(.dbx)?.data == hashList([hash(1)]) + hashList([hash(2)]))
        #expect(guest.record(.dbx)?.timestamp == year(1))
    }

    /// The public update itself is in no package: Tests/UEFIPeers/check takes it where it has been put.
    @Test("145, with keys of ours: 443 hashes of 2010 are appended to dbx by a leaf under an authority of KEK")
    func publicUpdate() throws {
        var guest = guest
        let appending = VariableAttributes(0x67)
        let list = hashList((1...443).map(hash))
        var signer = keys.byLeaf
        signer.certificates.append(keys.kekDER)
        let time = EFITime(year: 2010, month: 3, day: 6, hour: 19, minute: 17, second: 21)
        let data = try signer.data(.dbx, list, attributes: appending, at: time)
        #expect(guest.set(.dbx, data, attributes: appending) == 0)
        #expect(guest.record(.dbx)?.attributes == .key)
        #expect(guest.record(.dbx).map { SignatureLists($0.data).entryCount } == 443)
        #expect(guest.set(.dbx, data, attributes: appending) == 0)
        #expect(guest.record(.dbx)?.data == list)
    }

    @Test("146 to 150: a list that is signed and invalid is invalid")
    func lists() throws {
        var guest = guest
        let right = hashList([hash(1)])
        var ec = CertificateSketch("EC", TestKeys.leaf)
        ec.publicKeyInfo = CertificateSketch.ecPublicKeyInfo
        var unknown = right
        unknown[0] ^= 1
        for payload in [
            unknown, right + [0], Array(right.dropLast()), certificateList([0x30, 0x00]), certificateList(try ec.der),
        ] {
            #expect(guest.set(.db, try keys.byKEK.data(.db, payload, at: year(1))) == 0x02)
        }
        #expect(guest.set(.db, try keys.byKEK.data(.db, right, at: year(1))) == 0)
    }

    @Test("151: an X509 entry with zeros after its DER is accepted, in KEK too, and trusted")
    func paddedEntry() throws {
        var guest = guest
        let list = certificateList(keys.kekDER + [0, 0])
        #expect(guest.set(.kek, try keys.byPK.data(.kek, list, at: year(1))) == 0)
        #expect(guest.set(.db, try keys.byLeaf.data(.db, list, at: year(1))) == 0)
    }

    @Test("152, 153, 154, 155: signed appends leave out what is there, by owner and data")
    func appends() throws {
        var guest = guest
        let appending = VariableAttributes(0x67)
        func append(_ variable: Variable, _ payload: [UInt8], _ signer: SignedDataSketch, _ number: Int) throws
            -> UInt64
        {
            guest.set(
                variable, try signer.data(variable, payload, attributes: appending, at: year(number)),
                attributes: appending)
        }
        let (a, b) = (hash(1), hash(2))
        #expect(try append(.dbx, hashList([a]), keys.byKEK, 1) == 0)
        #expect(try append(.dbx, hashList([a, b]), keys.byKEK, 2) == 0)
        #expect(guest.record(.dbx)?.data == hashList([a]) + hashList([b]))
        #expect(try append(.dbx, hashList([a, b]), keys.byKEK, 3) == 0)
        #expect(guest.record(.dbx)?.data == hashList([a]) + hashList([b]))
        #expect(guest.record(.dbx)?.timestamp == year(3))
        #expect(try append(.dbx, hashList([a], owner: variableT), keys.byKEK, 4) == 0)
        #expect(guest.record(.dbx)?.data.count == 3 * 76)
        #expect(try append(.kek, certificateList(keys.kekDER), keys.byPK, 1) == 0)
        #expect(guest.record(.kek)?.data == certificateList(keys.kekDER))
    }
}

@Suite("Key variables, permissive")
struct PermissiveTests {
    @Test("104: db is taken unsigned, whatever its time; 105: PK's list must be valid all the same")
    func permissive() throws {
        let keys = try Keys.shared.get()
        var guest = try keys.enrolled(policy: VariablePolicy(enforcing: false))
        let old = EFITime(year: 2001, month: 1, day: 1)
        #expect(guest.set(.db, unsigned(hashList([hash(1)]), at: old)) == 0)
        #expect(guest.set(.pk, unsigned([1, 2, 3], at: old)) == 0x02)
        #expect(guest.set(.pk, unsigned(certificateList(keys.kekDER), at: old)) == 0)
    }
}
