// Chains from a signer to a trusted certificate (varstored.md 8.9, 8.11).

import Testing
import UEFIVariables

@testable import UEFIAuthentication

@Suite("Certificate chains")
struct ChainTests {
    typealias Sketch = CertificateSketch
    /// The trusted authority, as KEK holds it.
    let kek = Sketch.authority("Corbel KEK", TestKeys.kek)
    /// Signs content.
    var leaf: Sketch { Sketch("leaf", TestKeys.leaf).issued(by: kek) }

    /// What the verifier says of content signed by the leaf, with others embedded, below `trusted`.
    func refused(_ leaf: Sketch, _ others: Sketch..., below trusted: Sketch? = nil) throws -> AuthenticationRefusal? {
        let certificate = try leaf.der
        var signedData = SignedDataSketch(leaf.key, certificate)
        signedData.certificates += try others.map { try $0.der }
        return refusal(try signedData.bytes(over: content()), .kek(try (trusted ?? kek).der))
    }

    func authority(_ name: String, _ key: RSASigningKey, below parent: Sketch, pathLength: UInt8? = nil) -> Sketch {
        var sketch = Sketch.authority(name, key).issued(by: parent)
        sketch.extensions[0] = Sketch.basicConstraints(true, pathLength: pathLength)
        return sketch
    }

    @Test("97: a leaf under the trusted authority is accepted, embedded authority or not")
    func leafUnder() throws {
        #expect(try refused(leaf) == nil)
        #expect(try refused(leaf, kek) == nil)
    }

    @Test("98, 99: a leaf under an intermediate authority is accepted when that is embedded, else refused")
    func intermediate() throws {
        let middle = authority("middle", TestKeys.intermediate, below: kek)
        let leaf = Sketch("leaf", TestKeys.leaf).issued(by: middle)
        #expect(try refused(leaf, middle) == nil)
        #expect(try refused(leaf) == .chain)
    }

    @Test("100: the trusted authority need not be self-signed, nor is its issuer needed")
    func partial() throws {
        let root = Sketch.authority("root that nobody has", TestKeys.stranger)
        let trusted = authority("middle", TestKeys.intermediate, below: root)
        let leaf = Sketch("leaf", TestKeys.leaf).issued(by: trusted)
        #expect(try refused(leaf, below: trusted) == nil)
        // Its own signature is not looked at.
        var unsigned = trusted
        unsigned.issuerKey = TestKeys.leaf
        #expect(try refused(leaf, below: unsigned) == nil)
    }

    @Test("136: a trusted certificate that is no authority signs for itself")
    func itself() throws {
        let plain = Sketch("plain", TestKeys.leaf)
        #expect(try refused(plain, below: plain) == nil)
        var notCA = plain
        notCA.extensions = [Sketch.basicConstraints(false)]
        #expect(try refused(notCA, below: notCA) == nil)
    }

    @Test("134, 135: who signs certificates is an authority")
    func authorities() throws {
        var middle = authority("middle", TestKeys.intermediate, below: kek)
        let leaf = Sketch("leaf", TestKeys.leaf).issued(by: middle)
        middle.extensions = [Sketch.basicConstraints(false), Sketch.keyUsage(0x06)]
        #expect(try refused(leaf, middle) == .chain)
        // Without basicConstraints, keyCertSign is enough for the trusted certificate, not for another.
        middle.extensions = [Sketch.keyUsage(0x06)]
        #expect(try refused(leaf, middle) == .chain)
        #expect(try refused(leaf, below: middle) == nil)
        middle.extensions = [Sketch.basicConstraints(true), Sketch.keyUsage(0x80)]
        #expect(try refused(leaf, middle) == .chain)
        #expect(try refused(leaf, below: middle) == .chain)
        middle.extensions = [Sketch.basicConstraints(true)]
        #expect(try refused(leaf, middle) == nil)
        middle.extensions = [Sketch.subjectKeyIdentifier([1])]
        #expect(try refused(leaf, below: middle) == .chain)
        middle.extensions = []
        #expect(try refused(leaf, below: middle) == .chain)
    }

