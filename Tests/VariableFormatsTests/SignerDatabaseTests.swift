// certdb, where edk2 keeps the signers of private variables (varstored.md 16.2).

import Testing
import UEFIVariables

@testable import VariableFormats

@Suite("Signers in an edk2 store")
struct SignerDatabaseTests {
    /// The entry of variable A.
    static let entry =
        hex("33221100554477668899aabbccddeeff 3e000000 01000000 20000000 4100") + SignerDigest.example.bytes

    private func digests(_ value: [UInt8]) -> ([VariableKey: SignerDigest], [FormatFinding.Kind]) {
        var findings: [FormatFinding] = []
        let database = VariableRecord(
            guid: SignerDatabase.key.guid, name: SignerDatabase.key.name, attributes: .key, data: value)
        let digests = SignerDatabase.digests(of: ForeignVariable(database, at: 0), &findings)
        return (digests, findings.map(\.kind))
    }

    @Test("its bytes are the specification's: total size, then GUID, sizes, name and digest of each variable")
    func golden() throws {
        let written = try #require(SignerDatabase.variable(for: [.t, .a]))
        #expect(written.data == hex("42000000") + Self.entry)
        #expect(written.attributes == .key)
        #expect(written.guid.description == "d9bee56e-75dc-49d9-b4d7-b534210f637a")
        #expect(digests(written.data) == ([VariableRecord.a.key: .example], []))
    }

    @Test("without private variables that have a signer there is none")
    func none() {
        var key = VariableRecord.a
        key.guid = .global
        key.name = VariableName("PK")
        var unsigned = VariableRecord.a
        unsigned.digest = .zero
        #expect(SignerDatabase.variable(for: [.t, key, unsigned]) == nil)
    }

    @Test("every truncation gives the entries before it, and it is said")
    func truncations() {
        let value = hex("80000000") + Self.entry + Self.entry.replacing([0x41, 0], with: [0x42, 0])
        #expect(digests(value).0.count == 2)
        for count in 0..<value.count {
            #expect(digests(Array(value.prefix(count))) == ([:], [.signersIncomplete]))
            guard count >= 4 else { continue }
            var shorter = Array(value.prefix(count))
            shorter[0] = UInt8(count)
            let (found, findings) = digests(shorter)
            #expect(found.count == (count - 4) / Self.entry.count)
            #expect(findings == (count == 4 || count == 66 ? [] : [.signersIncomplete]))
        }
    }

    @Test("sizes that don't agree end the reading; a signer that is no digest is passed over")
    func wrong() {
        var sizes = Self.entry
        sizes[16] = 0x3F
        #expect(digests(hex("42000000") + sizes) == ([:], [.signersIncomplete]))
        for field in [16, 20, 24] {
            var huge = Self.entry
            huge.replaceSubrange(field..<field + 4, with: [0xFF, 0xFF, 0xFF, 0xFF])
            #expect(digests(hex("42000000") + huge) == ([:], [.signersIncomplete]))
        }
        let certificate = hex("33221100554477668899aabbccddeeff 21000000 01000000 03000000 4200 308200")
        let (found, findings) = digests(hex("63000000") + certificate + Self.entry)
        #expect(found == [VariableRecord.a.key: .example])
        #expect(findings == [.signerNotDigest])
    }

    @Test("a variable named certdb gives way to the list of signers, and it is said; without signers it stays")
    func guestsOwn() throws {
        let forged = VariableRecord.named("certdb", SignerDatabase.key.guid, .ordinary, Self.entry)
        let volume = FirmwareVolume(.small)
        let (written, findings) = try volume.replacingVariables([forged, .a])
        #expect(findings.map(\.kind) == [.certdbReplaced])
        let read = written.variables().variables.map(\.record)
        #expect(read.map(\.name) == [VariableName("certdb"), VariableName("A")])
        #expect(read.last == .a)
        #expect(try volume.replacingVariables([forged]).volume.variables().variables.map(\.record) == [forged])
    }

    @Test("a forged entry gives no digest to a key variable, nor to one that isn't authenticated")
    func onlyPrivate() throws {
        let entry = Self.entry
        let database = VariableRecord.named("certdb", SignerDatabase.key.guid, .key, hex("42000000") + entry)
        let plain = VariableRecord.named("A")
        let read = try FirmwareVolume(.small).replacingVariables([database, plain]).volume.variables()
        #expect(read.variables.map(\.record.digest) == [.zero, .zero])
    }
}
