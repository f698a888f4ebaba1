// SetVariable as varstored.md 6, 7 and 9.3 have it, written down row by row without any thought of speed. Rows are
// numbered as there. Not for: MOR and PPI (10.3, 10.4).

import UEFIVariables

/// A request to set a variable.
struct Setting {
    var name: VariableName
    var guid: VendorGUID
    var attributes: UInt32
    var data: [UInt8]
    var atRuntime: Bool

    var new: UInt32 { attributes & ~0x40 }
    var appends: Bool { attributes & 0x40 != 0 }
    var isGlobal: Bool { guid == .global }
    func isNamed(_ names: String...) -> Bool { names.contains { name == VariableName($0) } }
    var isKey: Bool { isGlobal ? isNamed("PK", "KEK") : guid == .imageSecurity && isNamed("db", "dbx", "dbt") }
    var isPK: Bool { isGlobal && isNamed("PK") }
    var isKEK: Bool { isGlobal && isNamed("KEK") }
    var isInternal: Bool {
        isGlobal && isNamed("SignatureSupport", "SetupMode", "AuditMode", "DeployedMode", "SecureBoot")
    }
}

/// Why a request is refused: the number of its status.
struct Refusal: Error {
    let number: UInt64
    init(_ number: UInt64) { self.number = number }
}

/// The variables of a guest, newest first.
struct NaiveGuest {
    var records: [VariableRecord]
    var latched = false
    let policy: VariablePolicy

    func index(_ name: VariableName, _ guid: VendorGUID) -> Int? {
        records.firstIndex { $0.name == name && $0.guid == guid }
    }

    private func record(_ name: String, _ guid: VendorGUID) -> VariableRecord? {
        index(VariableName(name), guid).map { records[$0] }
    }

    private var sum: Int { records.reduce(0) { $0 + $1.name.bytes.count + $1.data.count + 128 } }

    /// The variables after the request, and whether they are to be written to the backend.
    func setting(_ set: Setting) throws(Refusal) -> (records: [VariableRecord], persists: Bool) {
        if set.name.bytes.isEmpty { throw Refusal(0x02) }  // 1
        if set.name.bytes.count > 4096 { throw Refusal(0x07) }
        if set.data.count > 57344 { throw Refusal(0x09) }
        let existing = index(set.name, set.guid)
        if policy.strictNames, !isStrict(set.name.bytes), existing == nil || !looksLikeDeletion(set) {
            throw Refusal(0x02)  // 2
        }
        if set.new & ~0xFF != 0 { throw Refusal(0x02) }
        if set.new & 0x08 != 0 { throw Refusal(0x02) }  // 3
        if set.new & 0x10 != 0 { throw Refusal(0x03) }  // 4
        if set.new & 0xA0 == 0xA0 { throw Refusal(0x02) }  // 5
        if set.new & 0x80 != 0 { throw Refusal(0x03) }  // 6
        if set.new & 0x06 == 0x04 { throw Refusal(0x02) }  // 7
        let runtime = set.atRuntime || latched
        let after: [VariableRecord]
        if let existing {
            after = try existingSet(set, existing, runtime)
        } else {
            after = try missingSet(set, runtime)
        }
        guard after != records else { return (records, false) }  // 22
        let stored = existing.map { records[$0].attributes.rawValue } ?? set.new
        return (withModes(after, set), stored & 1 != 0 && policy.persistent)
    }

    private func isStrict(_ name: [UInt8]) -> Bool {
        name.count % 2 == 0 && !stride(from: 0, to: name.count, by: 2).contains { name[$0] == 0 && name[$0 + 1] == 0 }
    }

    /// Row 15's two ways; with a descriptor the payload counts.
    private func looksLikeDeletion(_ set: Setting) -> Bool {
        if set.new & 0x06 == 0 { return true }
        if set.appends { return false }
        guard set.new & 0x20 != 0 else { return set.data.isEmpty }
        return set.data.count >= 40 && number(set.data, 16) == set.data.count - 16
    }

    private func number(_ bytes: [UInt8], _ offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }

