// Auth files: a signed payload for a key variable, as firmware setup and `create-auth` take it (varstored.md 7, 16.3).
// Not for: whether the signature holds (UEFIAuthentication).

public import UEFIVariables

/// Who signs payloads. The bytes signed are the pieces, one after the other.
public protocol PayloadSigner {
    /// Why there is no signature.
    associatedtype Failure: Error
    /// SignedData over the pieces, bare or wrapped in ContentInfo (varstored.md 8).
    func signedData(over pieces: [[UInt8]]) throws(Failure) -> [UInt8]
}

/// A descriptor (EFI_VARIABLE_AUTHENTICATION_2) and the payload behind it.
public struct AuthFile: Equatable, Sendable {
    /// When it was signed; the fields beyond seconds are zero.
    public var time: EFITime
    /// CertData: SignedData, bare or wrapped, or nothing when it is unsigned.
    public var signedData: [UInt8]
    /// What the variable becomes, or what is appended to it.
    public var payload: [UInt8]

    /// Bytes that a file has at most (varstored.md 18).
    public static var byteCountMax: Int { 57344 }
    /// Bytes before CertData.
    static var headerByteCount: Int { 40 }
    private static var revision: UInt16 { 0x0200 }
    /// WIN_CERT_TYPE_EFI_GUID
    private static var certificateType: UInt16 { 0x0EF1 }
    /// dwLength counts from its own field on.
    private static var lengthOffset: Int { 16 }

    /// A file of these parts.
    public init(time: EFITime, signedData: [UInt8] = [], payload: [UInt8]) {
        self.time = time
        self.signedData = signedData
        self.payload = payload
    }

    /// A file that `signer` signs: for this variable, these attributes (0x67 when it is to be appended) and this time.
    public init<Signer: PayloadSigner>(
        name: VariableName, guid: VendorGUID, attributes: VariableAttributes, time: EFITime, payload: [UInt8],
        signer: Signer
    ) throws(Signer.Failure) {
        var bits: [UInt8] = []
        bits.appendLittleEndian(attributes.rawValue)
        let pieces = [name.bytes, guid.bytes, bits, time.bytes, payload]
        self.init(time: time, signedData: try signer.signedData(over: pieces), payload: payload)
    }

    /// The file that `bytes` are.
    /// - Throws: `tooLong`, `truncated`, `descriptor` with the offset of the field that is wrong.
    public init(_ bytes: [UInt8]) throws(FormatError) {
        guard bytes.count <= Self.byteCountMax else { throw FormatError(.tooLong, at: Self.byteCountMax) }
        guard bytes.count >= Self.headerByteCount, let time = bytes.bytes(at: 0, 16).flatMap({ EFITime(bytes: $0) }),
            let length = bytes.u32(at: Self.lengthOffset).map(Int.init)
        else { throw FormatError(.truncated, at: bytes.count) }
        guard time.isPlain else { throw FormatError(.descriptor, at: 0) }
        guard bytes.u16(at: 22) == Self.certificateType else { throw FormatError(.descriptor, at: 22) }
        guard bytes.bytes(at: 24, 16) == VendorGUID.pkcs7.bytes else { throw FormatError(.descriptor, at: 24) }
        guard length >= Self.headerByteCount - Self.lengthOffset, length <= bytes.count - Self.lengthOffset else {
            throw FormatError(.descriptor, at: Self.lengthOffset)
        }
        let end = Self.lengthOffset + length
        self.init(
            time: time, signedData: Array(bytes[Self.headerByteCount..<end]), payload: Array(bytes[end...]))
    }

    /// Whether `bytes` begin with a descriptor; else they may be bare signature lists (`.esl`).
    public static func looksLike(_ bytes: [UInt8]) -> Bool {
        bytes.u16(at: 22) == certificateType && bytes.bytes(at: 24, 16) == VendorGUID.pkcs7.bytes
    }

    /// The file's bytes.
    public func encoded() -> [UInt8] {
        var bytes = time.bytes
        bytes.appendLittleEndian(
            UInt32(truncatingIfNeeded: Self.headerByteCount - Self.lengthOffset + signedData.count))
        bytes.appendLittleEndian(Self.revision)
        bytes.appendLittleEndian(Self.certificateType)
        bytes += VendorGUID.pkcs7.bytes
        return bytes + signedData + payload
    }
}
