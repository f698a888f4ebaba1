// The keys that a virtual machine without a blob gets: auth files that go the way of ordinary SetVariable requests.
// Source: varstored.md 10.5. Not for: reading the files.

/// The auth files of a host: descriptor and payload. Source: varstored.md 10.5.
public struct FirstBootKeys: Equatable, Sendable {
    /// `dbx.auth`, appended; optional.
    public var dbx: [UInt8]?
    /// `db.auth`.
    public var db: [UInt8]?
    /// `KEK.auth`.
    public var kek: [UInt8]?
    /// `PK.auth`.
    public var pk: [UInt8]?
    /// Whether a missing db or KEK is skipped (`--keys-required pk`) instead of ending the setup of keys.
    public var requiresPKOnly: Bool

    /// These files.
    public init(
        dbx: [UInt8]? = nil, db: [UInt8]? = nil, kek: [UInt8]? = nil, pk: [UInt8]? = nil, requiresPKOnly: Bool = false
    ) {
        self.dbx = dbx
        self.db = db
        self.kek = kek
        self.pk = pk
        self.requiresPKOnly = requiresPKOnly
    }
}

/// A file that was refused: the start fails. Source: varstored.md 10.5.
public struct FirstBootRefusal: Error, Equatable, Sendable {
    /// The variable that it is for.
    public var name: VariableName
    /// What SetVariable answered.
    public var status: VariableStatus

    /// A refusal of this variable's file.
    public init(name: VariableName, status: VariableStatus) {
        self.name = name
        self.status = status
    }
}

extension VariableServices {
    /// Applies the keys in the order dbx, db, KEK, PK. The changes are made, none is written: one backend write after
    /// all of it is the caller's. Answers the names that were applied. Source: varstored.md 10.5.
    public mutating func enrol(
        _ keys: FirstBootKeys, _ authenticator: any VariableAuthenticator
    ) throws(FirstBootRefusal) -> [VariableName] {
        var applied: [VariableName] = []
        let order: [(kind: VariableKind, file: [UInt8]?, required: Bool)] = [
            (.dbx, keys.dbx, false), (.db, keys.db, !keys.requiresPKOnly), (.kek, keys.kek, !keys.requiresPKOnly),
            (.pk, keys.pk, true),
        ]
        for step in order {
            guard let file = step.file else {
                if step.required { return applied }
                continue
            }
            guard let variable = step.kind.variable else { continue }
            var attributes = VariableAttributes.key
            if step.kind == .dbx { attributes.insert(.append) }
            let request = VariableRequest.encodeSet(variable.name, variable.guid, attributes, file)
            let status = complete(decide(request.span, authenticator)).status
            if status != .success { throw FirstBootRefusal(name: variable.name, status: status) }
            applied.append(variable.name)
        }
        return applied
    }
}
