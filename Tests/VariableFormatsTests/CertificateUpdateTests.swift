// The certificates of 2023 beside those of 2011, in lists that are made here; hashes by table, as the certificates
// aren't ours to give away (varstored.md 15.3).
import Testing
import UEFIVariables
import VariableFormats

private typealias Known = MicrosoftCertificate

@Suite struct CertificateUpdateTests {
    /// Takes every entry whole for a certificate.
    private final class Lenient: VariableAuthenticator {
        let verificationCount = 0
        func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict { .refused }
        func certificateByteCount(_ entry: [UInt8]) -> Int? { entry.isEmpty ? nil : entry.count }
    }

    private static let owner = VendorGUID(0x0011_2233, 0x4455, 0x6677, 0x8899_AABB_CCDD_EEFF)
    private static let custom: [UInt8] = [0x30, 0xFF, 1, 2, 3]

    /// What stands for a certificate's DER.
    private static func der(_ certificate: Known) -> [UInt8] { Array(certificate.name.utf8) }

    private static func sha256(_ der: [UInt8]) -> SignerDigest {
        Known.all.first { Self.der($0) == der }?.sha256 ?? .zero
    }

    private static let host = Dictionary(uniqueKeysWithValues: Known.all.map { ($0, der($0)) })

    private static func lists(_ ders: [[UInt8]]) -> [UInt8] {
        ders.flatMap { SignatureLists.list(of: .x509, [(owner: owner, data: $0)]) }
    }

    private static func record(
        _ name: String, _ guid: VendorGUID, _ data: [UInt8], time: UInt64 = 0x1122
    ) -> VariableRecord {
        VariableRecord(
            guid: guid, name: VariableName(name), attributes: .key, data: data, timestamp: EFITime(low: time, high: 0))
    }

    private static let pk = record("PK", .global, lists([custom]))
    private static let dbx = record("dbx", .imageSecurity, lists([custom]))

    private static func store(kek: [[UInt8]], db: [[UInt8]], hasPK: Bool = true) -> [VariableRecord] {
        [record("db", .imageSecurity, lists(db)), dbx, record("KEK", .global, lists(kek))] + (hasPK ? [pk] : [])
    }

    private static func update(_ records: [VariableRecord]) -> CertificateUpdate {
        CertificateUpdate(of: records, Lenient(), sha256: sha256)
    }

    private static func added(_ certificates: Known...) -> [UInt8] {
        certificates.flatMap { SignatureLists.list(of: .x509, [(owner: Known.owner, data: der($0))]) }
    }

    @Test("KEK CA 2011 in KEK: KEK 2K CA 2023 comes behind it, and nothing else changes")
    func updatesKEK() throws {
        let before = Self.store(kek: [Self.custom, Self.der(.kek2011)], db: [Self.custom])
        let after = try Self.update(before).applied(to: before, certificates: Self.host)
        var expected = before
        expected[2].data += Self.added(.kek2023)
        #expect(after == expected)
    }

    @Test("Windows Production PCA 2011 in db: Windows UEFI CA 2023 comes behind it, and nothing else changes")
    func updatesWindows() throws {
        let before = Self.store(kek: [Self.custom], db: [Self.der(.windows2011), Self.custom])
        let after = try Self.update(before).applied(to: before, certificates: Self.host)
        var expected = before
        expected[0].data += Self.added(.windows2023)
        #expect(after == expected)
    }

    @Test("UEFI CA 2011 in db: UEFI CA 2023 and Option ROM UEFI CA 2023 come, and nothing else changes")
    func updatesOthers() throws {
        let before = Self.store(kek: [], db: [Self.der(.uefi2011)])
        let after = try Self.update(before).applied(to: before, certificates: Self.host)
        var expected = before
        expected[0].data += Self.added(.uefi2023, .optionROM2023)
        #expect(after == expected)
    }

    @Test("211: updating twice changes nothing the second time")
    func twice() throws {
        let all = Self.store(
            kek: [Self.der(.kek2011)], db: [Self.der(.windows2011), Self.der(.uefi2011)])
        let once = try Self.update(all).applied(to: all, certificates: Self.host)
        #expect(once != all)
        #expect(!Self.update(once).isRequired)
        #expect(try Self.update(once).applied(to: once, certificates: [:]) == once)
    }

