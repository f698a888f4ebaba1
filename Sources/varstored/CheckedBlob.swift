// A blob read at the start: what is amiss is told, and whether the daemon may go on with the rest.
// Source: varstored.md 11.3, 11.4. Not for: reading (UEFIVariables), keeping the original (Loading.swift).

internal import DaemonShell
internal import UEFIVariables

/// A blob from which a guest may be started.
struct CheckedBlob {
    /// What was kept of it.
    let blob: VariableBlob
    /// What was put aside; not 0: the original is to be kept.
    let quarantineCount: Int

    /// Reads a blob and tells of what is amiss. Throws when the daemon must not start with what is left.
    init(_ bytes: [UInt8], secureBoot: Bool, refusesFindings: Bool, log: DaemonLog) throws(StartEnd) {
        let reading: BlobReading
        do throws(BlobRefusal) {
            reading = try VariableBlob.read(bytes)
        } catch {
            throw .failed("the variables can't be read: \(Self.words(for: error))")
        }
        for finding in reading.findings { Self.tell(finding, log) }
        if refusesFindings, !reading.findings.isEmpty {
            throw .failed("something is amiss with the variables, and --on-bad-blob refuse was given")
        }
        if secureBoot, reading.losesKeys {
            throw .failed("Secure Boot is on, and keys may be among what can't be read of the variables")
        }
        blob = reading.blob
        quarantineCount = reading.findings.count { $0.isQuarantine }
    }

    private static func words(for refusal: BlobRefusal) -> String {
        switch refusal {
        case .tooShort: "too short"
        case .magic: "they do not begin with VARS"
        case .version(let version): "version \(version) is not known"
        case .recordCount(let count): "\(count) records, \(VariableBlob.recordCountMax) at most"
        }
    }

    /// One line for each record. Names are escaped, data is never shown.
    private static func tell(_ finding: BlobFinding, _ log: DaemonLog) {
        var fields = [("position", "\(finding.position)"), ("offset", "\(finding.offset)")]
        if let name = finding.name { fields.append(("name", "\(name)")) }
        if let guid = finding.guid { fields.append(("guid", "\(guid)")) }
        fields.append(("reason", words(for: finding.reason)))
        log.write(.warning, "variables", finding.isQuarantine ? "a record is put aside" : "a record is mended", fields)
    }

    private static func words(for reason: BlobFinding.Reason) -> String {
        switch reason {
        case .truncated: "it runs past the end"
        case .trailingBytes: "bytes behind the last record"
        case .emptyName: "no name"
        case .longName: "a name of more than \(VariableName.byteCountMax) bytes"
        case .emptyData: "no data"
        case .longData: "more than \(VariableRecord.loadedByteCountMax) bytes of data"
        case .duplicate: "there is one of that name already"
        case .noAccess: "nobody may access it"
        case .attributesCleared(let bits): "attributes 0x\(String(bits, radix: 16)) may not be stored"
        }
    }

    /// Tells of key variables that give no trust: lists that are not valid, other attributes. Source: varstored.md
    /// 11.3.
    func tellInvalidKeys(_ authenticator: any VariableAuthenticator, _ log: DaemonLog) {
        let keys: [(String, VendorGUID)] = [
            ("PK", .global), ("KEK", .global), ("db", .imageSecurity), ("dbx", .imageSecurity),
            ("dbt", .imageSecurity),
        ]
        for (name, guid) in keys {
            guard let record = blob.records.first(where: { $0.isNamed(VariableName(name), guid) }) else { continue }
            if record.attributes != .key {
                let bits = String(record.attributes.rawValue, radix: 16)
                log.write(.warning, "variables", "a key variable has wrong attributes: 0x\(bits)", [("name", name)])
            }
            if !SignatureLists.areValid(record.data, authenticator) {
                log.write(.warning, "variables", "a key variable is not valid and gives no trust", [("name", name)])
            }
        }
    }
}
