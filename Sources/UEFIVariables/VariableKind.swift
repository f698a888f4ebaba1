// Which variables have rules of their own: told by GUID and name alone. Source: varstored.md 5, 10.1, 10.3, 10.4.
// Not for: the rules.

/// What kind of variable a name is. Most are ordinary. Source: varstored.md 10.
enum VariableKind: UInt8, Sendable {
    case ordinary
    case pk, kek, db, dbx, dbt
    case signatureSupport, setupMode, auditMode, deployedMode, secureBoot
    case morControl, morLock
    case ppiBuffer, ppiFlags, ppiLock

    /// PK, KEK, db, dbx, dbt: signature lists, attributes 0x27.
    var isKey: Bool { rawValue >= Self.pk.rawValue && rawValue <= Self.dbt.rawValue }
    /// db, dbx, dbt.
    var isImageDatabase: Bool { self == .db || self == .dbx || self == .dbt }
    /// The five variables that only this library writes. Source: varstored.md 10.1.
    var isInternal: Bool { rawValue >= Self.signatureSupport.rawValue && rawValue <= Self.secureBoot.rawValue }
    /// MOR control or lock.
    var isMOR: Bool { self == .morControl || self == .morLock }
    /// PPIBuffer, Tcg2PhysicalPresenceFlags or its lock.
    var isPPI: Bool { rawValue >= Self.ppiBuffer.rawValue }

    init(_ name: VariableName, _ guid: VendorGUID) { self.init(name.bytes.span, guid) }

    init(_ name: Span<UInt8>, _ guid: VendorGUID) {
        if guid == .global {
            self = Self.global(name)
        } else if guid == .imageSecurity {
            self = Self.imageSecurity(name)
        } else if guid == .ppi {
            self = Self.ppi(name)
        } else if guid == .morControl && name.spells("MemoryOverwriteRequestControl") {
            self = .morControl
        } else if guid == .morLock && name.spells("MemoryOverwriteRequestControlLock") {
            self = .morLock
        } else {
            self = .ordinary
        }
    }

    private static func global(_ name: Span<UInt8>) -> VariableKind {
        switch name.count / 2 {
        case 2: name.spells("PK") ? .pk : .ordinary
        case 3: name.spells("KEK") ? .kek : .ordinary
        case 9: name.spells("SetupMode") ? .setupMode : name.spells("AuditMode") ? .auditMode : .ordinary
        case 10: name.spells("SecureBoot") ? .secureBoot : .ordinary
        case 12: name.spells("DeployedMode") ? .deployedMode : .ordinary
        case 16: name.spells("SignatureSupport") ? .signatureSupport : .ordinary
        default: .ordinary
        }
    }

    private static func imageSecurity(_ name: Span<UInt8>) -> VariableKind {
        if name.spells("db") { return .db }
        if name.spells("dbx") { return .dbx }
        return name.spells("dbt") ? .dbt : .ordinary
    }

    private static func ppi(_ name: Span<UInt8>) -> VariableKind {
        if name.spells("PPIBuffer") { return .ppiBuffer }
        if name.spells("Tcg2PhysicalPresenceFlags") { return .ppiFlags }
        return name.spells("Tcg2PhysicalPresenceFlagsLock") ? .ppiLock : .ordinary
    }
}

extension VariableKind {
    /// The variable of this kind; nil for ordinary ones, which are many.
    var variable: (name: VariableName, guid: VendorGUID)? {
        switch self {
        case .ordinary: nil
        case .pk: (VariableName("PK"), .global)
        case .kek: (VariableName("KEK"), .global)
        case .db: (VariableName("db"), .imageSecurity)
        case .dbx: (VariableName("dbx"), .imageSecurity)
        case .dbt: (VariableName("dbt"), .imageSecurity)
        case .signatureSupport: (VariableName("SignatureSupport"), .global)
        case .setupMode: (VariableName("SetupMode"), .global)
        case .auditMode: (VariableName("AuditMode"), .global)
        case .deployedMode: (VariableName("DeployedMode"), .global)
        case .secureBoot: (VariableName("SecureBoot"), .global)
        case .morControl: (VariableName("MemoryOverwriteRequestControl"), .morControl)
        case .morLock: (VariableName("MemoryOverwriteRequestControlLock"), .morLock)
        case .ppiBuffer: (VariableName("PPIBuffer"), .ppi)
        case .ppiFlags: (VariableName("Tcg2PhysicalPresenceFlags"), .ppi)
        case .ppiLock: (VariableName("Tcg2PhysicalPresenceFlagsLock"), .ppi)
        }
    }
}

extension Span<UInt8> {
    /// Whether these bytes are this ASCII text in UTF-16LE.
    func spells(_ text: String) -> Bool {
        var place = 0
        if text.utf8.count &* 2 != count { return false }
        for unit in text.utf8 {
            if self[place] != unit || self[place &+ 1] != 0 { return false }
            place &+= 2
        }
        return true
    }
}
