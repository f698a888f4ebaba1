// What CertData may look like: form, lengths, digests, attributes, numbers (varstored.md 8.1 to 8.8, 8.11).

import Testing
import UEFIVariables

@testable import UEFIAuthentication

@Suite("PKCS#7 SignedData")
struct SignedDataTests {
    let certificate: [UInt8]
    let sketch: SignedDataSketch

    init() throws {
        certificate = try CertificateSketch("Corbel T", TestKeys.leaf).der
        sketch = SignedDataSketch(TestKeys.leaf, certificate)
    }

    @Test("108: bare and wrapped SignedData are both accepted")
    func forms() throws {
        var sketch = sketch
        #expect(refusal(try sketch.bytes(over: content()), .new) == nil)
        sketch.isWrapped = true
        #expect(refusal(try sketch.bytes(over: content()), .new) == nil)
    }

    @Test("a ContentInfo of another type, or with something after its content, is refused")
    func otherContentInfo() throws {
        let signedData = try sketch.bytes(over: content())
        let explicit = DERBytes.value(0xA0, signedData)
        let type = DERBytes.value(0x06, ObjectIdentifierBytes.signedData)
        #expect(
            refusal(DERBytes.sequence(DERBytes.value(0x06, ObjectIdentifierBytes.data), explicit), .new)
                == .contentType)
        #expect(refusal(DERBytes.sequence(type, explicit, DERBytes.null), .new) == .structure(.signedData))
        #expect(
            refusal(DERBytes.sequence(type, DERBytes.value(0xA0, signedData, DERBytes.null)), .new)
                == .structure(.signedData))
        let other = DERBytes.octets([UInt8](repeating: 0, count: 300))
        #expect(refusal(DERBytes.sequence(type, other), .new) == .structure(.signedData))
        #expect(refusal(DERBytes.sequence(other), .new) == .structure(.signedData))
    }

    @Test("121: DER that is one byte short, or any number of bytes, is refused")
    func short() throws {
        let bytes = try sketch.bytes(over: content())
        for count in 0..<bytes.count where count % 13 == 0 || count == bytes.count - 1 {
            let refusal = refusal(Array(bytes.prefix(count)), .new)
            #expect(refusal == (count < 256 ? .size(count) : .encoding))
        }
    }

    @Test("122: one byte after the DER is refused")
    func trailing() throws {
        #expect(refusal(try sketch.bytes(over: content()) + [0], .new) == .encoding)
    }

    @Test("123: an indefinite length, or one that is longer than it need be, is refused")
    func lengths() throws {
        let bytes = try sketch.bytes(over: content())
        // 30 82 hh ll ...: the outer length in its least form.
        #expect(bytes[1] == 0x82)
        #expect(refusal([0x30, 0x83, 0] + bytes[2...], .new) == .encoding)
        #expect(refusal([0x30, 0x80] + bytes[4...] + [0, 0], .new) == .encoding)
        // The version's length, inside: 02 01 01 becomes 02 81 01 01; the outer length grows by one.
        let inner = DERBytes.value(0x30, [0x02, 0x81, 0x01, 0x01] + bytes[7...])
        #expect(refusal(inner, .new) == .encoding)
        let padded = DERBytes.value(0x30, [0x02, 0x02, 0x00, 0x01] + bytes[7...])
        #expect(refusal(padded, .new) == .structure(.signedData))
    }

    @Test("78: no CertData, and CertData of more than 57304 bytes, are refused for their size")
    func sizes() throws {
        #expect(refusal([], .new) == .size(0))
        #expect(refusal([], .wellFormed) == .size(0))
        var sketch = sketch
        let plain = try sketch.bytes(over: content()).count
        // Embedded content adds two tags with three bytes of length each, and two bytes to the length around it.
        sketch.embedded = [UInt8](repeating: 0, count: 57304 - plain - 10)
        let largest = try sketch.bytes(over: content())
        #expect(largest.count == 57304)
        #expect(refusal(largest, .new) == nil)
        sketch.embedded = [UInt8](repeating: 0, count: 57304 - plain - 9)
        #expect(refusal(try sketch.bytes(over: content()), .new) == .size(57305))
    }

    @Test("8.2: DER of 32 levels is accepted, of 33 refused")
    func nesting() throws {
        var sketch = sketch
        // SignedData, [1], then the chain of sequences.
        func chain(_ levels: Int) -> [UInt8] { (0..<levels).reduce([]) { inner, _ in DERBytes.sequence(inner) } }
        sketch.revocations = chain(30)
        #expect(refusal(try sketch.bytes(over: content()), .new) == nil)
        sketch.revocations = chain(31)
        #expect(refusal(try sketch.bytes(over: content()), .new) == .nesting)
        sketch.revocations = chain(2000)
        #expect(refusal(try sketch.bytes(over: content()), .new) == .encoding)
    }

    @Test("8.2: the order inside of SET OF is not looked at")
    func order() throws {
        var sketch = sketch
        sketch.signers[0].attributes = [
            SignedDataSketch.messageDigest(content()),
            SignedDataSketch.attribute(3, DERBytes.value(0x06, ObjectIdentifierBytes.data)),
        ]
        sketch.digests.append(DERBytes.algorithm([0x2B, 0x0E, 0x03, 0x02, 0x1A]))
        #expect(refusal(try sketch.bytes(over: content()), .new) == nil)
    }

    @Test("8.3, 8.5: other versions, another content type, no certificates are refused; CRLs are ignored")
    func versions() throws {
        var other = sketch
        other.version = 3
        #expect(refusal(try other.bytes(over: content()), .new) == .version(.signedData))
        other = sketch
        other.signers[0].version = 3
        #expect(refusal(try other.bytes(over: content()), .new) == .version(.signer))
        other = sketch
        other.contentType = ObjectIdentifierBytes.signedData
        #expect(refusal(try other.bytes(over: content()), .new) == .contentType)
        other = sketch
        other.hasCertificates = false
        #expect(refusal(try other.bytes(over: content()), .new) == .structure(.signedData))
        other = sketch
        other.revocations = DERBytes.sequence(DERBytes.null)
        #expect(refusal(try other.bytes(over: content()), .new) == nil)
    }

    static let sha1: [UInt8] = [0x2B, 0x0E, 0x03, 0x02, 0x1A]
    static let sha224: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04]
    static let sha384: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02]
    static let sha512: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03]

    @Test("124: SHA-1, SHA-224, SHA-384 and SHA-512 are refused", arguments: [sha1, sha224, sha384, sha512])
    func digests(_ digest: [UInt8]) throws {
        var sketch = sketch
        sketch.digests = [DERBytes.algorithm(digest)]
        #expect(refusal(try sketch.bytes(over: content()), .new) == .digest(.signedData))
        sketch.signers[0].digest = digest
        #expect(refusal(try sketch.bytes(over: content()), .new) == .digest(.signedData))
    }

    @Test(
        "125: SHA-256 in digestAlgorithms and another digest in the SignerInfo is refused", arguments: [sha1, sha384])
    func signerDigest(_ digest: [UInt8]) throws {
        var sketch = sketch
        sketch.signers[0].digest = digest
        #expect(refusal(try sketch.bytes(over: content()), .new) == .digest(.signer))
    }

    @Test(
        "8.6: SHA-384 and SHA-512 are accepted when policy allows them", arguments: [DigestAlgorithm.sha384, .sha512])
    func allowedDigests(_ digest: DigestAlgorithm) throws {
        var sketch = sketch
        let identifier = digest == .sha384 ? Self.sha384 : Self.sha512
        sketch.digests = [DERBytes.algorithm(identifier)]
        sketch.signers[0].digest = identifier
        sketch.signers[0].signedWith = digest
        let bytes = try sketch.bytes(over: content())
        #expect(refusal(bytes, .new, digests: [.sha256, digest]) == nil)
        #expect(refusal(bytes, .new) == .digest(.signedData))
        sketch.signers[0].signatureAlgorithm = CertificateSketch.signatureAlgorithm(digest)
        #expect(refusal(try sketch.bytes(over: content()), .new, digests: [digest]) == nil)
    }

    @Test("8.7: rsaEncryption and sha256WithRSAEncryption are accepted, PSS, SHA-1 and SHA-512 with RSA are not")
    func signatureAlgorithms() throws {
        var sketch = sketch
        for (last, isAccepted) in [(1, true), (11, true), (10, false), (5, false), (13, false)] as [(UInt8, Bool)] {
            sketch.signers[0].signatureAlgorithm = ObjectIdentifierBytes.rsaEncryption.dropLast() + [last]
            let refusal = refusal(try sketch.bytes(over: content()), .new)
            #expect(refusal == (isAccepted ? nil : .signatureAlgorithm(.signer)))
        }
    }

    @Test("126: signed attributes with the right messageDigest are accepted")
    func attributes() throws {
        var sketch = sketch
        sketch.signers[0].attributes = [SignedDataSketch.messageDigest(content())]
        sketch.signers[0].unsignedAttributes = [SignedDataSketch.attribute(6, DERBytes.null)]
        #expect(refusal(try sketch.bytes(over: content()), .new) == nil)
    }

    @Test("127: signed attributes with a wrong messageDigest, none or two are refused, and so is another content type")
    func wrongAttributes() throws {
        let type = SignedDataSketch.attribute(3, DERBytes.value(0x06, ObjectIdentifierBytes.data))
        let right = SignedDataSketch.messageDigest(content())
        let cases: [([[UInt8]], AuthenticationRefusal)] = [
            ([SignedDataSketch.messageDigest([[1]])], .messageDigest),
            ([], .messageDigest),
            ([type], .messageDigest),
            ([right, right], .messageDigest),
            ([SignedDataSketch.attribute(4)], .structure(.signer)),
            (
                [SignedDataSketch.attribute(3, DERBytes.value(0x06, ObjectIdentifierBytes.signedData)), right],
                .contentType
            ),
        ]
        for (attributes, expected) in cases {
            var sketch = sketch
            sketch.signers[0].attributes = attributes
            #expect(refusal(try sketch.bytes(over: content()), .new) == expected)
        }
    }

    @Test("8.8: with signed attributes a signature over the content alone is refused")
    func attributesUnsigned() throws {
        var sketch = sketch
        sketch.signers[0].signature = try TestKeys.leaf.signature(over: content())
        sketch.signers[0].attributes = [SignedDataSketch.messageDigest(content())]
        #expect(refusal(try sketch.bytes(over: content()), .new) == .signature)
    }

    @Test("128: a signer whose certificate is not embedded is refused, and one whose certificate is there twice")
    func signerCertificate() throws {
        var other = sketch
        other.certificates = [try CertificateSketch("Corbel U", TestKeys.leaf).der]
        #expect(refusal(try other.bytes(over: content()), .new) == .signerCertificates(0))
        #expect(refusal(try other.bytes(over: content()), .kek(certificate)) == .signerCertificates(0))
        other.certificates = []
        #expect(refusal(try other.bytes(over: content()), .new) == .signerCertificates(0))
        other.certificates = [certificate, certificate]
        #expect(refusal(try other.bytes(over: content()), .new) == .signerCertificates(2))
    }

    @Test("129: SignedData without a SignerInfo is refused")
    func noSigner() throws {
        var sketch = sketch
        sketch.signers = []
        #expect(refusal(try sketch.bytes(over: content()), .new) == .signers(0))
    }

    @Test("140: embedded content is ignored: the signature is over the real bytes or refused")
    func embeddedContent() throws {
        var sketch = sketch
        sketch.embedded = Array("something else".utf8)
        #expect(refusal(try sketch.bytes(over: content()), .new) == nil)
        let overEmbedded = try sketch.bytes(over: [Array("something else".utf8)])
        #expect(refusal(overEmbedded, .new) == .signature)
    }

    @Test("143: 16 embedded certificates and 4 signers are accepted; 17 certificates, 5 signers are refused")
    func numbers() throws {
        var many = sketch
        for serial in 2...16 {
            var extra = CertificateSketch("extra", TestKeys.stranger)
            extra.serial = [UInt8(serial)]
            many.certificates.append(try extra.der)
        }
        #expect(refusal(try many.bytes(over: content()), .new) == nil)
        many.certificates.append(try CertificateSketch("one more", TestKeys.stranger).der)
        #expect(refusal(try many.bytes(over: content()), .new) == .certificates(17))
        var signers = sketch
        signers.signers = Array(repeating: sketch.signers[0], count: 4)
        #expect(refusal(try signers.bytes(over: content()), .new) == nil)
        signers.signers.append(sketch.signers[0])
        #expect(refusal(try signers.bytes(over: content()), .new) == .signers(5))
    }

    @Test("8.11: an embedded certificate of 16384 bytes is accepted, a larger one refused")
    func certificateSize() throws {
        var large = CertificateSketch("large", TestKeys.stranger)
        func padded(_ count: Int) throws -> [UInt8] {
            large.extensions = [CertificateSketch.certificateExtension(99, [UInt8](repeating: 0, count: count))]
            return try large.der
        }
        let overhead = try padded(15000).count - 15000
        var sketch = sketch
        sketch.certificates.append(try padded(16384 - overhead))
        #expect(refusal(try sketch.bytes(over: content()), .new) == nil)
        sketch.certificates[1] = try padded(16385 - overhead)
        #expect(refusal(try sketch.bytes(over: content()), .new) == .certificateSize(16385))
    }

    @Test("an embedded certificate that is none is refused, one with an EC key only when it is used")
    func otherCertificates() throws {
        var sketch = sketch
        var ec = CertificateSketch("EC", TestKeys.stranger)
        ec.publicKeyInfo = CertificateSketch.ecPublicKeyInfo
        sketch.certificates.append(try ec.der)
        #expect(refusal(try sketch.bytes(over: content()), .new) == nil)
        sketch.certificates[1] = DERBytes.sequence(DERBytes.null)
        #expect(refusal(try sketch.bytes(over: content()), .new) == .structure(.certificate))
    }
}
