// The JSON document of variables (varstored.md 16.1): its example, its rules, round trips, every truncation.

import Testing
import UEFIVariables

@testable import VariableFormats

@Suite("JSON document of variables")
struct JSONVariablesTests {
    static let example = """
        {
            "version": 2,
            "variables": [
                {
                    "name": "T",
                    "guid": "00112233-4455-6677-8899-aabbccddeeff",
                    "attr": 7,
                    "data": "616263"
                },
                {
                    "name": "A",
                    "guid": "00112233-4455-6677-8899-aabbccddeeff",
                    "attr": 39,
                    "data": "64617461",
                    "time": "ea070102030405000000000000000000",
                    "digest": "94a1d957d939037bf85e0a6c8508ca02e39025c7768fc07482869df27546b95e"
                }
            ]
        }

        """

    private func decode(_ text: String) throws(FormatError) -> [VariableRecord] {
        try JSONVariables.decode(Array(text.utf8)).variables.map(\.record)
    }

    private func reason(_ text: String) -> FormatError.Reason? {
        refusal { () throws(FormatError) in _ = try JSONVariables.decode(Array(text.utf8)) }
    }

    /// A document of one variable, with these members in place of its own or beside them.
    private func document(_ members: [String: String?] = [:], version: String = "2") -> String {
        var all: [String: String?] = [
            "name": "\"T\"", "guid": "\"\(VendorGUID.t)\"", "attr": "7", "data": "\"616263\"",
        ]
        all.merge(members) { $1 }
        let text = all.compactMap { key, value in value.map { "\"\(key)\": \($0)" } }.joined(separator: ", ")
        return "{\"version\": \(version), \"variables\": [{\(text)}]}"
    }

    @Test("the specification's example is written so, byte for byte, and read back")
    func golden() throws {
        #expect(String(decoding: JSONVariables.encode([.t, .a]), as: UTF8.self) == Self.example)
        let (variables, findings) = try JSONVariables.decode(Array(Self.example.utf8))
        #expect(variables.map(\.record) == [.t, .a])
        #expect(variables.map(\.offset) == [0, 1])
        #expect(findings == [FormatFinding(.digestTaken, name: "A", at: 1)])
    }

    @Test("no variables are an empty array")
    func empty() throws {
        let text = JSONVariables.encode([])
        #expect(String(decoding: text, as: UTF8.self) == "{\n    \"version\": 2,\n    \"variables\": []\n}\n")
        #expect(try JSONVariables.decode(text).variables.isEmpty)
    }

    @Test("the version must be the integer 2")
    func version() throws {
        for version in ["1", "3", "2.0", "\"2\"", "null"] {
            #expect(reason(document(version: version)) == .jsonVersion)
        }
        for text in ["{}", "[]", "2", #"{"version": 2}"#, #"{"version": 2, "variables": {}}"#, #"{"variables": []}"#] {
            #expect(reason(text) == .jsonVersion)
        }
        #expect(try decode(document()) == [.t])
    }

    @Test("a GUID may be of any case, and must be a whole one")
    func guid() throws {
        #expect(try decode(document(["guid": "\"00112233-4455-6677-8899-AABBCCDDEEFF\""])) == [.t])
        for text in ["\"\"", "\"00112233445566778899aabbccddeeff\"", "\"00112233-4455-6677-8899-aabbccddeef\"", "1"] {
            #expect(reason(document(["guid": text])) == .jsonKey("guid"))
        }
        #expect(reason(document(["guid": "\"00112233-4455-6677-8899-aabbccddeeff0\""])) == .jsonKey("guid"))
        #expect(reason(document(["guid": nil])) == .jsonKey("guid"))
    }