    private func existingSet(
        _ set: Setting, _ index: Int, _ runtime: Bool
    ) throws(Refusal) -> [VariableRecord] {
        let old = records[index]
        let stored = old.attributes.rawValue
        if runtime, stored & 0x04 == 0 { throw Refusal(0x02) }  // 9
        if runtime, stored & 0x01 == 0 { throw Refusal(0x08) }  // 10
        if set.isInternal { throw Refusal(0x08) }  // 11
        var payload = Payload(data: set.data, time: .zero, digest: old.digest)
        if set.new & 0x20 != 0 {
            if stored != set.new { throw Refusal(0x02) }  // 13
            payload = try authenticated(set, old)  // 14
        }
        var after = records
        if payload.data.isEmpty && !set.appends || set.new & 0x06 == 0 {
            if stored & 0x20 != 0, stored != set.new { throw Refusal(0x02) }  // 15
            after.remove(at: index)  // 16
            return after
        }
        if stored != set.new { throw Refusal(0x02) }  // 17
        if set.appends {
            let added = set.isKey ? survivors(payload.data, old.data) : payload.data  // 18
            if !added.isEmpty, old.data.count + added.count > 57344 || sum + added.count > 131072 {
                throw Refusal(0x09)
            }
            after[index].data += added  // 19
            if payload.time.isLater(than: old.timestamp) { after[index].timestamp = payload.time }
        } else {
            if sum - old.data.count + payload.data.count > 131072 { throw Refusal(0x09) }  // 20
            after[index].data = payload.data  // 21
            after[index].timestamp = payload.time
        }
        after[index].digest = payload.digest
        return after
    }

    private func missingSet(_ set: Setting, _ runtime: Bool) throws(Refusal) -> [VariableRecord] {
        if set.data.isEmpty || set.new & 0x06 == 0 { throw Refusal(0x0E) }  // 25
        if runtime, set.new & 0x05 != 0x05 { throw Refusal(0x02) }  // 26
        if set.isKey, set.new != 0x27 { throw Refusal(0x02) }  // 27
        var payload = Payload(data: set.data, time: .zero, digest: .zero)
        if set.new & 0x20 != 0 { payload = try authenticated(set, nil) }  // 29
        if payload.data.isEmpty { throw Refusal(0x0E) }  // 30
        if sum + set.name.bytes.count + payload.data.count + 128 > 131072 { throw Refusal(0x09) }  // 31
        let record = VariableRecord(
            guid: set.guid, name: set.name, attributes: VariableAttributes(rawValue: set.new), data: payload.data,
            timestamp: payload.time, digest: payload.digest)
        return [record] + records  // 32
    }

    // MARK: Section 7

    private struct Payload {
        var data: [UInt8]
        var time: EFITime
        var digest: SignerDigest
    }

    private func authenticated(_ set: Setting, _ old: VariableRecord?) throws(Refusal) -> Payload {
        let data = set.data
        let pk = record("PK", .global)
        guard data.count >= 40, let time = EFITime(bytes: Array(data[..<16])) else { throw Refusal(0x1A) }
        let zeros = [data[7]] + data[8..<16]
        if zeros.contains(where: { $0 != 0 }) { throw Refusal(0x1A) }
        let isUnsigned = set.isKey && (!policy.enforcing || !set.isPK && pk == nil)
        if policy.enforcing, let old, !set.appends, !isUnsigned, !time.isLater(than: old.timestamp) {
            throw Refusal(0x1A)
        }
        if data[22] != 0xF1 || data[23] != 0x0E || Array(data[24..<40]) != VendorGUID.pkcs7.bytes {
            throw Refusal(0x1A)
        }
        let length = number(data, 16)
        if length < 24 || length > data.count - 16 { throw Refusal(0x1A) }
        if set.isPK, set.appends, old != nil { throw Refusal(0x02) }
        var payload = Payload(data: Array(data[(16 + length)...]), time: time, digest: .zero)
        if !isUnsigned {
            payload.digest = try signed(set, old, Array(data[40..<16 + length]), payload, pk)
        }
        if set.isKey, !areLists(payload.data, oneEntry: set.isPK) { throw Refusal(0x02) }
        return payload
    }