    @Test("nothing is needed without a PK, and by certificates of others only")
    func leavesOthersAlone() {
        #expect(!Self.update(Self.store(kek: [Self.der(.kek2011)], db: [], hasPK: false)).isRequired)
        #expect(!Self.update(Self.store(kek: [Self.custom], db: [Self.custom])).isRequired)
        #expect(!Self.update([]).isRequired)
    }

    @Test("lists that are not valid hold nothing, and are not added to")
    func leavesBrokenListsAlone() {
        var store = Self.store(kek: [Self.der(.kek2011)], db: [])
        store[2].data.append(0)
        #expect(!Self.update(store).isRequired)
    }

    @Test("a certificate that the host does not have: nothing is changed")
    func refusesMissing() {
        let before = Self.store(kek: [Self.der(.kek2011)], db: [Self.der(.windows2011)])
        var host = Self.host
        host[.windows2023] = nil
        #expect(throws: CertificateUpdateRefusal.missing(.windows2023)) {
            try Self.update(before).applied(to: before, certificates: host)
        }
    }

    @Test("a variable that would grow beyond 57344 bytes: nothing is changed; one that just fits is updated")
    func refusesLongData() throws {
        let addition = Self.added(.kek2023).count
        let empty = Self.lists([Self.der(.kek2011)]).count + Self.lists([[]]).count
        for (excess, fits) in [(0, true), (1, false)] {
            let filler = [UInt8](repeating: 1, count: 57344 - empty - addition + excess)
            let before = Self.store(kek: [Self.der(.kek2011), filler], db: [])
            let update = Self.update(before)
            #expect(update.needed == [.kek2023])
            if fits {
                let after = try update.applied(to: before, certificates: Self.host)
                #expect(after[2].data.count == 57344)
            } else {
                #expect(throws: CertificateUpdateRefusal.noRoom(.kek)) {
                    try update.applied(to: before, certificates: Self.host)
                }
            }
        }
    }

    @Test("variables that would weigh more than 131072 with those of a start: nothing is changed")
    func refusesCharge() throws {
        var before = Self.store(kek: [Self.der(.kek2011)], db: [])
        let charge = VariableServices.start(VariableBlob(records: before), policy: VariablePolicy()).store.chargeSum
        let room = VariableStore.chargeMax - charge - Self.added(.kek2023).count
        func filler(_ name: String, _ weight: Int) -> VariableRecord {
            let bytes = [UInt8](repeating: 1, count: weight - VariableRecord.overhead - 2)
            return VariableRecord(guid: Self.owner, name: VariableName(name), attributes: .ordinary, data: bytes)
        }
        before += [filler("A", 50000), filler("B", room - 50000)]
        let after = try Self.update(before).applied(to: before, certificates: Self.host)
        #expect(after.count == before.count)
        before[before.count - 1].data.append(1)
        #expect(throws: CertificateUpdateRefusal.noRoom(.kek)) {
            try Self.update(before).applied(to: before, certificates: Self.host)
        }
    }
}

@Suite struct CertificateTextTests {
    private static let der: [UInt8] = [0x30, 0x82, 0, 3, 1, 2, 3]

    @Test("DER is taken as it is, PEM is decoded, anything else is no certificate")
    func reads() {
        let text = String(decoding: Base64.encode(Self.der), as: UTF8.self)
        let pem = "words before\n-----BEGIN CERTIFICATE-----\r\n\(text)\r\n-----END CERTIFICATE-----\n"
        #expect(CertificateText.der(of: Self.der) == Self.der)
        #expect(CertificateText.der(of: Array(pem.utf8)) == Self.der)
        #expect(CertificateText.der(of: Array(pem.utf8.dropLast(10))) == nil)
        #expect(CertificateText.der(of: Array("-----BEGIN CERTIFICATE-----".utf8)) == nil)
        #expect(CertificateText.der(of: []) == nil)
    }
}
