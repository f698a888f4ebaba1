// The kinds of entries that a signature list may have. Source: varstored.md 9.
// Not for: walking lists (SignatureLists.swift).

/// The type GUID of a signature list (EFI_CERT_*_GUID). Others survive, and are refused. Source: varstored.md 9.
public struct SignatureType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    public var rawValue: VendorGUID

    @inlinable public init(rawValue: VendorGUID) { self.rawValue = rawValue }
    /// The type of this GUID.
    @inlinable public init(_ rawValue: VendorGUID) { self.rawValue = rawValue }

    /// SHA-1, 20 bytes.
    public static var sha1: Self { .init(VendorGUID(0x826C_A512, 0xCF10, 0x4AC9, 0xB187_BE01_4966_31BD)) }
    /// SHA-224, 28 bytes.
    public static var sha224: Self { .init(VendorGUID(0x0B6E_5233, 0xA65C, 0x44C9, 0x9407_D9AB_83BF_C8BD)) }
    /// SHA-256, 32 bytes.
    public static var sha256: Self { .init(VendorGUID(0xC1C4_1626, 0x504C, 0x4092, 0xACA9_41F9_3693_4328)) }
    /// SHA-384, 48 bytes.
    public static var sha384: Self { .init(VendorGUID(0xFF3E_5307, 0x9FD0, 0x48C9, 0x85F1_8AD5_6C70_1E01)) }
    /// SHA-512, 64 bytes.
    public static var sha512: Self { .init(VendorGUID(0x093E_0FAE, 0xA6C4, 0x4F50, 0x9F1B_D41E_2B89_C19A)) }
    /// An RSA key of 2048 bits, 256 bytes.
    public static var rsa2048: Self { .init(VendorGUID(0x3C57_66E8, 0x269C, 0x4E34, 0xAA14_ED77_6E85_B3B6)) }
    /// An RSA signature over SHA-1, 256 bytes.
    public static var rsa2048SHA1: Self { .init(VendorGUID(0x67F8_444F, 0x8743, 0x48F1, 0xA328_1EAA_B873_6080)) }
    /// An RSA signature over SHA-256, 256 bytes.
    public static var rsa2048SHA256: Self { .init(VendorGUID(0xE2B3_6190, 0x879B, 0x4A3D, 0xAD8D_F2E7_BBA3_2784)) }
    /// A DER certificate, of any size.
    public static var x509: Self { .init(VendorGUID(0xA5C0_59A1, 0x94E4, 0x4AA7, 0x87B5_AB15_5C2B_F072)) }
    /// SHA-256 of a certificate's signed part, and a time: 48 bytes.
    public static var x509SHA256: Self { .init(VendorGUID(0x3BD2_A492, 0x96C0, 0x4079, 0xB420_FCF9_8EF1_03ED)) }
    /// SHA-384 of a certificate's signed part, and a time: 64 bytes.
    public static var x509SHA384: Self { .init(VendorGUID(0x7076_876E, 0x80C2, 0x4EE6, 0xAAD2_28B3_49A6_865B)) }
    /// SHA-512 of a certificate's signed part, and a time: 80 bytes.
    public static var x509SHA512: Self { .init(VendorGUID(0x446D_BF63, 0x2502, 0x4CDA, 0xBCFA_2465_D2B0_FE9D)) }

    /// Bytes that an entry of this type has behind its owner's GUID: 0 for X509, where it is any number from 1; nil
    /// for a type that is not known.
    public var dataByteCount: Int? {
        switch self {
        case .sha1: 20
        case .sha224: 28
        case .sha256: 32
        case .sha384, .x509SHA256: 48
        case .sha512, .x509SHA384: 64
        case .rsa2048, .rsa2048SHA1, .rsa2048SHA256: 256
        case .x509SHA512: 80
        case .x509: 0
        default: nil
        }
    }

    /// Whether an entry of this type may have this many bytes, its owner's GUID with it.
    func allows(entryByteCount: Int) -> Bool {
        guard let dataByteCount else { return false }
        return dataByteCount == 0
            ? entryByteCount > VendorGUID.byteCount : entryByteCount == VendorGUID.byteCount &+ dataByteCount
    }
}