    @Test("8.9: a version 1 certificate is an authority when it is self-signed")
    func versionOne() throws {
        var old = Sketch("old", TestKeys.intermediate)
        old.version = nil
        #expect(try refused(Sketch("leaf", TestKeys.leaf).issued(by: old), below: old) == nil)
        // Issued by another, it is none, trusted or not.
        let issued = old.issued(by: kek)
        #expect(try refused(Sketch("leaf", TestKeys.leaf).issued(by: old), issued, below: issued) == .chain)
        #expect(try refused(Sketch("leaf", TestKeys.leaf).issued(by: old), issued) == .chain)
        // Its own issuer by name, but not by key: not self-signed.
        var posing = Sketch("Corbel KEK", TestKeys.intermediate).issued(by: kek)
        posing.version = nil
        #expect(try refused(Sketch("leaf", TestKeys.leaf).issued(by: posing), posing) == .chain)
    }

    @Test("138: pathLenConstraint is honoured, the trusted certificate's too")
    func pathLength() throws {
        var trusted = kek
        trusted.extensions[0] = Sketch.basicConstraints(true, pathLength: 1)
        let one = authority("one", TestKeys.intermediate, below: trusted, pathLength: 0)
        let two = authority("two", TestKeys.stranger, below: one)
        let underOne = Sketch("leaf", TestKeys.leaf).issued(by: one)
        let underTwo = Sketch("leaf", TestKeys.leaf).issued(by: two)
        #expect(try refused(underOne, one, below: trusted) == nil)
        #expect(try refused(underTwo, one, two, below: trusted) == .chain)
        let wideOne = authority("one", TestKeys.intermediate, below: trusted, pathLength: 1)
        #expect(try refused(underTwo, wideOne, two, below: trusted) == .chain)
        trusted.extensions[0] = Sketch.basicConstraints(true, pathLength: 2)
        #expect(try refused(underTwo, wideOne, two, below: trusted) == nil)
    }

    @Test("138: self-issued certificates do not count for pathLenConstraint")
    func selfIssued() throws {
        var trusted = kek
        trusted.extensions[0] = Sketch.basicConstraints(true, pathLength: 0)
        // The same name with a new key, issued by the old one.
        let renewed = authority("Corbel KEK", TestKeys.intermediate, below: trusted)
        #expect(try refused(Sketch("leaf", TestKeys.leaf).issued(by: renewed), renewed, below: trusted) == nil)
    }

    @Test("139: an unknown critical extension anywhere in the chain is refused, an uncritical one ignored")
    func critical() throws {
        let unknown = Sketch.certificateExtension(99, critical: true, DERBytes.null)
        for (extra, expected) in [
            (unknown, AuthenticationRefusal.chain), (Sketch.certificateExtension(99, DERBytes.null), nil),
        ] {
            var leaf = leaf
            leaf.extensions.append(extra)
            #expect(try refused(leaf) == expected)
            var trusted = kek
            trusted.extensions.append(extra)
            #expect(try refused(self.leaf, below: trusted) == expected)
            #expect(try refused(trusted, below: trusted) == expected)
            var middle = authority("middle", TestKeys.intermediate, below: kek)
            middle.extensions.append(extra)
            #expect(try refused(Sketch("leaf", TestKeys.leaf).issued(by: middle), middle) == expected)
        }
    }

    @Test("8.9: critical nameConstraints and policyConstraints are refused, known critical extensions accepted")
    func knownCritical() throws {
        for number in [30, 36] as [UInt8] {
            var trusted = kek
            trusted.extensions.append(Sketch.certificateExtension(number, critical: true, DERBytes.sequence()))
            #expect(try refused(leaf, below: trusted) == .chain)
        }
        for number in [37, 17, 32, 31] as [UInt8] {
            var leaf = leaf
            leaf.extensions.append(Sketch.certificateExtension(number, critical: true, DERBytes.sequence()))
            #expect(try refused(leaf) == nil)
        }
    }

