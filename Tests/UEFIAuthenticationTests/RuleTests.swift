// Whom the rules pk, kek and private accept (varstored.md 7), and that a signature covers all that it must.

import Testing
import UEFIVariables

@testable import UEFIAuthentication

@Suite("Rules of authentication")
struct RuleTests {
    let pk: CertificateSketch
    let kek: CertificateSketch
    let pkDER: [UInt8]
    let kekDER: [UInt8]

    init() throws {
        pk = .authority("PK", TestKeys.pk)
        kek = .authority("KEK", TestKeys.kek)
        pkDER = try pk.der
        kekDER = try kek.der
    }

    func signed(_ key: RSASigningKey, _ certificate: [UInt8], _ others: [UInt8]...) throws -> [UInt8] {
        var sketch = SignedDataSketch(key, certificate)
        sketch.certificates += others
        return try sketch.bytes(over: content())
    }

    // MARK: PK, KEK, db

    @Test("79, 81, 82: PK in setup mode is signed by its own certificate or by a leaf under it, by nobody else")
    func setup() throws {
        #expect(refusal(try signed(TestKeys.pk, pkDER), .kek(pkDER)) == nil)
        let leaf = try CertificateSketch("leaf", TestKeys.leaf).issued(by: pk).der
        #expect(refusal(try signed(TestKeys.leaf, leaf), .kek(pkDER)) == nil)
        let stranger = try CertificateSketch("PK", TestKeys.stranger).der
        #expect(refusal(try signed(TestKeys.stranger, stranger), .kek(pkDER)) == .chain)
    }

    @Test("84: an empty PK in setup mode only asks that the SignedData parses")
    func wellFormed() throws {
        let bytes = try signed(TestKeys.stranger, try CertificateSketch("X", TestKeys.stranger).der)
        #expect(refusal(bytes, over: [[1]], .wellFormed) == nil)
        #expect(refusal(Array(bytes.dropLast()), .wellFormed) == .encoding)
    }

    @Test("88, 92, 95: what PK signs is accepted by the rule pk")
    func rulePK() throws {
        #expect(refusal(try signed(TestKeys.pk, pkDER), .pk(pkDER)) == nil)
    }

    @Test("93: the rule pk refuses a KEK key; 82: another certificate of the same name")
    func notPK() throws {
        #expect(refusal(try signed(TestKeys.kek, kekDER), .pk(pkDER)) == .wrongSigner)
        let imitation = try CertificateSketch.authority("PK", TestKeys.stranger).der
        #expect(refusal(try signed(TestKeys.stranger, imitation), .pk(pkDER)) == .wrongSigner)
    }

    @Test("94: the rule pk refuses a leaf under PK, whether PK is embedded or not")
    func leafUnderPK() throws {
        let leaf = try CertificateSketch("leaf", TestKeys.leaf).issued(by: pk).der
        #expect(refusal(try signed(TestKeys.leaf, leaf), .pk(pkDER)) == .wrongSigner)
        #expect(refusal(try signed(TestKeys.leaf, leaf, pkDER), .pk(pkDER)) == .wrongSigner)
    }

    @Test("95, 96: db is signed by PK or by a certificate of KEK; 102: by nobody once KEK is gone")
    func ruleKEK() throws {
        let rule = AuthenticationRule.trusted(exact: pkDER, anchors: [kekDER])
        #expect(refusal(try signed(TestKeys.pk, pkDER), rule) == nil)
        #expect(refusal(try signed(TestKeys.kek, kekDER), rule) == nil)
        #expect(refusal(try signed(TestKeys.kek, kekDER), .trusted(exact: pkDER, anchors: [])) == .wrongSigner)
        #expect(refusal(try signed(TestKeys.kek, kekDER), .kek()) == .noTrustedCertificate)
    }

    @Test("the rule kek is asked when PK's own signature does not hold, and then refuses")
    func brokenPK() throws {
        var sketch = SignedDataSketch(TestKeys.pk, pkDER)
        sketch.signers[0].signature = [UInt8](repeating: 1, count: 256)
        let rule = AuthenticationRule.trusted(exact: pkDER, anchors: [kekDER])
        #expect(refusal(try sketch.bytes(over: content()), rule) == .signature)
    }

    @Test("103: with two authorities in KEK the second one signs, too")
    func secondKEK() throws {
        let other = CertificateSketch.authority("other KEK", TestKeys.otherKEK)
        let leaf = try CertificateSketch("leaf", TestKeys.leaf).issued(by: other).der
        #expect(refusal(try signed(TestKeys.leaf, leaf), .kek(kekDER, try other.der)) == nil)
        #expect(refusal(try signed(TestKeys.leaf, leaf), .kek(kekDER)) == .chain)
    }

    @Test("an entry of KEK that is no certificate, or has an EC key, hinders nobody")
    func otherEntries() throws {
        var ec = CertificateSketch.authority("KEK", TestKeys.stranger)
        ec.publicKeyInfo = CertificateSketch.ecPublicKeyInfo
        #expect(refusal(try signed(TestKeys.kek, kekDER), .kek([1, 2, 3], try ec.der, kekDER)) == nil)
    }