    /// The digest of a private variable's signer; zero for the others.
    private func signed(
        _ set: Setting, _ old: VariableRecord?, _ signedData: [UInt8], _ payload: Payload, _ pk: VariableRecord?
    ) throws(Refusal) -> SignerDigest {
        guard signedData.count == 9 else { throw Refusal(0x1A) }
        if set.isPK, pk == nil, payload.data.isEmpty { return .zero }
        let bits = (0..<4).map { UInt8(truncatingIfNeeded: set.attributes >> UInt32(8 * $0)) }
        let content = [set.name.bytes, set.guid.bytes, bits, payload.time.bytes, payload.data]
        guard signedData == FakeAuthenticator.signature(signedData[0], content) else { throw Refusal(0x1A) }
        let certificate = FakeAuthenticator.certificate(signedData[0])
        guard set.isKey else {
            let digest = FakeAuthenticator.digest(signedData[0])
            if policy.enforcing, let old, old.digest != digest { throw Refusal(0x1A) }
            return digest
        }
        var trusted: [[UInt8]] = []
        if set.isPK, pk == nil {
            trusted = Array(certificates(payload.data, firstOnly: true))
        } else {
            trusted = certificates(pk?.data ?? [], firstOnly: true)
            if !set.isPK, !set.isKEK {
                trusted += certificates(record("KEK", .global)?.data ?? [], firstOnly: false).prefix(64)
            }
        }
        guard trusted.contains(certificate) else { throw Refusal(0x1A) }
        return .zero
    }

    // MARK: Section 9

    /// The lists with their entries, up to the first that isn't valid, and whether all are; certificates aside.
    private func lists(_ bytes: [UInt8]) -> (lists: [(type: [UInt8], entries: [[UInt8]])], areAll: Bool) {
        var lists: [(type: [UInt8], entries: [[UInt8]])] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let list = Array(rest)
            guard list.count >= 28 else { return (lists, false) }
            let (size, header, entry) = (number(list, 16), number(list, 20), number(list, 24))
            let type = Array(list[..<16])
            guard size > 28, size <= list.count, header == 0, entry > 16, (size - 28) % entry == 0,
                let wanted = VendorGUID(bytes: type).map({ SignatureType($0).dataByteCount }), let wanted,
                wanted == 0 || entry == 16 + wanted
            else { return (lists, false) }
            lists.append((type, stride(from: 28, to: size, by: entry).map { Array(list[$0..<$0 + entry]) }))
            rest = rest.dropFirst(size)
        }
        return (lists, true)
    }

    private func areLists(_ bytes: [UInt8], oneEntry: Bool) -> Bool {
        let (lists, areAll) = lists(bytes)
        let count = lists.reduce(0) { $0 + $1.entries.count }
        guard areAll, count <= (oneEntry ? 1 : 4096) else { return false }
        return lists.allSatisfy { list in
            list.type != SignatureType.x509.rawValue.bytes
                || list.entries.allSatisfy { isCertificate($0) }
        }
    }

    private func isCertificate(_ entry: [UInt8]) -> Bool {
        entry.count >= 22 && Array(entry[16..<20]) == [0x30, 0x82, 0, 2]
    }

    private func certificates(_ bytes: [UInt8], firstOnly: Bool) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for (number, list) in lists(bytes).lists.enumerated() where list.type == SignatureType.x509.rawValue.bytes {
            for (place, entry) in list.entries.enumerated() where isCertificate(entry) {
                if !firstOnly || number == 0 && place == 0 { found.append(Array(entry[16..<22])) }
            }
        }
        return found
    }

    /// 9.3
    private func survivors(_ new: [UInt8], _ old: [UInt8]) -> [UInt8] {
        let held = lists(old).lists
        var result: [UInt8] = []
        for list in lists(new).lists {
            let left = list.entries.filter { entry in
                !held.contains { $0.type == list.type && $0.entries.contains(entry) }
            }
            guard let first = left.first else { continue }
            let size = 28 + first.count * left.count
            for value in [size, 0, first.count] as [Int] {
                if value == size { result += list.type }
                result += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            }
            result += left.joined()
        }
        return result
    }

    // MARK: Section 10.2

    private func withModes(_ after: [VariableRecord], _ set: Setting) -> [VariableRecord] {
        guard set.isPK else { return after }
        var after = after
        let hadPK = record("PK", .global) != nil
        let hasPK = after.contains { $0.name == VariableName("PK") && $0.guid == .global }
        for index in after.indices where after[index].guid == .global {
            if after[index].name == VariableName("SetupMode") { after[index].data = [hasPK ? 0 : 1] }
            if after[index].name == VariableName("DeployedMode") { after[index].data = [hasPK ? 1 : 0] }
            if after[index].name == VariableName("SecureBoot"), !hasPK || !hadPK {
                after[index].data = [hasPK && policy.secureBoot ? 1 : 0]
            }
        }
        return after
    }
}
