// `certdb`: where edk2 keeps the digests of those who may write private authenticated variables (varstored.md 16.2).

internal import UEFIVariables

enum SignerDatabase {
    /// Bytes of an entry before its name: GUID, its own length, length of the name in characters, length of the data.
    private static var entryHeaderByteCount: Int { 28 }

    /// The variable's name and GUID, d9bee56e-75dc-49d9-b4d7-b534210f637a.
    static let key = VariableKey(
        name: VariableName("certdb"), guid: VendorGUID(0xD9BE_E56E, 0x75DC, 0x49D9, 0xB4D7_B534_210F_637A))

    /// The digests in the variable's value, by variable. The first entry for a variable counts.
    static func digests(
        of database: ForeignVariable, _ findings: inout [FormatFinding]
    ) -> [VariableKey: SignerDigest] {
        let data = database.record.data
        var digests: [VariableKey: SignerDigest] = [:]
        guard let total = data.u32(at: 0), total == data.count else {
            findings.append(FormatFinding(.signersIncomplete, database))
            return digests
        }
        var offset = 4
        while offset < data.count {
            guard let guid = data.bytes(at: offset, 16).flatMap({ VendorGUID(bytes: $0) }),
                let nodeByteCount = data.u32(at: offset + 16).map(Int.init),
                let nameCount = data.u32(at: offset + 20).map(Int.init),
                let dataByteCount = data.u32(at: offset + 24).map(Int.init),
                nodeByteCount == entryHeaderByteCount + 2 * nameCount + dataByteCount,
                let name = data.bytes(at: offset + entryHeaderByteCount, 2 * nameCount),
                let value = data.bytes(at: offset + entryHeaderByteCount + 2 * nameCount, dataByteCount)
            else {
                findings.append(FormatFinding(.signersIncomplete, database))
                return digests
            }
            offset += nodeByteCount
            let key = VariableKey(name: VariableName(bytes: name), guid: guid)
            if let digest = SignerDigest(bytes: value) {
                if digests[key] == nil { digests[key] = digest }
            } else {
                findings.append(FormatFinding(.signerNotDigest, name: printable(key.name), at: database.offset))
            }
        }
        return digests
    }

    /// The variable with the digests of those among `variables` that have one; nil when none has.
    static func variable(for variables: [VariableRecord]) -> VariableRecord? {
        var data: [UInt8] = []
        for variable in variables
        where variable.isPrivateAuthenticated && !variable.digest.isZero && variable.key != key {
            data += variable.guid.bytes
            data.appendLittleEndian(
                UInt32(truncatingIfNeeded: entryHeaderByteCount + variable.name.bytes.count + SignerDigest.byteCount))
            data.appendLittleEndian(UInt32(truncatingIfNeeded: variable.name.bytes.count / 2))
            data.appendLittleEndian(UInt32(truncatingIfNeeded: SignerDigest.byteCount))
            data += variable.name.bytes + variable.digest.bytes
        }
        guard !data.isEmpty else { return nil }
        var value: [UInt8] = []
        value.appendLittleEndian(UInt32(truncatingIfNeeded: data.count + 4))
        return VariableRecord(guid: key.guid, name: key.name, attributes: .key, data: value + data)
    }
}
