// Microsoft's Secure Boot certificates and who needs which of them (varstored.md 15.3, 17.4). Not for: the certificates
// themselves, which aren't ours to give away.

public import UEFIVariables

/// One of Microsoft's certificates, known by its SHA-256.
public struct MicrosoftCertificate: Hashable, Sendable {
    /// Where it belongs.
    public enum Place: Hashable, Sendable {
        /// Who may change db and dbx.
        case kek
        /// What may be started.
        case db
    }

    /// What Microsoft calls it.
    public let name: String
    /// The variable it belongs into.
    public let place: Place
    /// SHA-256 of its DER form.
    public let sha256: SignerDigest
    /// Bytes of its DER form.
    public let byteCount: Int
    /// The last day of its validity, as ISO 8601 has it.
    public let lastDay: String

    private init(_ name: String, _ place: Place, _ sha256: String, _ byteCount: Int, _ lastDay: String) {
        self.name = name
        self.place = place
        self.sha256 = Hexadecimal.bytes(of: Array(sha256.utf16)).flatMap { SignerDigest(bytes: $0) } ?? .zero
        self.byteCount = byteCount
        self.lastDay = lastDay
    }

    /// The owner in the signature lists that Microsoft makes: 77fa9abd-0359-4d32-bd60-28f4e78f784b.
    public static var owner: VendorGUID { VendorGUID(0x77FA_9ABD, 0x0359, 0x4D32, 0xBD60_28F4_E78F_784B) }

    /// Signs changes of db and dbx until 2026.
    public static let kek2011 = MicrosoftCertificate(
        "Microsoft Corporation KEK CA 2011", .kek,
        "a1117f516a32cefcba3f2d1ace10a87972fd6bbe8fe0d0b996e09e65d802a503", 1516, "2026-06-24")
    /// Its successor.
    public static let kek2023 = MicrosoftCertificate(
        "Microsoft Corporation KEK 2K CA 2023", .kek,
        "3cd3f0309edae228767a976dd40d9f4affc4fbd5218f2e8cc3c9dd97e8ac6f9d", 1462, "2038-03-02")
    /// Signs Windows until 2026.
    public static let windows2011 = MicrosoftCertificate(
        "Microsoft Windows Production PCA 2011", .db,
        "e8e95f0733a55e8bad7be0a1413ee23c51fcea64b3c8fa6a786935fddcc71961", 1499, "2026-10-19")
    /// Its successor.
    public static let windows2023 = MicrosoftCertificate(
        "Windows UEFI CA 2023", .db,
        "076f1fea90ac29155ebf77c17682f75f1fdd1be196da302dc8461e350a9ae330", 1454, "2035-06-13")
    /// Signs others' boot loaders and option ROMs until 2026.
    public static let uefi2011 = MicrosoftCertificate(
        "Microsoft Corporation UEFI CA 2011", .db,
        "48e99b991f57fc52f76149599bff0a58c47154229b9f8d603ac40d3500248507", 1556, "2026-06-27")
    /// Its successor for boot loaders.
    public static let uefi2023 = MicrosoftCertificate(
        "Microsoft UEFI CA 2023", .db,
        "f6124e34125bee3fe6d79a574eaa7b91c0e7bd9d929c1a321178efd611dad901", 1448, "2038-06-13")
    /// Its successor for option ROMs.
    public static let optionROM2023 = MicrosoftCertificate(
        "Microsoft Option ROM UEFI CA 2023", .db,
        "e5be3e64c6e66a281457ecdece0d6d0787577aad2a3a0144262c10c14ba8d8f1", 1459, "2038-10-26")

    /// All of them.
    public static let all = [kek2011, kek2023, windows2011, windows2023, uefi2011, uefi2023, optionROM2023]
}

/// The change from the certificates of 2011, which end in 2026, to those of 2023 (varstored.md 15.3).
public struct CertificateUpdate: Equatable, Sendable {
    /// The certificates that are missing, in the order in which they are to be added, each to its own variable.
    public let needed: [MicrosoftCertificate]

    /// Whether anything is.
    public var isRequired: Bool { !needed.isEmpty }

    /// What a virtual machine needs that has these SHA-256 of certificates in its KEK and db. Without a PK (setup mode)
    /// and with certificates of others only nothing is needed.
    public init(hasPK: Bool, kek: Set<SignerDigest>, db: Set<SignerDigest>) {
        var needed: [MicrosoftCertificate] = []
        func add(_ old: MicrosoftCertificate, _ present: Set<SignerDigest>, _ new: MicrosoftCertificate...) {
            guard present.contains(old.sha256), !present.contains(new[0].sha256) else { return }
            needed += new.filter { !present.contains($0.sha256) }
        }
        add(.kek2011, kek, .kek2023)
        add(.windows2011, db, .windows2023)
        add(.uefi2011, db, .uefi2023, .optionROM2023)
        self.needed = hasPK ? needed : []
    }
}
