// A file with variables, whatever its format: which one it is, its variables, and a file of other variables.
// Not for: opening files; what may travel (ImportRules).

public import UEFIVariables

/// The formats that a virtual machine's variables are kept in.
public enum VariableFileFormat: String, CaseIterable, Sendable {
    /// The service's own (varstored.md 11).
    case blob
    /// The same as base64 text: XAPI's `EFI-variables`.
    case base64 = "b64"
    /// The JSON document of QEMU's uefi-vars and of virt-fw-vars (varstored.md 16.1).
    case json
    /// edk2's flash file (varstored.md 16.2).
    case firmwareVolume = "fd"

    /// The format that `bytes` are of, told by their beginning (varstored.md 15); nil for none of these.
    public init?(detecting bytes: [UInt8]) {
        if bytes.starts(with: "VARS".utf8) {
            self = .blob
        } else if bytes.u32(at: 40) == FirmwareVolume.signature || bytes.u32(at: 0) == FirmwareVolume.qcow2Magic {
            self = .firmwareVolume
        } else {
            let text = bytes.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
            if text.starts(with: "{".utf8) {
                self = .json
            } else if text.starts(with: "VkFSU".utf8) {
                self = .base64
            } else {
                return nil
            }
        }
    }
}

/// A file's variables as they are in it.
public struct VariableFile: Sendable {
    /// What the file is.
    public let format: VariableFileFormat
    /// Its variables in their order; volatile ones, too, if it has them.
    public let variables: [ForeignVariable]
    /// What was found amiss.
    public let findings: [FormatFinding]
    /// All of a blob: what travels in no other format, and what the blob's reader has found.
    public let blob: BlobReading?

    /// The file that `bytes` are; in `format` if it is given, else in the one that they look like.
    /// - Throws: `unknownFormat`, `blob`, and what the readers of the formats throw.
    public init(_ bytes: [UInt8], as format: VariableFileFormat? = nil) throws(FormatError) {
        guard let format = format ?? VariableFileFormat(detecting: bytes) else { throw FormatError(.unknownFormat) }
        self.format = format
        switch format {
        case .blob, .base64:
            let reading = try Self.blob(of: format == .blob ? bytes : try Base64.decode(bytes))
            variables = reading.blob.records.enumerated().map { ForeignVariable($1, at: $0) }
            findings = []
            blob = reading
        case .json:
            (variables, findings) = try JSONVariables.decode(bytes)
            blob = nil
        case .firmwareVolume:
            (variables, findings) = try FirmwareVolume(bytes).variables()
            blob = nil
        }
    }

    private static func blob(of bytes: [UInt8]) throws(FormatError) -> BlobReading {
        do { return try VariableBlob.read(bytes) } catch { throw FormatError(.blob) }
    }

    /// A new file of these variables, in their order. Only non-volatile variables are in it, and none of those that
    /// the service makes itself; what a blob holds beside variables is zero.
    /// - Throws: `noRoom` and `oddName` for variables that a store file of `size` can't hold.
    public static func encode(
        _ records: [VariableRecord], as format: VariableFileFormat, size: FirmwareVolume.Size = .large
    ) throws(FormatError) -> (bytes: [UInt8], findings: [FormatFinding]) {
        let records = travelling(records)
        switch format {
        case .blob: return (VariableBlob(records: records).encoded(), [])
        case .base64: return (Base64.encode(VariableBlob(records: records).encoded()), [])
        case .json: return (JSONVariables.encode(records), [])
        case .firmwareVolume:
            let (volume, findings) = try FirmwareVolume(size).replacingVariables(records)
            return (volume.bytes, findings)
        }
    }

    /// Those that leave a virtual machine (varstored.md 16.1).
    public static func travelling(_ records: [VariableRecord]) -> [VariableRecord] {
        records.filter { $0.attributes.contains(.nonVolatile) && !$0.isServiceOwn }
    }
}
