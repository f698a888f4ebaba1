// EFI_VARIABLE_AUTHENTICATION_2, the descriptor before the payload of an authenticated variable. Hostile bytes.
// Source: varstored.md 7. Not for: the signature inside (VariableAuthenticator.swift).

/// A descriptor's fields, and where the parts around it lie. Source: varstored.md 7.
struct AuthenticationDescriptor {
    let time: EFITime
    /// CertData, as a place in the request's bytes.
    let signedData: Range<Int>
    /// What follows the descriptor.
    let payload: Range<Int>

    /// Bytes of a descriptor without CertData.
    static var byteCountMin: Int { 40 }
    /// WIN_CERTIFICATE's type for a descriptor (WIN_CERT_TYPE_EFI_GUID).
    static var certificateType: UInt16 { 0x0EF1 }
    /// Bytes from dwLength to CertData.
    static var headerByteCount: Int { 24 }

    /// Reads the descriptor in `data`. `isStale` says whether its time is too old; it is asked in its turn.
    init(
        _ bytes: Span<UInt8>, _ data: Range<Int>, isStale: (EFITime) -> Bool
    ) throws(VariableStatus) {
        if data.count < Self.byteCountMin { throw .securityViolation }
        let start = data.lowerBound
        time = EFITime(low: bytes.word(at: start), high: bytes.word(at: start &+ 8))
        if !time.isPlain || isStale(time) { throw .securityViolation }
        let type = UInt16(truncatingIfNeeded: bytes.half(at: start &+ 20) &>> 16)
        let guid = VendorGUID(low: bytes.word(at: start &+ 24), high: bytes.word(at: start &+ 32))
        if type != Self.certificateType || guid != .pkcs7 { throw .securityViolation }
        let length = Int(bytes.half(at: start &+ 16))
        if length < Self.headerByteCount || length > data.count &- EFITime.byteCount { throw .securityViolation }
        let end = start &+ EFITime.byteCount &+ length
        signedData = (start &+ Self.byteCountMin)..<end
        payload = end..<data.upperBound
    }
}