    @Test("an extension that is there twice, or is malformed, is refused")
    func malformed() throws {
        for extra in [
            [Sketch.subjectKeyIdentifier([1]), Sketch.subjectKeyIdentifier([1])],
            [Sketch.certificateExtension(14, [0x04])], [Sketch.certificateExtension(15, DERBytes.null)],
            [Sketch.certificateExtension(19, DERBytes.sequence([0x01, 0x01, 0x01]))],
            [Sketch.certificateExtension(19, DERBytes.sequence(DERBytes.value(0x02, [0xFF])))],
            [Sketch.certificateExtension(35, DERBytes.null)],
        ] as [[[UInt8]]] {
            var leaf = leaf
            leaf.extensions = extra
            #expect(try refused(leaf) == .chain)
        }
    }

    @Test("137: an issuer that differs in letter case, blanks or string type is the same name")
    func names() throws {
        var leaf = leaf
        for issuer in [
            Sketch.name("CORBEL kek"), Sketch.name("  Corbel   KEK "), Sketch.name("Corbel KEK", tag: 0x13),
            Sketch.name("Corbel KEK", tag: 0x14), Sketch.name("\0C\0o\0r\0b\0e\0l\0 \0K\0E\0K", tag: 0x1E),
        ] {
            leaf.issuer = issuer
            #expect(try refused(leaf) == nil)
        }
        for issuer in [
            Sketch.name("CorbelKEK"), Sketch.name("Corbel KEK2"), Sketch.name("Corbel KEK", attribute: 10),
            Sketch.name([(3, 12, Array("Corbel KEK".utf8)), (3, 12, Array("Corbel KEK".utf8))]), Sketch.name([]),
            Sketch.name("Corbel KEK", tag: 0x04),
        ] {
            leaf.issuer = issuer
            #expect(try refused(leaf) == .chain)
        }
    }

    @Test("only ASCII letters are folded; what can't be decoded equals only itself")
    func otherNames() throws {
        func matches(_ one: [UInt8], _ other: [UInt8]) throws -> Bool {
            try DistinguishedName(der: one[...]).matches(DistinguishedName(der: other[...]))
        }
        #expect(try matches(Sketch.name("Ä b"), Sketch.name("Ä B")))
        #expect(try !matches(Sketch.name("Ä"), Sketch.name("ä")))
        #expect(try matches(Sketch.name([(3, 0x14, [0xC4])]), Sketch.name("Ä")))
        let broken = Sketch.name([(3, 12, [0xFF])])
        #expect(try matches(broken, broken))
        #expect(try !matches(broken, Sketch.name([(3, 12, [0xFE])])))
        #expect(try !matches(Sketch.name([(3, 0x1E, [0x41])]), Sketch.name("A")))
        #expect(try matches(Sketch.name([(3, 0x1C, [0, 0, 0, 0x41])]), Sketch.name("a")))
        // A set of two attributes, in either order.
        func pair(_ one: (UInt8, String), _ two: (UInt8, String)) -> [UInt8] {
            let members = [one, two].map { number, text in
                DERBytes.sequence(
                    DERBytes.value(0x06, [0x55, 0x04, number]), DERBytes.value(0x0C, Array(text.utf8)))
            }
            return DERBytes.sequence(DERBytes.value(0x31, joining: members))
        }
        #expect(try matches(pair((3, "a"), (10, "b")), pair((10, "B"), (3, "A"))))
        #expect(try !matches(pair((3, "a"), (10, "b")), pair((3, "b"), (10, "a"))))
    }

