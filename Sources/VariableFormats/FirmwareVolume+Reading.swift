// The variables of an edk2 store: which of its records count, and the signers of private variables.

internal import UEFIVariables

extension FirmwareVolume {
    /// The variables that count, in the order of their records, and what was found amiss. Signers' digests come from
    /// `certdb`, which is among the variables itself.
    public func variables() -> (variables: [ForeignVariable], findings: [FormatFinding]) {
        var findings: [FormatFinding] = []
        let records = records(&findings)
        let added = Set(records.filter { $0.state == FirmwareRecordState.added }.map(\.variable.record.key))
        // Of several that are being replaced the last was the newest.
        var replaced: [VariableKey: Int] = [:]
        for (index, record) in records.enumerated() where record.state == FirmwareRecordState.replaced {
            replaced[record.variable.record.key] = index
        }
        var seen: Set<VariableKey> = []
        var variables: [ForeignVariable] = []
        for (index, record) in records.enumerated() {
            let key = record.variable.record.key
            if record.state == FirmwareRecordState.replaced, added.contains(key) || replaced[key] != index { continue }
            if seen.insert(key).inserted {
                variables.append(record.variable)
            } else {
                findings.append(FormatFinding(.duplicateDropped, record.variable))
            }
        }
        takeSigners(&variables, &findings)
        return (variables, findings)
    }

    /// The records that may count, with names without their end marks.
    private func records(_ findings: inout [FormatFinding]) -> [FirmwareRecord] {
        var records: [FirmwareRecord] = []
        var offset = recordsOffset
        while true {
            switch FirmwareRecord.read(self, at: offset) {
            case .end: return records
            case .overrun:
                findings.append(FormatFinding(.recordOverrun, at: offset))
                return records
            case .record(var record):
                offset = record.nextOffset
                guard record.state == FirmwareRecordState.added || record.state == FirmwareRecordState.replaced
                else { continue }
                let name = record.variable.record.name.bytes
                let isEnded = name.count.isMultiple(of: 2) && name.suffix(2) == [0, 0]
                if isEnded { record.variable.record.name.bytes.removeLast(2) }
                guard isEnded, name.count > 2, !record.variable.record.data.isEmpty else {
                    findings.append(FormatFinding(.malformedDropped, record.variable))
                    continue
                }
                records.append(record)
            }
        }
    }

    /// Gives private variables the digests of their signers, which the store keeps in one of its variables.
    private func takeSigners(_ variables: inout [ForeignVariable], _ findings: inout [FormatFinding]) {
        guard let database = variables.first(where: { $0.record.key == SignerDatabase.key }) else { return }
        let signers = SignerDatabase.digests(of: database, &findings)
        for (index, variable) in variables.enumerated() where variable.record.isPrivateAuthenticated {
            variables[index].record.digest = signers[variable.record.key] ?? .zero
        }
    }
}
