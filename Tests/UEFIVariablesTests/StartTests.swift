// A start: the nine variables, their order, the first boot's keys. Source: varstored.md 10.1, 10.5; rows 175 to 178.

import Testing
import UEFIVariables

@Suite("Start and first boot") struct StartTests {
    static let keys = FirstBootKeys(
        dbx: signed(.dbx, hashes(1), by: .stranger, 0x67), db: signed(.db, hashes(2), by: .stranger),
        kek: signed(.kek, x509(.exchange), by: .stranger), pk: signed(.pk, x509(.platform), by: .platform))

    @Test("S0: the values, attributes and bytes of the start variables") func values() {
        let guest = Guest()
        let records = guest.services.store.records
        #expect(records.map(\.name.description) == AccessTests.start)
        #expect(records.map(\.attributes.rawValue) == [7, 7, 7, 7, 6, 6, 6, 6, 6])
        #expect(records.map(\.data.count) == [1, 48, 1, 1, 1, 1, 1, 1, 64])
        #expect(guest.services.store.chargeSum == 131072 - 129489)
        let support = guest.data("SignatureSupport", .global)
        let types = [SignatureType.sha1, .sha256, .rsa2048, .x509].flatMap(\.rawValue.bytes)
        #expect(support == types && types.starts(with: hex("12a56c8210cfc94ab187be01496631bd")))
    }

    @Test("a later start has them at the head again, and the guest's own as they were") func again() throws {
        var guest = Guest()
        _ = guest.set("A", .t, 7, [1])
        _ = guest.set("V", .t, 6, [1])
        _ = guest.set("B", .t, 7, [1])
        var again = Guest(blob: try VariableBlob.read(guest.services.backendBlob()).blob)
        let start = AccessTests.start.filter { $0 != "PPIBuffer" }
        #expect(again.names() == start + ["B", "A", "PPIBuffer"])
    }

    @Test("175: four files give user mode") func allKeys() throws {
        var guest = Guest()
        let applied = try guest.services.enrol(Self.keys, guest.authenticator)
        #expect(applied == [VariableName("dbx"), VariableName("db"), VariableName("KEK"), VariableName("PK")])
        #expect(guest.modes == [0, 1, 1])
        #expect(guest.names().prefix(4) == ["PK", "KEK", "db", "dbx"])
    }

    @Test("176: dbx may be missing") func noDBX() throws {
        var guest = Guest()
        var keys = Self.keys
        keys.dbx = nil
        _ = try guest.services.enrol(keys, guest.authenticator)
        #expect(guest.modes == [0, 1, 1] && guest.data(.dbx) == nil)
    }

    @Test("177: a missing KEK ends the setup of keys, or is passed over when PK alone is required") func noKEK() throws
    {
        var guest = Guest()
        var keys = Self.keys
        keys.kek = nil
        let applied = try guest.services.enrol(keys, guest.authenticator)
        #expect(applied.count == 2)
        #expect(guest.modes == [1, 0, 0] && guest.data(.db) == hashes(2))
        keys.requiresPKOnly = true
        guest = Guest()
        _ = try guest.services.enrol(keys, guest.authenticator)
        #expect(guest.modes == [0, 1, 1] && guest.data(.kek) == nil)
    }

    @Test("178: a missing PK leaves setup mode, with what was applied") func noPK() throws {
        var guest = Guest()
        var keys = Self.keys
        keys.pk = nil
        keys.requiresPKOnly = true
        let applied = try guest.services.enrol(keys, guest.authenticator)
        #expect(applied.count == 3)
        #expect(guest.modes == [1, 0, 0])
    }

    @Test("179: a file of 57345 bytes is refused, one of 57344 is not too long") func longFile() {
        var guest = Guest()
        var keys = FirstBootKeys(dbx: [UInt8](repeating: 0, count: 57345))
        #expect(throws: FirstBootRefusal(name: VariableName("dbx"), status: .outOfResources)) {
            try guest.services.enrol(keys, guest.authenticator)
        }
        keys.dbx?.removeLast()
        #expect(throws: FirstBootRefusal(name: VariableName("dbx"), status: .securityViolation)) {
            try guest.services.enrol(keys, guest.authenticator)
        }
    }

    @Test("a PK that nobody signed is refused") func badPK() {
        var guest = Guest()
        var keys = Self.keys
        keys.pk = descriptor(later, [], x509(.platform))
        #expect(throws: FirstBootRefusal(name: VariableName("PK"), status: .securityViolation)) {
            try guest.services.enrol(keys, guest.authenticator)
        }
    }

    @Test("GUIDs: text and memory bytes of the table in 17.2") func guids() {
        let table: [(VendorGUID, String, String)] = [
            (.global, "8be4df61-93ca-11d2-aa0d-00e098032b8c", "61dfe48bca93d211aa0d00e098032b8c"),
            (.imageSecurity, "d719b2cb-3d3a-4596-a3bc-dad00e67656f", "cbb219d73a3d9645a3bcdad00e67656f"),
            (.morControl, "e20939be-32d4-41be-a150-897f85d49829", "be3909e2d432be41a150897f85d49829"),
            (.morLock, "bb983ccf-151d-40e1-a07b-4a17be168292", "cf3c98bb1d15e140a07b4a17be168292"),
            (.ppi, "9d1947eb-09bb-4780-a3cd-bea956e0e056", "eb47199dbb098047a3cdbea956e0e056"),
            (.pkcs7, "4aafd29d-68df-49ee-8aa9-347d375665a7", "9dd2af4adf68ee498aa9347d375665a7"),
            (.resumeState, "850fe2a0-086b-43a8-87b3-e142c220089c", "a0e20f856b08a84387b3e142c220089c"),
        ]
        for (guid, text, bytes) in table {
            #expect(guid.description == text && guid.bytes == hex(bytes))
            #expect(VendorGUID(text: text) == guid && VendorGUID(text: text.uppercased()) == guid)
            #expect(VendorGUID(bytes: hex(bytes)) == guid)
        }
        for text in ["", "8be4df61", "8be4df61-93ca-11d2-aa0d-00e098032b8", "8be4df61-93ca-11d2-aa0d-00e098032b8c0"] {
            #expect(VendorGUID(text: text) == nil)
        }
        #expect(VendorGUID(text: "8be4df61+93ca-11d2-aa0d-00e098032b8c") == nil)
        #expect(VendorGUID(text: "8be4dg61-93ca-11d2-aa0d-00e098032b8c") == nil)
        #expect(VendorGUID(bytes: [1]) == nil && EFITime(bytes: [1]) == nil && SignerDigest(bytes: [1]) == nil)
    }
}
