// Which variables of a foreign file travel, and what they must keep to (varstored.md 16.1, 17.3, 18).

import Testing
import UEFIVariables

@testable import VariableFormats

@Suite("Import of variables")
struct ImportRulesTests {
    private func take(
        _ records: [VariableRecord], keepsPrivate: Bool = false, keepsInvalidLists: Bool = false
    ) throws(FormatError) -> (records: [VariableRecord], findings: [FormatFinding.Kind]) {
        let rules = ImportRules(
            keepsPrivate: keepsPrivate, keepsInvalidLists: keepsInvalidLists, authenticator: FakeAuthenticator())
        let (taken, findings) = try rules.records(of: records.enumerated().map { ForeignVariable($1, at: $0) })
        return (taken, findings.map(\.kind))
    }

    private func reason(_ records: [VariableRecord]) -> FormatError.Reason? {
        refusal { () throws(FormatError) in _ = try take(records) }
    }

    @Test("volatile variables are left out, each by name")
    func volatile() throws {
        let rules = ImportRules(authenticator: FakeAuthenticator())
        let variable = ForeignVariable(.named("V\u{7}", .t, [.bootService, .runtime]), at: 3)
        let (records, findings) = try rules.records(of: [variable])
        #expect(records.isEmpty)
        #expect(findings == [FormatFinding(.volatileDropped, name: "V\\u0007", at: 3)])
    }

    @Test("the five that the service makes itself are left out, of the global GUID only")
    func serviceOwn() throws {
        for name in ["SignatureSupport", "SetupMode", "AuditMode", "DeployedMode", "SecureBoot"] {
            #expect(try take([.named(name, .global)]) == ([], [.internalDropped]))
            #expect(try take([.named(name)]).records.count == 1)
        }
    }

    @Test("the runtime latch of a save file is left out, and goes into no file (11.5)")
    func resumeState() throws {
        let record = VariableRecord.named("CorbelResumeState", .resumeState)
        #expect(try take([record]) == ([], [.internalDropped]))
        #expect(try take([.named("CorbelResumeState")]).records.count == 1)
        for format in VariableFileFormat.allCases {
            let written = try VariableFile.encode([record, .named("T")], as: format)
            #expect(try VariableFile(written.bytes).variables.map(\.record.name.description) == ["T"])
        }
    }

    @Test("what firmware keeps for itself is left out unless it is asked for")
    func firmwarePrivate() throws {
        let names = [
            ("SecureBootEnable", "f0a30bc7-af08-4556-99c4-001009c93a44"),
            ("CustomMode", "c076ec0c-7028-4399-a072-71ee5c448b9f"), ("certdb", "d9bee56e-75dc-49d9-b4d7-b534210f637a"),
            ("certdbv", "d9bee56e-75dc-49d9-b4d7-b534210f637a"),
            ("VendorKeysNv", "9073e4e0-60ec-4b6e-9903-4c223c260f3c"),
        ]
        for (name, text) in names {
            let guid = try #require(VendorGUID(text: text))
            let record = VariableRecord.named(name, guid)
            #expect(try take([record]) == ([], [.privateDropped]))
            #expect(try take([record], keepsPrivate: true) == ([record], []))
            #expect(try take([.named(name)]).records.count == 1)
        }
    }

    @Test("attribute bits that no stored variable has, and none that lets it be seen: left out")
    func attributes() throws {
        for bits in [0x0F, 0x17, 0x87, 0x47, 0x01, 0x21, 0x107] as [UInt32] {
            #expect(try take([.named("T", .t, VariableAttributes(bits))]) == ([], [.attributesDropped]))
        }
        for bits in [0x03, 0x07, 0x23, 0x27] as [UInt32] {
            #expect(try take([.named("T", .t, VariableAttributes(bits))]).records.count == 1)
        }
    }

    @Test("the second of a name and GUID is left out")
    func duplicates() throws {
        #expect(try take([.t, .named("T"), .a]) == ([.t, .a], [.duplicateDropped]))
    }

    @Test("names up to 4096 bytes and data up to 57344 are taken, one more is refused")
    func lengths() throws {
        let longest = VariableRecord.named(String(repeating: "N", count: 2048))
        #expect(try take([longest]).records == [longest])
        #expect(reason([.named(String(repeating: "N", count: 2049))]) == .nameLength)
        #expect(reason([.named("")]) == .nameLength)
        let largest = VariableRecord.named("T", .t, .ordinary, [UInt8](repeating: 1, count: 57344))
        #expect(try take([largest]).records == [largest])
        #expect(reason([.named("T", .t, .ordinary, [UInt8](repeating: 1, count: 57345))]) == .dataLength)
        #expect(reason([.named("T", .t, .ordinary, [])]) == .dataLength)
    }

    @Test("a sum of charges of 131072 is taken, one byte more is refused; what is left out isn't charged")
    func charge() throws {
        func filler(_ name: String, _ count: Int) -> VariableRecord {
            .named(name, .t, .ordinary, [UInt8](repeating: 1, count: count))
        }
        let rest = 131072 - 2 * (57344 + 130) - 130
        let records = [filler("A", 57344), filler("B", 57344), filler("C", rest)]
        #expect(try take(records).records == records)
        #expect(reason([filler("A", 57344), filler("B", 57344), filler("C", rest + 1)]) == .storeFull)
        let volatile = VariableRecord.named("V", .t, [.bootService], [UInt8](repeating: 1, count: 57344))
        #expect(try take(records + [volatile]).records == records)
    }

    @Test("1024 variables would be refused by their charge long before; 900 small ones are taken")
    func count() throws {
        #expect(try take((0..<900).map { .named("V\($0)") }).records.count == 900)
        #expect(reason((0..<1024).map { .named("V\($0)") }) == .storeFull)
    }

    @Test("key variables must hold valid lists and have their attributes, unless they are to be kept as they are")
    func lists() throws {
        let hashes = SignatureLists.list(of: .sha256, [(owner: .t, data: [UInt8](repeating: 1, count: 32))])
        let certificates = SignatureLists.list(of: .x509, [(owner: .t, data: fakeCertificate)])
        let good = [
            VariableRecord.named("db", .imageSecurity, .key, hashes + certificates),
            VariableRecord.named("PK", .global, .key, certificates),
        ]
        #expect(try take(good) == (good, []))
        let bad = [
            VariableRecord.named("db", .imageSecurity, .key, hashes + [0]),
            .named("dbx", .imageSecurity, .key, Array(hashes.dropLast())),
            .named("dbt", .imageSecurity, .ordinary, hashes),
            .named("KEK", .global, .key, SignatureLists.list(of: .x509, [(owner: .t, data: [1, 2, 3, 4, 5])])),
            .named("PK", .global, .key, certificates + certificates),
        ]
        for record in bad {
            #expect(reason([record]) == .signatureLists)
            #expect(try take([record], keepsInvalidLists: true) == ([record], [.invalidListsKept]))
        }
        // Other variables of these names may hold anything.
        #expect(try take([.named("db")]).records.count == 1)
    }

    @Test("a time stays only where it is authenticated, a digest only where a signer is bound")
    func tidied() throws {
        var plain = VariableRecord.a
        plain.attributes = .ordinary
        let (records, findings) = try take([plain])
        #expect(records.first?.timestamp == .zero && records.first?.digest == .zero)
        #expect(findings == [.digestDropped])
        #expect(try take([.a]) == ([.a], []))
    }
}
