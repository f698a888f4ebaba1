// A certificate's file: DER as it is, or PEM (RFC 7468) around it. Not for: what is in a certificate
// (UEFIAuthentication).

/// Files that hold one certificate.
public enum CertificateText {
    private static let begin = Array("-----BEGIN CERTIFICATE-----".utf8)
    private static let end = Array("-----END CERTIFICATE-----".utf8)

    /// The DER of the first certificate in a file; nil when it is neither DER nor PEM.
    public static func der(of file: [UInt8]) -> [UInt8]? {
        // A SEQUENCE with a length of two bytes: every certificate of an RSA key.
        if file.starts(with: [0x30, 0x82]) { return file }
        guard let start = place(of: begin, in: file[...]), let stop = place(of: end, in: file[(start + begin.count)...])
        else { return nil }
        return try? Base64.decode(Array(file[(start + begin.count)..<stop]))
    }

    private static func place(of mark: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        guard text.count >= mark.count else { return nil }
        return (text.startIndex...(text.endIndex - mark.count)).first { text[$0...].starts(with: mark) }
    }
}