    @Test("8.9: key identifiers, issuer and serial number of authority and subject agree when both are given")
    func keyIdentifiers() throws {
        var trusted = kek
        trusted.extensions.append(Sketch.subjectKeyIdentifier([1, 2]))
        let directory = { (name: [UInt8]) in DERBytes.value(0xA1, DERBytes.value(0xA4, name)) }
        // Of several names of the issuer the first directoryName counts.
        let names = { (first: [UInt8], second: [UInt8]) in
            DERBytes.value(
                0xA1, DERBytes.value(0x82, Array("host".utf8)), DERBytes.value(0xA4, first),
                DERBytes.value(0xA4, second))
        }
        let right: [[[UInt8]]] = [
            [names(kek.subject, Sketch.name("other"))],
            [DERBytes.value(0x80, [1, 2])], [], [directory(kek.subject), DERBytes.value(0x82, [1])],
            [DERBytes.value(0x80, [1, 2]), directory(kek.subject), DERBytes.value(0x82, [1])],
        ]
        let wrong: [[[UInt8]]] = [
            [names(Sketch.name("other"), kek.subject)],
            [DERBytes.value(0x80, [1, 3])], [directory(Sketch.name("other"))], [DERBytes.value(0x82, [2])],
        ]
        for (parts, expected) in right.map({ ($0, nil) }) + wrong.map({ ($0, AuthenticationRefusal.chain) }) {
            var leaf = leaf
            leaf.extensions = [
                Sketch.certificateExtension(35, DERBytes.value(0x30, joining: parts))
            ]
            #expect(try refused(leaf, below: trusted) == expected)
        }
        // Only one side says something.
        var leaf = leaf
        leaf.extensions = [Sketch.authorityKeyIdentifier(DERBytes.value(0x80, [9]))]
        #expect(try refused(leaf) == nil)
    }

    @Test("a link is a signature: a right name under a wrong key is refused")
    func forgedLink() throws {
        var forged = leaf
        forged.issuerKey = TestKeys.stranger
        #expect(try refused(forged) == .chain)
    }

    @Test("8.9: certificates may be signed with SHA-384 and SHA-512; with PSS or SHA-1 they are refused")
    func certificateDigests() throws {
        for digest in [DigestAlgorithm.sha384, .sha512] {
            var leaf = leaf
            leaf.digest = digest
            #expect(try refused(leaf) == nil)
        }
        // Both places in a certificate name the same one.
        var twofold = leaf
        twofold.namedDigest = .sha384
        #expect(try refused(twofold) == .chain)
        for last in [5, 10] as [UInt8] {
            // The algorithm stands twice in a certificate, and its signature covers the first place.
            let identifier = ObjectIdentifierBytes.rsaEncryption.dropLast()
            let certificate = try leaf.der
            var changed = certificate
            var places = 0
            for place in certificate.indices.dropLast(identifier.count)
            where certificate[place...].starts(with: identifier + [11]) {
                changed[place + identifier.count] = last
                places += 1
            }
            #expect(places == 2)
            let signedData = try SignedDataSketch(TestKeys.leaf, changed).bytes(over: content())
            #expect(refusal(signedData, .kek(try kek.der)) == .chain)
        }
    }

    @Test("143: a chain of 8 is accepted, one of 9 refused", arguments: [8, 9])
    func length(_ count: Int) throws {
        var parent = kek
        var embedded: [[UInt8]] = []
        for number in 0..<count - 2 {
            parent = authority("middle \(number)", TestKeys.intermediate, below: parent)
            embedded.append(try parent.der)
        }
        let leaf = try Sketch("leaf", TestKeys.leaf).issued(by: parent).der
        var signedData = SignedDataSketch(TestKeys.leaf, leaf)
        signedData.certificates += embedded.reversed()
        let refusal = refusal(try signedData.bytes(over: content()), .kek(try kek.der))
        #expect(refusal == (count == 8 ? nil : .chain))
    }

