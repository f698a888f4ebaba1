// Why a signature was refused. The guest sees one status for all of them (SECURITY_VIOLATION); the log says which.

/// Why a signed request was refused (varstored.md 7, 8). Every case is SECURITY_VIOLATION to the guest.
public enum AuthenticationRefusal: Error, Hashable, Sendable {
    /// CertData has this many bytes: not 256 to 57304.
    case size(Int)
    /// Not DER, or not exactly one DER value: lengths, ends, tags.
    case encoding
    /// DER is nested deeper than 32 levels.
    case nesting
    /// DER, but not the structure that is expected at this place.
    case structure(Part)
    /// A version number other than the one that is accepted.
    case version(Part)
    /// A digest that is not accepted.
    case digest(Part)
    /// A signature algorithm that is not accepted.
    case signatureAlgorithm(Part)
    /// A content type other than `data`.
    case contentType
    /// More certificates than 16; the number, as far as it was counted.
    case certificates(Int)
    /// A certificate of more than 16384 bytes; its size.
    case certificateSize(Int)
    /// No signer, or more than 4; the number, as far as it was counted.
    case signers(Int)
    /// Not exactly one embedded certificate has the issuer and the serial number of a signer; how many have.
    case signerCertificates(Int)
    /// The key of a signer is not RSA of 2048 to 8192 bits with an odd exponent of at most 33 bits.
    case key
    /// The signed attributes have not exactly one messageDigest, or it is not that of the content.
    case messageDigest
    /// A signature of a signer does not verify.
    case signature
    /// No chain leads from a signer to a trusted certificate.
    case chain
    /// The last signer is not whom the rule asks for: PK, or the one to which the variable is bound.
    case wrongSigner
    /// The first signer's subject has no commonName (private variables).
    case noCommonName
    /// The rule finds no trusted certificate: no PK, no KEK, or no certificate in the payload.
    case noTrustedCertificate
    /// One request may cost so much and no more: RSA verifications, steps in search of a chain.
    case work

    /// What was being read.
    public enum Part: Hashable, Sendable {
        /// PKCS#7 SignedData, or the ContentInfo around it.
        case signedData
        /// A SignerInfo of it.
        case signer
        /// A certificate.
        case certificate
        /// A private key of ours.
        case privateKey
    }
}
