// Certificates as tests need them, broken ones too: every field may be given. Not for: what ships.

@testable import UEFIAuthentication

/// A certificate to be.
struct CertificateSketch {
    var key: RSASigningKey
    var subject: [UInt8]
    /// The subject itself unless given.
    var issuer: [UInt8]?
    /// The key itself unless given.
    var issuerKey: RSASigningKey?
    var serial: [UInt8] = [1]
    /// As encoded: 2 is version 3. Nil leaves it out, which is version 1.
    var version: UInt8? = 2
    /// UTCTime: not before, not after.
    var validity = ("200101000000Z", "401231235959Z")
    var extensions: [[UInt8]] = []
    /// SubjectPublicKeyInfo instead of the key's.
    var publicKeyInfo: [UInt8]?
    var digest = DigestAlgorithm.sha256
    /// The digest that the signed part names, when it is another one.
    var namedDigest: DigestAlgorithm?

    init(_ commonName: String, _ key: RSASigningKey) {
        self.key = key
        subject = Self.name(commonName)
    }

    /// An authority that has signed itself.
    static func authority(_ commonName: String, _ key: RSASigningKey) -> CertificateSketch {
        var sketch = CertificateSketch(commonName, key)
        sketch.extensions = [Self.basicConstraints(true), Self.keyUsage(0x06)]
        return sketch
    }

    /// Below another one, which has given no other certificate this serial number.
    func issued(by parent: CertificateSketch) -> CertificateSketch {
        var sketch = self
        sketch.serial = [2] + subject.suffix(6)
        sketch.issuer = parent.subject
        sketch.issuerKey = parent.key
        return sketch
    }

    var der: [UInt8] {
        get throws {
            let algorithm = DERBytes.algorithm(Self.signatureAlgorithm(digest))
            let signedPart = signedPart(DERBytes.algorithm(Self.signatureAlgorithm(namedDigest ?? digest)))
            let signature = try (issuerKey ?? key).signature(over: [signedPart], digest: digest)
            return DERBytes.sequence(signedPart, algorithm, DERBytes.bits(signature))
        }
    }

    private func signedPart(_ algorithm: [UInt8]) -> [UInt8] {
        DERBytes.sequence(
            version.map { DERBytes.value(0xA0, DERBytes.integer($0)) } ?? [],
            DERBytes.integer(magnitude: serial),
            algorithm,
            issuer ?? subject,
            DERBytes.sequence(
                DERBytes.value(0x17, Array(validity.0.utf8)), DERBytes.value(0x17, Array(validity.1.utf8))),
            subject,
            publicKeyInfo ?? Self.publicKeyInfo(modulus: key.modulus, exponent: key.exponent),
            extensions.isEmpty
                ? [] : DERBytes.value(0xA3, DERBytes.value(0x30, joining: extensions)))
    }

    static func signatureAlgorithm(_ digest: DigestAlgorithm) -> [UInt8] {
        let last: UInt8 =
            switch digest {
            case .sha256: 11
            case .sha384: 12
            case .sha512: 13
            }
        return ObjectIdentifierBytes.rsaEncryption.dropLast() + [last]
    }

    static func publicKeyInfo(modulus: [UInt8], exponent: [UInt8]) -> [UInt8] {
        let key = DERBytes.sequence(DERBytes.integer(magnitude: modulus), DERBytes.integer(magnitude: exponent))
        return DERBytes.sequence(DERBytes.algorithm(ObjectIdentifierBytes.rsaEncryption), DERBytes.bits(key))
    }

    /// A P-256 key's SubjectPublicKeyInfo; the point is none on the curve, which nobody is to look at.
    static let ecPublicKeyInfo = DERBytes.sequence(
        DERBytes.sequence(
            DERBytes.value(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]),
            DERBytes.value(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07])),
        DERBytes.bits([0x04] + [UInt8](repeating: 0x11, count: 64)))

    // MARK: names

    /// A name with one attribute; 3 is commonName, 10 organizationName.
    static func name(_ text: String, attribute: UInt8 = 3, tag: UInt8 = 0x0C) -> [UInt8] {
        name([(attribute, tag, Array(text.utf8))])
    }

    static func name(_ attributes: [(UInt8, UInt8, [UInt8])]) -> [UInt8] {
        DERBytes.value(
            0x30,
            joining: attributes.map { attribute, tag, value in
                DERBytes.set(
                    DERBytes.sequence(DERBytes.value(0x06, [0x55, 0x04, attribute]), DERBytes.value(tag, value)))
            })
    }

    // MARK: extensions

    /// An extension 2.5.29.number.
    static func certificateExtension(_ number: UInt8, critical: Bool = false, _ value: [UInt8]) -> [UInt8] {
        DERBytes.sequence(
            DERBytes.value(0x06, [0x55, 0x1D, number]), critical ? [0x01, 0x01, 0xFF] : [], DERBytes.octets(value))
    }

    static func basicConstraints(_ isAuthority: Bool, pathLength: UInt8? = nil, critical: Bool = true) -> [UInt8] {
        certificateExtension(
            19, critical: critical,
            DERBytes.sequence(
                isAuthority ? [0x01, 0x01, 0xFF] : [], pathLength.map { DERBytes.integer($0) } ?? []))
    }

    /// 0x04 is keyCertSign, 0x02 cRLSign, 0x80 digitalSignature.
    static func keyUsage(_ bits: UInt8) -> [UInt8] {
        certificateExtension(15, critical: true, DERBytes.value(0x03, [UInt8(bits.trailingZeroBitCount), bits]))
    }

    static func subjectKeyIdentifier(_ identifier: [UInt8]) -> [UInt8] {
        certificateExtension(14, DERBytes.octets(identifier))
    }

    static func authorityKeyIdentifier(_ parts: [UInt8]...) -> [UInt8] {
        certificateExtension(35, DERBytes.value(0x30, joining: parts))
    }
}