    // MARK: several signers

    func twoSigners(_ first: ([UInt8], RSASigningKey), _ second: ([UInt8], RSASigningKey)) -> SignedDataSketch {
        var sketch = SignedDataSketch(first.1, first.0)
        sketch.signers.append(.init(key: second.1, certificate: second.0))
        sketch.certificates.append(second.0)
        return sketch
    }

    @Test("130: two unrelated signers are refused for a private variable; one that chains to the last is accepted")
    func unrelatedSigners() throws {
        let stranger = try CertificateSketch("stranger", TestKeys.stranger).der
        let unrelated = twoSigners((stranger, TestKeys.stranger), (kekDER, TestKeys.kek))
        #expect(refusal(try unrelated.bytes(over: content()), .new) == .chain)
        let leaf = try CertificateSketch("leaf", TestKeys.leaf).issued(by: kek).der
        let related = twoSigners((leaf, TestKeys.leaf), (kekDER, TestKeys.kek))
        #expect(refusal(try related.bytes(over: content()), .new) == nil)
        let reversed = twoSigners((kekDER, TestKeys.kek), (leaf, TestKeys.leaf))
        #expect(refusal(try reversed.bytes(over: content()), .new) == .chain)
    }

    @Test("131: two signers under one authority of KEK are accepted; under two of them they are refused")
    func twoLeaves() throws {
        let one = try CertificateSketch("one", TestKeys.leaf).issued(by: kek).der
        let two = try CertificateSketch("two", TestKeys.stranger).issued(by: kek).der
        let sketch = twoSigners((one, TestKeys.leaf), (two, TestKeys.stranger))
        #expect(refusal(try sketch.bytes(over: content()), .kek(kekDER)) == nil)
        let other = CertificateSketch.authority("other KEK", TestKeys.otherKEK)
        let apart = try CertificateSketch("two", TestKeys.stranger).issued(by: other).der
        let split = twoSigners((one, TestKeys.leaf), (apart, TestKeys.stranger))
        #expect(refusal(try split.bytes(over: content()), .kek(kekDER, try other.der)) == .chain)
    }

    @Test("132: two signers, one signature broken: refused", arguments: [0, 1])
    func brokenSigner(_ index: Int) throws {
        let one = try CertificateSketch("one", TestKeys.leaf).issued(by: kek).der
        let two = try CertificateSketch("two", TestKeys.stranger).issued(by: kek).der
        var sketch = twoSigners((one, TestKeys.leaf), (two, TestKeys.stranger))
        sketch.signers[index].signature = try TestKeys.leaf.signature(over: [[0]])
        #expect(refusal(try sketch.bytes(over: content()), .kek(kekDER)) == .signature)
    }

    // MARK: what is signed

