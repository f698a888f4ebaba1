// The bounds of authentication (varstored.md 8, 18), each with its reason. Not for: what the store may hold.

/// What one signed request may be and may cost.
public enum AuthenticationLimits {
    /// The least CertData, in bytes (8.2): a signature of 2048 bits alone has 256.
    public static let signedDataBytesMin = 256
    /// The most CertData, in bytes (8.2): data of 57344 less the descriptor's 40.
    public static let signedDataBytesMax = 57304
    /// Levels of DER (8.2). SignedData with a certificate needs 12.
    public static let nestingMax = 32
    /// Embedded certificates (8.11).
    public static let certificatesMax = 16
    /// Certificates from the signer's to the trusted one, both counted (8.11).
    public static let chainMax = 8
    /// SignerInfos (8.4).
    public static let signersMax = 4
    /// One certificate, in bytes (8.11).
    public static let certificateBytesMax = 16384
    /// The least and the most bits of an RSA modulus (8.7).
    public static let modulusBits = 2048...8192
    /// Bits of an RSA exponent (8.11): odd and at most 2^33.
    public static let exponentBitsMax = 33
    /// X509 entries of KEK that are tried for one request (7).
    public static let keyEntriesMax = 64
    /// RSA verifications for one request: 4 signers, 28 links between them and one anchor, an anchor for each of the 64
    /// entries of KEK. Only certificates that all have the same name could ask for more.
    public static let verificationsMax = 128
    /// Candidates looked at in search of chains for one request. Honest ones need a few for each anchor.
    public static let searchStepsMax = 4096
}
