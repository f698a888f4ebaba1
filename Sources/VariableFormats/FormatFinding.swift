// What a file that was taken has to say: variables that were left out, keys that aren't known. A file that was refused
// is a FormatError.

internal import UEFIVariables

/// Something about a file that was taken which its reader should know.
public struct FormatFinding: Hashable, Sendable {
    /// What was found.
    public enum Kind: Hashable, Sendable {
        /// Left out: volatile variables don't travel (varstored.md 16.1).
        case volatileDropped
        /// Left out: the service itself makes this variable (varstored.md 10.1).
        case internalDropped
        /// Left out: the firmware it comes from keeps it for itself (varstored.md 17.3).
        case privateDropped
        /// Left out: attribute bits that no stored variable of ours has.
        case attributesDropped
        /// Left out: an earlier variable has the same name and GUID.
        case duplicateDropped
        /// Left out: it has no name, no data, or a name without an end.
        case malformedDropped
        /// Kept as it is, as was asked for: signature lists that aren't valid (varstored.md 9.1).
        case invalidListsKept
        /// A signer's digest that some program has made; QEMU makes it over other bytes than we do, and then the
        /// guest's next update won't match it (varstored.md 16.1). Said once in a file.
        case digestTaken
        /// A digest for a variable that has none was left out.
        case digestDropped
        /// A key that isn't known was passed over; its text.
        case unknownKey(String)
        /// A record reaches beyond the end of the store; the reading ended there.
        case recordOverrun
        /// The list of signers' digests (certdb) ends before it is complete.
        case signersIncomplete
        /// A signer in the list isn't a SHA-256 digest; firmware before 2018 wrote such.
        case signerNotDigest
        /// The variable `certdb` of the store gave way to the list of signers' digests that the format keeps there.
        case certdbReplaced
    }

    /// What was found.
    public let kind: Kind
    /// The variable's name, of printable ASCII (other characters are shown as `\u....`), cut at 2048 characters; empty
    /// for the file itself.
    public let name: String
    /// Where in the file, in bytes; in JSON the variable's place among the variables.
    public let offset: Int

    init(_ kind: Kind, name: String = "", at offset: Int = 0) {
        self.kind = kind
        self.name = name
        self.offset = offset
    }

    init(_ kind: Kind, _ variable: ForeignVariable) {
        self.init(kind, name: printable(variable.record.name), at: variable.offset)
    }
}

/// A name out of a file, fit for a terminal and a log (varstored.md 19, 21) and no longer than names may be.
func printable(_ name: VariableName) -> String {
    VariableName(bytes: Array(name.bytes.prefix(VariableName.byteCountMax))).description
}
