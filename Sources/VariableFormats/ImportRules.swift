// What becomes of the variables of a foreign file: which travel, and what they must keep to (varstored.md 16.1).
// Not for: what a guest may set (UEFIVariables); how files are read.

public import UEFIVariables

/// The rules by which variables of a file become those of a virtual machine.
public struct ImportRules {
    /// Whether variables that firmware keeps for itself (varstored.md 17.3) are taken as well.
    public var keepsPrivate: Bool
    /// Whether PK, KEK, db, dbx and dbt are taken even if they aren't what they should be (varstored.md 9.1).
    public var keepsInvalidLists: Bool
    /// Who tells certificates.
    private let authenticator: any VariableAuthenticator

    /// Rules; `authenticator` tells what is a certificate.
    public init(
        keepsPrivate: Bool = false, keepsInvalidLists: Bool = false, authenticator: any VariableAuthenticator
    ) {
        self.keepsPrivate = keepsPrivate
        self.keepsInvalidLists = keepsInvalidLists
        self.authenticator = authenticator
    }

    /// The variables that travel, in their order, and what is to be said about them and the others.
    /// - Throws: `nameLength`, `dataLength`, `storeFull` for more than a virtual machine may have (varstored.md 18; the
    ///   charge of 128 for each keeps them below 1024), `signatureLists`; the offset is the variable's.
    public func records(
        of variables: [ForeignVariable]
    ) throws(FormatError) -> (records: [VariableRecord], findings: [FormatFinding]) {
        var findings: [FormatFinding] = []
        var records: [VariableRecord] = []
        var seen: Set<VariableKey> = []
        var charge = 0
        for variable in variables {
            if let kind = reasonToDrop(variable.record) {
                findings.append(FormatFinding(kind, variable))
                continue
            }
            guard seen.insert(variable.record.key).inserted else {
                findings.append(FormatFinding(.duplicateDropped, variable))
                continue
            }
            try checkLengths(variable)
            try checkLists(variable, &findings)
            records.append(tidied(variable, &findings))
            charge += variable.record.charge
            guard charge <= VariableStore.chargeMax else { throw FormatError(.storeFull, at: variable.offset) }
        }
        return (records, findings)
    }

    private func reasonToDrop(_ record: VariableRecord) -> FormatFinding.Kind? {
        if record.isServiceOwn { return .internalDropped }
        if !record.attributes.contains(.nonVolatile) { return .volatileDropped }
        if record.isFirmwarePrivate, !keepsPrivate { return .privateDropped }
        if !VariableAttributes.storable.isSuperset(of: record.attributes) { return .attributesDropped }
        // Nobody would see it (varstored.md 11.3).
        if record.attributes.isDisjoint(with: .access) { return .attributesDropped }
        return nil
    }

    private func checkLengths(_ variable: ForeignVariable) throws(FormatError) {
        guard (1...VariableName.byteCountMax).contains(variable.record.name.bytes.count) else {
            throw FormatError(.nameLength, at: variable.offset)
        }
        guard (1...VariableRecord.dataByteCountMax).contains(variable.record.data.count) else {
            throw FormatError(.dataLength, at: variable.offset)
        }
    }

    private func checkLists(
        _ variable: ForeignVariable, _ findings: inout [FormatFinding]
    ) throws(FormatError) {
        guard variable.record.isKeyVariable else { return }
        let isPK = variable.record.guid == .global && variable.record.name == VariableName("PK")
        if variable.record.attributes == .key,
            SignatureLists.areValid(
                variable.record.data, entryCountMax: isPK ? 1 : SignatureLists.entryCountMax, authenticator)
        {
            return
        }
        guard keepsInvalidLists else { throw FormatError(.signatureLists, at: variable.offset) }
        findings.append(FormatFinding(.invalidListsKept, variable))
    }

    /// The record as the store has it: a time only where it is authenticated, a digest only where a signer is bound.
    private func tidied(_ variable: ForeignVariable, _ findings: inout [FormatFinding]) -> VariableRecord {
        var record = variable.record
        if !record.attributes.contains(.timeAuthenticated) { record.timestamp = .zero }
        guard !record.digest.isZero else { return record }
        if !record.isPrivateAuthenticated {
            record.digest = .zero
            findings.append(FormatFinding(.digestDropped, variable))
        }
        return record
    }
}