    @Test(
        "142: a key of 1024 bits, of 8200 bits, an even exponent or modulus, an exponent of 1 or above 2^33, an EC key")
    func keys() throws {
        let modulus = TestKeys.leaf.modulus
        let infos = [
            Sketch.ecPublicKeyInfo,
            Sketch.publicKeyInfo(modulus: Array(modulus.suffix(128)), exponent: [1, 0, 1]),
            Sketch.publicKeyInfo(modulus: Array(modulus.prefix(255)) + [1], exponent: [1, 0, 0]),
            Sketch.publicKeyInfo(modulus: modulus.dropLast() + [0], exponent: [1, 0, 1]),
            Sketch.publicKeyInfo(modulus: modulus, exponent: [1]),
            Sketch.publicKeyInfo(modulus: modulus, exponent: [2, 0, 0, 0, 1]),
            Sketch.publicKeyInfo(modulus: [0x7F] + [UInt8](repeating: 0xFF, count: 255), exponent: [1, 0, 1]),
            Sketch.publicKeyInfo(modulus: [UInt8](repeating: 0xFF, count: 1025), exponent: [1, 0, 1]),
        ]
        for info in infos {
            var sketch = Sketch("small", TestKeys.leaf)
            sketch.publicKeyInfo = info
            #expect(try refused(sketch, below: sketch) == .key)
        }
        // 2^33 - 1 is the largest odd exponent; the key is accepted, the signature is not this key's.
        var sketch = Sketch("large exponent", TestKeys.leaf)
        sketch.publicKeyInfo = Sketch.publicKeyInfo(modulus: modulus, exponent: [1, 0xFF, 0xFF, 0xFF, 0xFF])
        #expect(try refused(sketch, below: sketch) == .signature)
    }

    @Test("certificates that all have one name cost no more than a request may: it ends, refused")
    func clique() throws {
        let name = "everybody"
        var signedData = SignedDataSketch(TestKeys.leaf, try Sketch.authority(name, TestKeys.leaf).der)
        for serial in 2...16 {
            var sketch = Sketch.authority(name, TestKeys.leaf)
            sketch.serial = [UInt8(serial)]
            signedData.certificates.append(try sketch.der)
        }
        var trusted: [[UInt8]] = []
        for serial in 0..<64 {
            var sketch = Sketch.authority(name, TestKeys.stranger)
            sketch.serial = [UInt8(serial), 1]
            trusted.append(try sketch.der)
        }
        let verifier = PKCS7Verifier()
        let verdict = verifier.verify(
            AuthenticationRequest(
                signedData: try signedData.bytes(over: content()), content: content(),
                rule: .trusted(exact: nil, anchors: trusted)))
        #expect(verdict == .refused)
        #expect(verifier.lastRefusal == .work)
        #expect(verifier.verificationCount <= AuthenticationLimits.verificationsMax)
    }

    @Test("64 entries of KEK with one name are all tried, and the signer's signature is verified once")
    func manyEntries() throws {
        var trusted: [[UInt8]] = []
        for serial in 1..<64 {
            var sketch = Sketch.authority("Corbel KEK", TestKeys.stranger)
            sketch.serial = [UInt8(serial)]
            trusted.append(try sketch.der)
        }
        trusted.append(try kek.der)
        let bytes = try SignedDataSketch(TestKeys.leaf, try leaf.der).bytes(over: content())
        let verifier = PKCS7Verifier()
        func verdict(_ anchors: [[UInt8]]) -> AuthenticationVerdict {
            verifier.verify(
                AuthenticationRequest(
                    signedData: bytes, content: content(), rule: .trusted(exact: nil, anchors: anchors)))
        }
        #expect(verdict(trusted) == .accepted)
        #expect(verifier.verificationCount == 65)
        // The 65th is not tried.
        #expect(verdict([trusted[0]] + trusted) == .refused)
        #expect(verifier.lastRefusal == .chain)
    }
}