    @Test("attributes are a decimal integer; 0x40 and bits above 0xFF are refused")
    func attributes() throws {
        for bits in ["64", "71", "256", "2147483655"] { #expect(reason(document(["attr": bits])) == .attributes) }
        for text in ["-1", "7.0", "\"7\"", "null", "4294967296"] {
            #expect(reason(document(["attr": text])) == .jsonKey("attr"))
        }
        #expect(reason(document(["attr": nil])) == .jsonKey("attr"))
        #expect(try decode(document(["attr": "39"])).first?.attributes == .key)
    }

    @Test("data is an even number of hex digits of either case, and not empty")
    func data() throws {
        for text in ["\"\"", "\"6\"", "\"6g\"", "\"61 62\"", "[]", "1"] {
            #expect(reason(document(["data": text])) == .jsonKey("data"))
        }
        #expect(reason(document(["data": nil])) == .jsonKey("data"))
        #expect(try decode(document(["data": "\"aBCd\""])).first?.data == [0xAB, 0xCD])
    }

    @Test("time is 32 digits, a digest 64; absent ones are zero")
    func timeAndDigest() throws {
        #expect(reason(document(["time": "\"ea07\""])) == .jsonKey("time"))
        #expect(reason(document(["digest": "\"00\""])) == .jsonKey("digest"))
        #expect(reason(document(["time": "null"])) == .jsonKey("time"))
        let read = try decode(document(["attr": "39"]))
        #expect(read.first?.timestamp == .zero && read.first?.digest == .zero)
    }

    @Test("keys that aren't known are passed over with a warning")
    func unknownKeys() throws {
        let text = "{\"version\": 2, \"x\\u001b\": {}, \"variables\": []}"
        #expect(try JSONVariables.decode(Array(text.utf8)).findings.map(\.kind) == [.unknownKey("x\\u001b")])
        let (variables, findings) = try JSONVariables.decode(Array(document(["extra": "[1]"]).utf8))
        #expect(variables.map(\.record) == [.t])
        #expect(findings == [FormatFinding(.unknownKey("extra"), name: "T", at: 0)])
    }

    @Test("the same name and GUID twice are refused")
    func duplicates() {
        let text = String(decoding: JSONVariables.encode([.t, .a, .t]), as: UTF8.self)
        #expect(throws: FormatError(.variableTwice, at: 2)) { try JSONVariables.decode(Array(text.utf8)) }
    }

    @Test("1024 variables are read, one more is not")
    func count() throws {
        let records = (0...1024).map { VariableRecord.named("V\($0)") }
        #expect(try JSONVariables.decode(JSONVariables.encode(Array(records.dropLast()))).variables.count == 1024)
        let text = JSONVariables.encode(records)
        #expect(refusal { () throws(FormatError) in _ = try JSONVariables.decode(text) } == .tooManyVariables)
    }

    @Test("a name that is no text, or of odd length, is written in hex beside the escaped name")
    func strangeNames() throws {
        var odd = VariableRecord.named("T")
        odd.name = VariableName(bytes: [0x54, 0x00, 0x55])
        var lone = VariableRecord.named("T")
        lone.name = VariableName(units: [0x41, 0xD800])
        let text = String(decoding: JSONVariables.encode([odd, lone]), as: UTF8.self)
        #expect(text.contains("\"name\": \"T\",\n            \"name-hex\": \"540055\""))
        #expect(text.contains(#""name": "A\ud800","#) && text.contains(#""name-hex": "410000d8""#))
        #expect(try decode(text) == [odd, lone])
        #expect(reason(document(["name-hex": "\"5\""])) == .jsonKey("name-hex"))
        #expect(!String(decoding: JSONVariables.encode([.named("𝄞é")]), as: UTF8.self).contains("name-hex"))
    }

    @Test("212: a store goes out as JSON and comes back, and its blob is the same, byte for byte")
    func roundTrip() throws {
        var random = Seeded(state: 212)
        for _ in 0..<200 {
            let records = randomStore(&random, oddNames: true)
            let blob = VariableBlob(records: records).encoded()
            let text = try VariableFile.encode(records, as: .json).bytes
            let file = try VariableFile(text)
            let rules = ImportRules(authenticator: FakeAuthenticator())
            let back = try rules.records(of: file.variables)
            #expect(back.findings.isEmpty)
            #expect(VariableBlob(records: back.records).encoded() == blob)
        }
    }

    @Test("212: what firmware keeps for itself comes back, too, when it is asked for")
    func roundTripOfPrivate() throws {
        var records = [VariableRecord.t, .a]
        for (name, text) in [
            ("SecureBootEnable", "f0a30bc7-af08-4556-99c4-001009c93a44"),
            ("certdb", "d9bee56e-75dc-49d9-b4d7-b534210f637a"),
        ] {
            records.append(.named(name, try #require(VendorGUID(text: text))))
        }
        let rules = ImportRules(keepsPrivate: true, authenticator: FakeAuthenticator())
        let back = try rules.records(of: VariableFile(VariableFile.encode(records, as: .json).bytes).variables)
        #expect(VariableBlob(records: back.records).encoded() == VariableBlob(records: records).encoded())
    }

    @Test("what is said about a file is as long as a name may be, however long its keys are")
    func longKey() throws {
        let key = String(repeating: "k", count: 100_000)
        let text = "{\"version\": 2, \"\(key)\": 0, \"variables\": []}"
        let findings = try JSONVariables.decode(Array(text.utf8)).findings
        #expect(findings.map(\.kind) == [.unknownKey(String(key.prefix(2048)))])
    }

    @Test("every truncation of a document is refused")
    func truncations() {
        let text = JSONVariables.encode([.t, .a])
        // The last byte is the line's end.
        for count in 0..<text.count - 1 {
            #expect(throws: FormatError.self) { try JSONVariables.decode(Array(text.prefix(count))) }
        }
    }

    @Test("a byte changed anywhere gives an error or a plain result")
    func changes() throws {
        let text = JSONVariables.encode([.t, .a])
        var accepted = 0
        for index in text.indices {
            for byte in [0x00, 0x22, 0x30, 0x5C, 0x7B, 0xFF] as [UInt8] {
                var changed = text
                changed[index] = byte
                if refusal({ () throws(FormatError) in _ = try JSONVariables.decode(changed) }) == nil { accepted += 1 }
            }
        }
        #expect(accepted > 0 && accepted < text.count * 6)
    }
}
