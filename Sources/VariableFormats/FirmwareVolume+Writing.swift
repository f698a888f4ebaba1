// An edk2 store with other variables in it, and new stores (varstored.md 16.2).

public import UEFIVariables

extension FirmwareVolume {
    /// The file with these variables, written compactly in their order, and nothing else in its record area. What is
    /// outside of it stays. The digests of signers go into `certdb`, a variable of that name gives way to it.
    /// - Throws: `readOnly` for a store without authenticated variables, `oddName`, `noRoom`.
    public func replacingVariables(
        _ variables: [VariableRecord]
    ) throws(FormatError) -> (volume: FirmwareVolume, findings: [FormatFinding]) {
        guard isAuthenticated else { throw FormatError(.readOnly) }
        var findings: [FormatFinding] = []
        var written = variables
        if let signers = SignerDatabase.variable(for: variables) {
            if let index = written.firstIndex(where: { $0.key == signers.key }) {
                if written[index].data != signers.data {
                    findings.append(FormatFinding(.certdbReplaced, name: "certdb", at: index))
                }
                written[index] = signers
            } else {
                written.append(signers)
            }
        }
        let room = storeByteCount - Self.storeHeaderByteCount
        var records: [UInt8] = []
        records.reserveCapacity(room)
        for (index, variable) in written.enumerated() {
            records += try FirmwareRecord.encode(variable, at: index)
            guard records.count <= room else { throw FormatError(.noRoom, at: index) }
        }
        records += [UInt8](repeating: 0xFF, count: room - records.count)
        return (replacingRecords(records), findings)
    }

    /// The sizes of new files: what OVMF builds of 2 MiB and of 4 MiB have.
    public enum Size: CaseIterable, Hashable, Sendable {
        /// 128 KiB.
        case small
        /// 528 KiB.
        case large

        var blockCount: UInt32 { self == .small ? 0x20 : 0x84 }
        var storeByteCount: UInt32 { self == .small ? 0xDFB8 : 0x3FFB8 }
        var workingOffset: Int { self == .small ? 0xF000 : 0x41000 }
        /// Bytes of the file.
        public var byteCount: Int { Int(blockCount) * 0x1000 }
    }

    /// A new file without variables: volume, store, empty event log, working block and spare area.
    public init(_ size: Size) {
        var bytes = Self.header(size)
        bytes += Self.authenticatedStore
        bytes.appendLittleEndian(size.storeByteCount)
        bytes += [Self.storeFormatted, Self.storeHealthy, 0, 0, 0, 0, 0, 0]
        bytes += [UInt8](repeating: 0xFF, count: size.workingOffset - bytes.count)
        bytes += Self.workingBlockHeader
        bytes += [UInt8](repeating: 0xFF, count: size.byteCount - bytes.count)
        self.init(new: bytes, storeByteCount: Int(size.storeByteCount))
    }

    private static func header(_ size: Size) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 16) + fileSystem
        header.appendLittleEndian(UInt64(size.byteCount))
        header.appendLittleEndian(signature)
        header.appendLittleEndian(UInt32(0x0004_FEFF))
        header.appendLittleEndian(UInt16(headerByteCountMin))
        header += [0, 0, 0, 0, 0, 2]
        header.appendLittleEndian(size.blockCount)
        header.appendLittleEndian(UInt32(0x1000))
        header.appendLittleEndian(UInt64(0))
        let sum = 0 &- sum(header, header.count)
        header.replaceSubrange(50..<52, with: [UInt8(sum & 0xFF), UInt8(sum >> 8)])
        return header
    }

    /// A fault-tolerant working block that has never been used: GUID, checksum, state, bytes of its queue.
    private static var workingBlockHeader: [UInt8] {
        [
            0x2B, 0x29, 0x58, 0x9E, 0x68, 0x7C, 0x7D, 0x49, 0xA0, 0xCE, 0x65, 0x00, 0xFD, 0x9F, 0x1B, 0x95,
            0x2C, 0xAF, 0x2C, 0x64, 0xFE, 0xFF, 0xFF, 0xFF, 0xE0, 0x0F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        ]
    }
}
