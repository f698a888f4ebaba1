// The blob: golden bytes, what is refused, put aside and repaired. Source: varstored.md 11; rows 180 to 189 of section
// 20.

import Testing
import UEFIVariables

@Suite("Blob") struct BlobTests {
    static let example: [UInt8] = {
        var bytes = hex("5641525302000000 0100000000000000 5900000000000000")
        bytes += [UInt8](repeating: 0, count: 268)
        bytes += hex("0200000000000000 5400 0300000000000000 616263 33221100554477668899aabbccddeeff 07000000")
        return bytes + [UInt8](repeating: 0, count: 48)
    }()

    /// A record of a blob with any sizes.
    private func record(_ name: [UInt8], _ data: [UInt8], _ attributes: UInt32 = 7) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        return number(name.count, 8) + name + number(data.count, 8) + data + VendorGUID.t.bytes
            + number(Int(attributes), 4) + [UInt8](repeating: 0, count: 48)
    }

    private func blob(_ records: [UInt8]..., version: UInt8 = 2, count: Int? = nil) -> [UInt8] {
        var bytes = hex("56415253") + [version, 0, 0, 0]
        let number = count ?? records.count
        bytes += [UInt8(number & 0xFF), UInt8(number >> 8)] + [UInt8](repeating: 0, count: 14)
        if version == 2 { bytes += [UInt8](repeating: 0, count: 268) }
        return bytes + records.joined()
    }

    private func reading(_ bytes: [UInt8]) throws -> BlobReading { try VariableBlob.read(bytes) }

    @Test("180: the blob of 11.2 decodes to T = abc and encodes to the same bytes") func example() throws {
        #expect(Self.example.count == 381)
        let reading = try reading(Self.example)
        #expect(reading.findings.isEmpty && reading.version == 2)
        #expect(reading.blob.records == [VariableRecord.t("abc")])
        #expect(reading.blob.encoded() == Self.example)
    }

    @Test("181: versions 0 and 1 have their records at 24, and are written as version 2") func oldVersions() throws {
        for version in [0, 1] as [UInt8] {
            let old = blob(record([0x54, 0], Array("abc".utf8)), version: version)
            let reading = try reading(old)
            #expect(reading.version == UInt32(version) && reading.blob.encoded() == Self.example)
        }
        #expect(try reading(blob(version: 1)).blob == VariableBlob())
    }

    @Test("182: what is no blob is refused") func refused() {
        #expect(throws: BlobRefusal.version(3)) { try reading(blob(version: 3)) }
        #expect(throws: BlobRefusal.recordCount(1025)) { try reading(blob(count: 1025)) }
        var other = Self.example
        other[3] = UInt8(ascii: "X")
        #expect(throws: BlobRefusal.magic) { try reading(other) }
        for count in 0..<292 {
            #expect(throws: BlobRefusal.tooShort) { try reading(Array(Self.example.prefix(count))) }
        }
        var huge = Self.example
        huge[15] = 0xFF
        #expect(throws: BlobRefusal.self) { try reading(huge) }
    }

    @Test("182: 1024 records are read, 1025 are not") func recordCount() throws {
        for count in [1023, 1024, 1025] {
            let records = (0..<count).map { number in
                VariableRecord(guid: .t, name: VariableName("\(number)"), attributes: .ordinary, data: [1])
            }
            let bytes = VariableBlob(records: records).encoded()
            if count > 1024 {
                #expect(throws: BlobRefusal.recordCount(1025)) { try reading(bytes) }
            } else {
                #expect(try reading(bytes).blob.records == records)
            }
        }
    }

    @Test("183: a record that runs past the end is put aside with all behind it; those before are kept") func past()
        throws
    {
        let first = record([0x41, 0], [1])
        let second = record([0x42, 0], [2, 3])
        let whole = blob(first, second)
        for count in (292 + first.count)..<whole.count {
            let reading = try reading(Array(whole.prefix(count)))
            #expect(reading.blob.records.map(\.data) == [[1]])
            #expect(reading.findings.map(\.reason) == [.truncated] && reading.hasQuarantine && reading.losesKeys)
            #expect(reading.findings[0].position == 1 && reading.findings[0].offset == 292 + first.count)
        }
        var lying = whole
        lying[299] = 0x80
        #expect(try reading(lying).findings.map(\.reason) == [.truncated])
        lying = whole
        lying[302 + 7] = 0xFF
        #expect(try reading(lying).findings.map(\.reason) == [.truncated])
    }

    @Test("183: bytes behind the last record never become a variable") func trailing() throws {
        let reading = try reading(blob(record([0x41, 0], [1]), record([0x42, 0], [2]), count: 1))
        #expect(reading.blob.records.count == 1 && reading.findings.map(\.reason) == [.trailingBytes])
    }

    @Test("184: what cannot be read may have held the keys, unless PK was read before") func keys() throws {
        let pk = VariableRecord(guid: .global, name: VariableName("PK"), attributes: .key, data: [1])
        var bytes = VariableBlob(records: [pk, VariableRecord.t("abc")]).encoded()
        bytes.removeLast()
        #expect(try !reading(bytes).losesKeys)
        bytes = VariableBlob(records: [VariableRecord.t("abc"), pk]).encoded()
        bytes.removeLast()
        #expect(try reading(bytes).losesKeys)
        #expect(try !reading(Self.example).losesKeys)
        bytes = VariableBlob(records: [pk, pk]).encoded()
        #expect(try reading(bytes).losesKeys, "a second PK is a quarantined PK")
    }

    @Test("184: a cut record whose name is that of a key is a lost key, although PK was read") func cutKey() throws {
        let pk = VariableRecord(guid: .global, name: VariableName("PK"), attributes: .key, data: [1])
        for key in Named.keys.dropFirst() {
            let record = VariableRecord(guid: key.guid, name: VariableName(key.name), attributes: .key, data: [1, 2])
            let whole = VariableBlob(records: [pk, record]).encoded()
            let start = VariableBlob(records: [pk]).encoded().count
            let nameEnd = start + 8 + record.name.bytes.count
            for count in (start + 1)..<whole.count {
                let reading = try reading(Array(whole.prefix(count)))
                #expect(reading.findings.map(\.reason) == [.truncated])
                #expect(reading.losesKeys == (count >= nameEnd), "\(key.name) \(count)")
                #expect(reading.findings[0].name == (count >= nameEnd ? record.name : nil))
            }
        }
        let other = VariableRecord(guid: .t, name: VariableName("db"), attributes: .ordinary, data: [1, 2])
        let whole = VariableBlob(records: [pk, other]).encoded()
        #expect(try !reading(Array(whole.dropLast())).losesKeys, "its GUID can be read, and is another")
    }

    @Test("185: of two records with one key the first is kept") func duplicate() throws {
        let reading = try reading(blob(record([0x41, 0], [1]), record([0x41, 0], [2])))
        #expect(reading.blob.records.map(\.data) == [[1]] && reading.findings.map(\.reason) == [.duplicate])
        #expect(reading.findings[0].name == VariableName("A") && reading.findings[0].guid == .t)
    }

    @Test("183: records without a name or data, or with a name too long, are put aside") func empty() throws {
        let long = record([UInt8](repeating: 0x41, count: 4097), [1])
        let reading = try reading(
            blob(record([], [1]), record([0x41, 0], []), long, record([0x42, 0], [3])))
        #expect(reading.blob.records.map(\.data) == [[3]])
        #expect(reading.findings.map(\.reason) == [.emptyName, .emptyData, .longName])
        #expect(reading.findings.map(\.position) == [0, 1, 2])
    }

    @Test("183: attribute bits that may not be stored are cleared; without BS and RT the record goes") func attributes()
        throws
    {
        let reading = try reading(
            blob(record([0x41, 0], [1], 0xFFFF_FF47), record([0x42, 0], [2], 0x48), record([0x43, 0], [3], 1)))
        #expect(reading.blob.records.map(\.attributes) == [.ordinary])
        #expect(reading.findings.map(\.reason) == [.attributesCleared(0xFFFF_FF40), .noAccess, .noAccess])
        #expect(reading.findings.map(\.isQuarantine) == [false, true, true])
    }

    @Test("186: data up to 65516 bytes is loaded and can be read, replaced by less, and does not grow")
    func oversize() throws {
        for (count, loads) in [(57344, true), (57345, true), (65516, true), (65517, false)] {
            let reading = try reading(blob(record([0x54, 0], [UInt8](repeating: 1, count: count))))
            #expect(reading.findings.map(\.reason) == (loads ? [] : [.longData]))
            if !loads { continue }
            var guest = Guest(blob: reading.blob)
            #expect(guest.get().data?.count == count)
            #expect(guest.set("x", 0x47) == 0x09)
            #expect(guest.set("", 0x47) == 0)
            #expect(guest.set("T", .t, 7, [UInt8](repeating: 2, count: 10)) == 0)
            #expect(guest.get().data?.count == 10)
        }
    }

    @Test("36: an overfull store is loaded; what grows is refused, what shrinks is not") func overfull() {
        let records = (0..<3).map { number in
            VariableRecord(
                guid: .t, name: VariableName("\(number)"), attributes: .ordinary,
                data: [UInt8](repeating: 1, count: 50000))
        }
        var guest = Guest(blob: VariableBlob(records: records))
        #expect(guest.set("new") == 0x09)
        #expect(guest.set("0", .t, 0x47, [1]) == 0x09)
        #expect(guest.set("0", .t, 7, [UInt8](repeating: 1, count: 50001)) == 0x09)
        #expect(guest.set("0", .t, 7, [UInt8](repeating: 2, count: 49999)) == 0)
        #expect(guest.set("0", .t, 7, []) == 0)
        #expect(guest.set("new") == 0)
    }

    @Test("187: the internal variables of a backend's blob are dropped") func internals() {
        let forged = VariableRecord(
            guid: .global, name: VariableName("SecureBoot"), attributes: .ordinary, data: [1, 2, 3])
        var guest = Guest(blob: VariableBlob(records: [forged]))
        #expect(guest.modes == [1, 0, 0])
        #expect(guest.get("SecureBoot", .global).attributes == 6)
        #expect(guest.names() == AccessTests.start)
    }

    @Test("188: how many bytes a resume file may have") func resumeSizes() {
        #expect(!VariableBlob.resumeByteCount.contains(23) && VariableBlob.resumeByteCount.contains(24))
        #expect(VariableBlob.resumeByteCount.contains(131072) && !VariableBlob.resumeByteCount.contains(131073))
    }

    @Test("189: after a save and a resume order, attributes, times and digests are the same") func resume() throws {
        var guest = Guest.userMode()
        _ = guest.sign(.a, [1], by: .platform)
        _ = guest.set("V", .t, 2, [1])
        _ = guest.set(PlatformTests.lock, 7, [1, 2, 3, 4, 5, 6, 7, 8])
        guest.services.setWindowIndex(255)
        _ = guest.services.writeWindow(offset: 0, size: 2, value: 0x0505)
        let saved = guest.services.saveBlob().encoded()
        let again = VariableServices.resume(try reading(saved).blob, policy: VariablePolicy())
        #expect(again.store.records == guest.services.store.records)
        #expect(again.ancillary == guest.services.ancillary)
        #expect(again.saveBlob().encoded() == saved)
        #expect(again.ancillary.ppiIndex == 255 && again.ancillary.ppiFlags[255] == 5)
    }

    @Test("189: SecureBoot keeps its byte with PK, and is 0 without; the other modes are derived") func derived() throws
    {
        var off = VariablePolicy()
        off.secureBoot = false
        let saved = Guest.userMode().services.saveBlob()
        #expect(Guest(.resume(saved, policy: off)).modes == [0, 1, 1])
        let savedOff = Guest.userMode(off).services.saveBlob()
        #expect(Guest(.resume(savedOff, policy: VariablePolicy())).modes == [0, 1, 0])
        var forged = Guest().services.saveBlob()
        for index in forged.records.indices where forged.records[index].guid == .global {
            forged.records[index].data = [1]
        }
        let guest = Guest(.resume(forged, policy: VariablePolicy()))
        #expect(guest.modes == [1, 0, 0] && guest.mode("AuditMode") == 0)
        #expect(guest.data("SignatureSupport", .global)?.count == 64)
    }

    @Test("189: a resume without a file is an empty list with the start variables") func nothing() {
        var guest = Guest(.resume(nil, policy: VariablePolicy()))
        #expect(guest.names() == AccessTests.start)
        let empty = Guest(.resume(VariableBlob(), policy: VariablePolicy()))
        #expect(empty.services.store.records == guest.services.store.records)
    }

    @Test("184: PPIBuffer of another shape becomes zeros, in its place") func ppiBuffer() {
        let odd = VariableRecord(guid: .ppi, name: VariableName("PPIBuffer"), attributes: .key, data: [1, 2])
        var guest = Guest(blob: VariableBlob(records: [VariableRecord.t("x"), odd]))
        #expect(guest.data("PPIBuffer", .ppi) == [UInt8](repeating: 0, count: 48))
        #expect(guest.get("PPIBuffer", .ppi).attributes == 7)
        #expect(guest.names().suffix(2) == ["T", "PPIBuffer"])
    }

    @Test("180: noise and every changed byte of a blob are read or refused, never more") func noise() throws {
        let whole = Guest.userMode().services.saveBlob().encoded()
        for place in whole.indices {
            var changed = whole
            changed[place] ^= 0xFF
            guard let reading = try? VariableBlob.read(changed) else { continue }
            let again = try VariableBlob.read(reading.blob.encoded())
            #expect(again.blob == reading.blob && again.findings.isEmpty)
            _ = VariableServices.start(reading.blob, policy: VariablePolicy())
            _ = VariableServices.resume(reading.blob, policy: VariablePolicy())
        }
        for count in whole.indices { _ = try? VariableBlob.read(Array(whole.prefix(count))) }
    }
}
