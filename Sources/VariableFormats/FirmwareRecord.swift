// A record of edk2's variable store: header, name, data (varstored.md 16.2). Not for: which records count.

internal import UEFIVariables

/// What a record's state byte says: bits are cleared as it ages.
enum FirmwareRecordState {
    static var added: UInt8 { 0x3F }
    /// Being replaced: counts as long as the new one isn't there.
    static var replaced: UInt8 { 0x3E }
    static var free: UInt8 { 0xFF }
}

/// A record, and where it and the next one are.
struct FirmwareRecord {
    let state: UInt8
    /// The name still has its end mark.
    var variable: ForeignVariable
    let nextOffset: Int

    static var startID: UInt16 { 0x55AA }
    static var alignment: Int { 4 }
    /// Both lengths of a header whose writing was interrupted.
    private static var lengthUnwritten: UInt32 { .max }

    static func headerByteCount(authenticated: Bool) -> Int { authenticated ? 60 : 32 }

    /// What is at `offset`.
    enum Found {
        case record(FirmwareRecord)
        case end
        case overrun
    }

    /// The record of `volume` at `offset`, which is relative to the file.
    static func read(_ volume: FirmwareVolume, at offset: Int) -> Found {
        let bytes = volume.bytes
        let room = volume.recordsEnd - offset
        guard room >= 2, bytes.u16(at: offset) == startID else { return .end }
        let headerByteCount = headerByteCount(authenticated: volume.isAuthenticated)
        guard room >= headerByteCount else { return .overrun }
        let sizes = offset + (volume.isAuthenticated ? 36 : 8)
        guard let nameByteCount = bytes.u32(at: sizes), let dataByteCount = bytes.u32(at: sizes + 4),
            let attributes = bytes.u32(at: offset + 4),
            let guid = bytes.bytes(at: offset + headerByteCount - 16, 16).flatMap({ VendorGUID(bytes: $0) })
        else { return .overrun }
        let state = bytes[offset + 2]
        let isUnwritten =
            state == FirmwareRecordState.free || nameByteCount == lengthUnwritten || dataByteCount == lengthUnwritten
        let nameCount = isUnwritten ? 0 : Int(nameByteCount)
        let dataCount = isUnwritten ? 0 : Int(dataByteCount)
        guard nameCount + dataCount <= room - headerByteCount else { return .overrun }
        let nameOffset = offset + headerByteCount
        guard let name = bytes.bytes(at: nameOffset, nameCount),
            let data = bytes.bytes(at: nameOffset + nameCount, dataCount)
        else { return .overrun }
        let time = volume.isAuthenticated ? bytes.bytes(at: offset + 16, 16) : nil
        let end = nameOffset + nameCount + dataCount - volume.storeOffset
        return .record(
            FirmwareRecord(
                state: state,
                variable: ForeignVariable(
                    VariableRecord(
                        guid: guid, name: VariableName(bytes: name), attributes: VariableAttributes(attributes),
                        data: data, timestamp: time.flatMap { EFITime(bytes: $0) } ?? .zero),
                    at: offset),
                nextOffset: volume.storeOffset + (end + alignment - 1) / alignment * alignment))
    }

    /// The record of a variable that counts, filled up to the next. `index` is its place among the variables.
    static func encode(_ variable: VariableRecord, at index: Int) throws(FormatError) -> [UInt8] {
        guard variable.name.bytes.count.isMultiple(of: 2) else { throw FormatError(.oddName, at: index) }
        guard let nameByteCount = UInt32(exactly: variable.name.bytes.count + 2),
            let dataByteCount = UInt32(exactly: variable.data.count)
        else { throw FormatError(.noRoom, at: index) }
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(startID)
        bytes += [FirmwareRecordState.added, 0]
        bytes.appendLittleEndian(variable.attributes.rawValue)
        bytes.appendLittleEndian(UInt64(0))
        bytes += variable.timestamp.bytes
        bytes.appendLittleEndian(UInt32(0))
        bytes.appendLittleEndian(nameByteCount)
        bytes.appendLittleEndian(dataByteCount)
        bytes += variable.guid.bytes
        bytes += variable.name.bytes + [0, 0]
        bytes += variable.data
        while !bytes.count.isMultiple(of: alignment) { bytes.append(0xFF) }
        return bytes
    }
}
