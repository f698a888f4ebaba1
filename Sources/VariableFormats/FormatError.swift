// Why a file was refused as a whole. What was left out of a file that was taken is a FormatFinding.

/// A file that is refused: why, and where.
public struct FormatError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// Longer than the format may be (varstored.md 16.1, 18).
        case tooLong
        /// It ends before it is complete.
        case truncated
        /// A character that doesn't belong into base64 text, or padding that is wrong.
        case base64
        /// Not JSON as RFC 8259 has it, or not UTF-8.
        case jsonSyntax
        /// JSON that is nested deeper than 8 levels, or has more values than 1024 variables could.
        case jsonTooMuch
        /// The same key twice in one JSON object.
        case jsonKeyTwice
        /// The document isn't `{"version": 2, "variables": [...]}`.
        case jsonVersion
        /// A key of a variable is missing or has a value of another type; the key.
        case jsonKey(String)
        /// More than 1024 variables.
        case tooManyVariables
        /// The same name and GUID twice.
        case variableTwice
        /// Attribute bits that no stored variable has.
        case attributes
        /// A name that is empty or longer than 4096 bytes.
        case nameLength
        /// Data that is empty or longer than 57344 bytes.
        case dataLength
        /// All variables together are charged more than 131072 bytes (varstored.md 5).
        case storeFull
        /// PK, KEK, db, dbx or dbt without valid lists, or with attributes that aren't theirs (varstored.md 9.1).
        case signatureLists
        /// The header of the firmware volume.
        case volumeHeader
        /// The header of the variable store in the volume.
        case storeHeader
        /// A qcow2 image; `qemu-img convert -O raw` makes a file of it that can be read.
        case qcow2
        /// A store without authenticated variables can only be read.
        case readOnly
        /// The variables don't fit into the file's store.
        case noRoom
        /// A name of an odd number of bytes, which the format can't hold.
        case oddName
        /// An authentication descriptor that isn't as varstored.md 7 has it.
        case descriptor
        /// The blob (varstored.md 11.3).
        case blob
        /// None of the formats that are known.
        case unknownFormat
    }

    /// What is wrong.
    public let reason: Reason
    /// Where in the file, in bytes from its start; for a variable that no file position belongs to its place among
    /// the variables.
    public let offset: Int

    /// An error of this reason at this place.
    public init(_ reason: Reason, at offset: Int = 0) {
        self.reason = reason
        self.offset = offset
    }
}
