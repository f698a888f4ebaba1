// Makes authenticated data: descriptor (EFI_VARIABLE_AUTHENTICATION_2), SignedData, payload (varstored.md 7).
// Not for: reading them, nor for the payload's own format.
public import UEFIVariables

/// What is written to an authenticated variable, signed.
public struct AuthenticationSigner: Sendable {
    /// Who signs, and in which form.
    public var writer: SignedDataWriter

    /// - Parameter writer: with at least one signer.
    public init(writer: SignedDataWriter) { self.writer = writer }

    /// One signer, in this form. Throws what `SignedDataWriter.addSigner` throws.
    public init(key: RSASigningKey, certificate: [UInt8], form: SignedDataWriter.Form = .bare)
        throws(AuthenticationRefusal)
    {
        writer = SignedDataWriter()
        writer.form = form
        try writer.addSigner(key, certificate: certificate)
    }

    /// Descriptor and payload, signed for one variable, one set of attributes (the append bit too) and one time.
    public func data(
        name: VariableName, guid: VendorGUID, attributes: VariableAttributes, time: EFITime, payload: [UInt8]
    ) throws(AuthenticationRefusal) -> [UInt8] {
        let pieces = Self.signedPieces(
            name: name, guid: guid, attributes: attributes, time: time, payload: payload)
        return Self.data(time: time, signedData: try writer.bytes(over: pieces), payload: payload)
    }

    /// The bytes that are signed, in their order (varstored.md 7): name, GUID, attributes, time, payload.
    public static func signedPieces(
        name: VariableName, guid: VendorGUID, attributes: VariableAttributes, time: EFITime, payload: [UInt8]
    ) -> [[UInt8]] {
        [name.bytes, guid.bytes, littleEndian(attributes.rawValue), time.bytes, payload]
    }

    /// Descriptor and payload around given CertData: 40 bytes, CertData (empty when unsigned), payload.
    public static func data(time: EFITime, signedData: [UInt8] = [], payload: [UInt8]) -> [UInt8] {
        var bytes = time.bytes
        bytes += littleEndian(24 + UInt32(truncatingIfNeeded: signedData.count))
        // wRevision 0x0200, wCertificateType WIN_CERT_TYPE_EFI_GUID.
        bytes += [0x00, 0x02, 0xF1, 0x0E]
        bytes += VendorGUID.pkcs7.bytes
        return bytes + signedData + payload
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
