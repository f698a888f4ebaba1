// Signed payloads and key variables for the tests, with fake certificates.

import UEFIVariables

let later = EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5)

extension EFITime {
    /// `later`, and so many minutes more.
    static func minutes(_ minutes: UInt8) -> EFITime {
        EFITime(year: 2026, month: 1, day: 2, hour: 4, minute: minutes)
    }
}

/// A descriptor with CertData, then the payload.
func descriptor(_ time: EFITime, _ signedData: [UInt8], _ payload: [UInt8]) -> [UInt8] {
    let length = UInt32(24 + signedData.count)
    var bytes = time.bytes
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    bytes += [0x00, 0x02, 0xF1, 0x0E]
    return bytes + VendorGUID.pkcs7.bytes + signedData + payload
}

/// One of the key variables, or a private one.
struct Named {
    var name: String
    var guid: VendorGUID
    static let pk = Named(name: "PK", guid: .global)
    static let kek = Named(name: "KEK", guid: .global)
    static let db = Named(name: "db", guid: .imageSecurity)
    static let dbx = Named(name: "dbx", guid: .imageSecurity)
    static let dbt = Named(name: "dbt", guid: .imageSecurity)
    static let a = Named(name: "A", guid: .t)
    static let keys = [pk, kek, db, dbx, dbt]
}

/// The data of a signed SetVariable.
func signed(
    _ named: Named, _ payload: [UInt8], by signer: FakeCertificate, with others: [FakeCertificate] = [],
    at time: EFITime = later, _ attributes: UInt32 = 0x27
) -> [UInt8] {
    let attributeBytes = (0..<4).map { UInt8(truncatingIfNeeded: attributes >> (8 * $0)) }
    let content = [
        VariableName(named.name).bytes, named.guid.bytes, attributeBytes, time.bytes, payload,
    ]
    return descriptor(time, FakeSignature.sign(content, by: signer, with: others), payload)
}

/// An X509 list of each certificate.
func x509(_ certificates: FakeCertificate..., owner: VendorGUID = .t) -> [UInt8] {
    certificates.flatMap { SignatureLists.list(of: .x509, [(owner, $0.der)]) }
}

/// One SHA-256 list with these entries: 32 times the number.
func hashes(_ numbers: UInt8..., owner: VendorGUID = .t) -> [UInt8] {
    SignatureLists.list(of: .sha256, numbers.map { (owner, [UInt8](repeating: $0, count: 32)) })
}

extension FakeCertificate {
    static let platform = FakeCertificate("platform")
    static let exchange = FakeCertificate("exchange")
    static let stranger = FakeCertificate("stranger")
}

extension Guest {
    mutating func set(_ named: Named, _ attributes: UInt32, _ data: [UInt8]) -> UInt64 {
        set(named.name, named.guid, attributes, data)
    }

    mutating func set(_ named: Named, _ data: [UInt8]) -> UInt64 { set(named, 0x27, data) }

    /// A change signed by somebody.
    mutating func sign(
        _ named: Named, _ payload: [UInt8], by signer: FakeCertificate, with others: [FakeCertificate] = [],
        at time: EFITime = later, _ attributes: UInt32 = 0x27
    ) -> UInt64 {
        set(named, attributes, signed(named, payload, by: signer, with: others, at: time, attributes))
    }

    func data(_ named: Named) -> [UInt8]? { data(named.name, named.guid) }

    func time(_ named: Named) -> EFITime? {
        services.store.record(VariableName(named.name), named.guid)?.timestamp
    }

    /// PK, KEK (one CA) and db enrolled. Source: varstored.md 20.
    static func userMode(_ policy: VariablePolicy = VariablePolicy()) -> Guest {
        var guest = Guest(policy)
        _ = guest.sign(.db, hashes(1), by: .stranger)
        _ = guest.sign(.kek, x509(.exchange), by: .stranger)
        _ = guest.sign(.pk, x509(.platform), by: .platform)
        return guest
    }
}