    @Test("119, 120, 111: another payload, name, GUID, attribute or time than was signed is refused")
    func signedContent() throws {
        let bytes = try signed(TestKeys.pk, pkDER)
        #expect(refusal(bytes, .pk(pkDER)) == nil)
        var later = content()
        later[3] = EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 6).bytes
        for other in [
            content(Array("dato".utf8)), content([]), content(name: "B"), content(guid: .global),
            content(attributes: .init(0x67)), later,
        ] {
            #expect(refusal(bytes, over: other, .pk(pkDER)) == .signature)
            #expect(refusal(bytes, over: other, .new) == .signature)
        }
    }

    @Test("a signature of another length than the key's, or of another key, is refused")
    func signature() throws {
        let right = try TestKeys.pk.signature(over: content())
        let wrong: [[UInt8]] = [
            [], Array(right.dropLast()), right + [0], [0] + right, [UInt8](repeating: 0, count: 256),
            [UInt8](repeating: 0xFF, count: 256), try TestKeys.kek.signature(over: content()),
        ]
        for signature in wrong {
            var sketch = SignedDataSketch(TestKeys.pk, pkDER)
            sketch.signers[0].signature = signature
            #expect(refusal(try sketch.bytes(over: content()), .pk(pkDER)) == .signature)
        }
    }

    // MARK: private variables

    @Test("112: a private variable is bound to who made it: another certificate is refused before it is verified")
    func bound() throws {
        let verifier = PKCS7Verifier()
        func verdict(_ bytes: [UInt8], _ bound: SignerDigest?) -> AuthenticationVerdict {
            verifier.verify(
                AuthenticationRequest(signedData: bytes, content: content(), rule: .selfAnchored(bound: bound)))
        }
        let certificate = try CertificateSketch("owner", TestKeys.leaf).der
        guard case .accepted(let owner) = verdict(try signed(TestKeys.leaf, certificate), nil) else {
            Issue.record("not accepted: \(String(describing: verifier.lastRefusal))")
            return
        }
        #expect(!owner.isZero)
        #expect(verdict(try signed(TestKeys.leaf, certificate), owner) == .accepted(digest: owner))
        // The same name and key in another certificate is somebody else.
        var other = CertificateSketch("owner", TestKeys.leaf)
        other.serial = [2]
        let count = verifier.verificationCount
        #expect(verdict(try signed(TestKeys.leaf, try other.der), owner) == .refused)
        #expect(verifier.lastRefusal == .wrongSigner)
        #expect(verifier.verificationCount == count)
    }

    @Test("144: re-signed by another certificate, unbound: accepted with the new signer's digest")
    func unbound() throws {
        let verifier = PKCS7Verifier()
        func digest(_ key: RSASigningKey, _ name: String) throws -> AuthenticationVerdict {
            let bytes = try signed(key, try CertificateSketch(name, key).der)
            return verifier.verify(
                AuthenticationRequest(signedData: bytes, content: content(), rule: .selfAnchored(bound: nil)))
        }
        let (one, two) = (try digest(TestKeys.leaf, "owner"), try digest(TestKeys.stranger, "owner"))
        #expect(one != .refused && two != .refused && one != two)
    }

    @Test("the digest is of the first signer's commonName and the last signer's TBSCertificate")
    func digest() throws {
        let leaf = try CertificateSketch("leaf", TestKeys.leaf).issued(by: kek).der
        let bytes = try twoSigners((leaf, TestKeys.leaf), (kekDER, TestKeys.kek)).bytes(over: content())
        let signedPart = try Certificate(der: kekDER[...]).signedPart
        let expected = MessageDigest(.sha256, of: [Array("leaf".utf8)[...], signedPart]).bytes
        let verdict = PKCS7Verifier().verify(
            AuthenticationRequest(signedData: bytes, content: content(), rule: .new))
        #expect(verdict == .accepted(digest: try #require(SignerDigest(bytes: expected))))
    }

    @Test(
        "the commonName counts up to 127 bytes and its first zero, as it is encoded, and it is the first one",
        arguments: [
            ([(10, 12, "Org"), (3, 12, "first"), (3, 12, "second")], "first"),
            ([(3, 12, String(repeating: "x", count: 128))], String(repeating: "x", count: 127)),
            ([(3, 12, "ab\0cd")], "ab"),
            ([(3, 30, "\0a\0b")], ""),
            ([(3, 19, "Printable")], "Printable"),
            ([(3, 12, "")], ""),
        ] as [([(UInt8, UInt8, String)], String)])
    func commonName(_ attributes: [(UInt8, UInt8, String)], _ counted: String) throws {
        var sketch = CertificateSketch("", TestKeys.leaf)
        sketch.subject = CertificateSketch.name(attributes.map { ($0.0, $0.1, Array($0.2.utf8)) })
        let certificate = try Certificate(der: try sketch.der[...])
        let digest = try SignerIdentity.digest(first: certificate, last: certificate)
        #expect(digest == MessageDigest(.sha256, of: [Array(counted.utf8)[...], certificate.signedPart]).bytes)
    }

    @Test("141: a private variable's signer without commonName is refused; for KEK it does not matter")
    func noCommonName() throws {
        var sketch = CertificateSketch("", TestKeys.leaf)
        sketch.subject = CertificateSketch.name("Org", attribute: 10)
        let certificate = try sketch.der
        #expect(refusal(try signed(TestKeys.leaf, certificate), .new) == .noCommonName)
        #expect(refusal(try signed(TestKeys.leaf, certificate), .kek(certificate)) == nil)
    }

    @Test("133: a certificate that has expired or is not valid yet is accepted")
    func dates() throws {
        for validity in [("200101000000Z", "210101000000Z"), ("490101000000Z", "491231000000Z")] {
            var sketch = CertificateSketch("T", TestKeys.leaf)
            sketch.validity = validity
            #expect(refusal(try signed(TestKeys.leaf, try sketch.der), .new) == nil)
        }
    }

    // MARK: certificates in lists

    @Test("150, 151: an entry is an RSA certificate with anything after it; EC and other bytes are none")
    func entries() throws {
        let verifier = PKCS7Verifier()
        #expect(verifier.certificateByteCount(kekDER) == kekDER.count)
        #expect(verifier.certificateByteCount(kekDER + [0, 0, 0]) == kekDER.count)
        #expect(verifier.certificateByteCount(Array(kekDER.dropLast())) == nil)
        #expect(verifier.certificateByteCount([]) == nil)
        #expect(verifier.certificateByteCount([0x30, 0x00]) == nil)
        #expect(verifier.certificateByteCount([0x30, 0x80, 0, 0]) == nil)
        var ec = CertificateSketch("EC", TestKeys.leaf)
        ec.publicKeyInfo = CertificateSketch.ecPublicKeyInfo
        #expect(verifier.certificateByteCount(try ec.der) == nil)
        // Small keys may be in lists, they only sign nothing here.
        var small = CertificateSketch("RSA-1024", TestKeys.leaf)
        small.publicKeyInfo = CertificateSketch.publicKeyInfo(
            modulus: Array(TestKeys.leaf.modulus.suffix(128)), exponent: [1, 0, 1])
        #expect(verifier.certificateByteCount(try small.der) != nil)
    }
}
