// Which variables a file's reader treats apart: the service's own, the keys, those that firmware keeps for itself.

internal import UEFIVariables

extension VariableRecord {
    /// One of the five that the service makes itself (varstored.md 10.1), or the runtime latch of a save file, which is
    /// never in a backend's blob (11.5).
    var isServiceOwn: Bool {
        guid == .global && Roles.serviceOwn.contains(name) || guid == .resumeState && name == Roles.resumeState
    }

    /// PK, KEK, db, dbx or dbt.
    var isKeyVariable: Bool {
        guid == .global && Roles.globalKeys.contains(name) || guid == .imageSecurity && Roles.imageKeys.contains(name)
    }

    /// A variable whose signer is bound to it (varstored.md 7, rule "private").
    var isPrivateAuthenticated: Bool { attributes.contains(.timeAuthenticated) && !isKeyVariable }

    /// One that the firmware it comes from keeps for itself (varstored.md 17.3).
    var isFirmwarePrivate: Bool { Roles.firmwarePrivate.contains(key) }
}

private enum Roles {
    static let serviceOwn = names("SignatureSupport", "SetupMode", "AuditMode", "DeployedMode", "SecureBoot")
    static let resumeState = VariableName("CorbelResumeState")
    static let globalKeys = names("PK", "KEK")
    static let imageKeys = names("db", "dbx", "dbt")
    static let firmwarePrivate: Set<VariableKey> = [
        VariableKey(
            name: VariableName("SecureBootEnable"), guid: VendorGUID(0xF0A3_0BC7, 0xAF08, 0x4556, 0x99C4_0010_09C9_3A44)
        ),
        VariableKey(
            name: VariableName("CustomMode"), guid: VendorGUID(0xC076_EC0C, 0x7028, 0x4399, 0xA072_71EE_5C44_8B9F)),
        SignerDatabase.key,
        VariableKey(name: VariableName("certdbv"), guid: SignerDatabase.key.guid),
        VariableKey(
            name: VariableName("VendorKeysNv"), guid: VendorGUID(0x9073_E4E0, 0x60EC, 0x4B6E, 0x9903_4C22_3C26_0F3C)),
    ]

    private static func names(_ names: String...) -> Set<VariableName> { Set(names.map { VariableName($0) }) }
}
