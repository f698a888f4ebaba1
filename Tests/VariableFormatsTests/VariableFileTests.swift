// Files of any format: which one it is, and from each to each (varstored.md 15, 16).

import Testing
import UEFIVariables

@testable import VariableFormats

@Suite("Files with variables")
struct VariableFileTests {
    @Test("a format is told by the file's beginning")
    func detection() throws {
        for format in VariableFileFormat.allCases {
            let bytes = try VariableFile.encode([.t], as: format).bytes
            #expect(VariableFileFormat(detecting: bytes) == format)
        }
        #expect(VariableFileFormat(detecting: Array(" \n\t{".utf8)) == .json)
        #expect(VariableFileFormat(detecting: Array("\nVkFSUw".utf8)) == .base64)
        for text in ["", "V", "VAR", "[", "AAAA"] {
            #expect(VariableFileFormat(detecting: Array(text.utf8)) == nil)
            #expect(refusal { () throws(FormatError) in _ = try VariableFile(Array(text.utf8)) } == .unknownFormat)
        }
    }

    @Test("180: the blob of 11.2 as XAPI's text is T = abc, and is written as the same text")
    func xapiText() throws {
        let text =
            "VkFSUwIAAAABAAAAAAAAAFk" + String(repeating: "A", count: 367)
            + "IAAAAAAAAAVAADAAAAAAAAAGFiYzMiEQBVRHdmiJmqu8zd"
            + "7v8H" + String(repeating: "A", count: 68)
        let file = try VariableFile(Array(text.utf8))
        #expect(file.format == .base64)
        #expect(file.variables.map(\.record) == [.t])
        #expect(file.blob?.findings == [])
        #expect(try VariableFile.encode([.t], as: .base64).bytes == Array(text.utf8))
    }

    @Test("from each format to each other the variables stay the same")
    func conversions() throws {
        var random = Seeded(state: 16)
        let rules = ImportRules(authenticator: FakeAuthenticator())
        for _ in 0..<10 {
            let records = randomStore(&random)
            for source in VariableFileFormat.allCases {
                let first = try VariableFile(try VariableFile.encode(records, as: source, size: .small).bytes)
                let taken = try rules.records(of: first.variables).records
                for target in VariableFileFormat.allCases {
                    let second = try VariableFile(
                        try VariableFile.encode(taken, as: target, size: .small).bytes, as: target)
                    #expect(try rules.records(of: second.variables).records == records)
                }
            }
        }
    }

    @Test("volatile variables and those that the service makes itself leave in no format")
    func travelling() throws {
        let records: [VariableRecord] = [.named("V", .t, .access), .named("SetupMode", .global), .t]
        for format in VariableFileFormat.allCases {
            let bytes = try VariableFile.encode(records, as: format).bytes
            #expect(try VariableFile(bytes).variables.map(\.record) == [.t])
        }
    }

    @Test("every truncation of base64 text gives an error, or a blob that says what is missing")
    func truncations() throws {
        let text = try VariableFile.encode([.t, .a], as: .base64).bytes
        for count in 0..<text.count {
            let part = Array(text.prefix(count))
            if let file = try? VariableFile(part) { #expect(file.blob?.hasQuarantine == true) }
        }
        #expect(refusal { () throws(FormatError) in _ = try VariableFile(Array("VARSxyz".utf8)) } == .blob)
    }

    @Test("a random beginning, or one of a format with noise behind it, gives an error or a plain result")
    func noise() {
        var random = Seeded(state: 5)
        let beginnings = [[], Array("VARS".utf8), Array("{\"version\": 2,".utf8), FirmwareVolumeTests.volume([])]
        for index in 0..<4000 {
            let bytes = beginnings[index % 4] + random.bytes(Int.random(in: 0...400, using: &random))
            for format in VariableFileFormat.allCases {
                if let file = try? VariableFile(bytes, as: format) { #expect(file.format == format) }
            }
        }
    }
}

@Suite("Microsoft's certificates")
struct MicrosoftCertificateTests {
    private typealias Known = MicrosoftCertificate

    private func needed(hasPK: Bool = true, kek: [Known] = [], db: [Known] = []) -> [MicrosoftCertificate] {
        CertificateUpdate(hasPK: hasPK, kek: Set(kek.map(\.sha256)), db: Set(db.map(\.sha256))).needed
    }

    @Test("all seven have a digest of their own")
    func table() {
        #expect(Set(MicrosoftCertificate.all.map(\.sha256)).count == 7)
        #expect(MicrosoftCertificate.all.allSatisfy { !$0.sha256.isZero })
        #expect(MicrosoftCertificate.owner.description == "77fa9abd-0359-4d32-bd60-28f4e78f784b")
    }

    @Test("208: 2011's certificates alone, with a PK: an update is required, in the order of the rows")
    func required() {
        #expect(
            needed(kek: [.kek2011], db: [.windows2011, .uefi2011])
                == [.kek2023, .windows2023, .uefi2023, .optionROM2023])
        #expect(needed(kek: [.kek2011]) == [.kek2023])
        #expect(needed(db: [.windows2011]) == [.windows2023])
        #expect(needed(db: [.uefi2011]) == [.uefi2023, .optionROM2023])
        #expect(needed(db: [.uefi2011, .optionROM2023]) == [.uefi2023])
        #expect(CertificateUpdate(hasPK: true, kek: [Known.kek2011.sha256], db: []).isRequired)
    }

    @Test("209: 2011 and 2023, others' only, or no PK: nothing is required")
    func notRequired() {
        #expect(needed(kek: [.kek2011, .kek2023], db: [.windows2011, .windows2023, .uefi2011, .uefi2023]) == [])
        #expect(needed(db: [.uefi2011, .uefi2023]) == [])
        #expect(needed() == [])
        #expect(needed(hasPK: false, kek: [.kek2011], db: [.windows2011, .uefi2011]) == [])
        #expect(!CertificateUpdate(hasPK: false, kek: [Known.kek2011.sha256], db: []).isRequired)
    }

    @Test("211: once what is needed is there, nothing more is")
    func twice() {
        let first = needed(kek: [.kek2011], db: [.windows2011, .uefi2011])
        let kek = [MicrosoftCertificate.kek2011] + first.filter { $0.place == .kek }
        let db = [MicrosoftCertificate.windows2011, .uefi2011] + first.filter { $0.place == .db }
        #expect(needed(kek: kek, db: db) == [])
    }
}
