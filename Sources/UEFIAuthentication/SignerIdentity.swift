// Who may change a private authenticated variable, as 32 bytes (varstored.md 7, rule "private").
// Not for: comparing them with what is stored (PKCS7Verifier).

/// The identity of the signers of a private variable.
enum SignerIdentity {
    /// A commonName is cut after so many bytes: what a C string of 128 holds.
    static let commonNameBytesMax = 127

    /// SHA-256 of the first signer's commonName and the last signer's TBSCertificate: 32 bytes.
    static func digest(first: Certificate, last: Certificate) throws(AuthenticationRefusal) -> [UInt8] {
        guard let name = first.subject.commonName else { throw .noCommonName }
        let cut = name.prefix(commonNameBytesMax).prefix { $0 != 0 }
        return MessageDigest(.sha256, of: [cut, last.signedPart]).bytes
    }
}
