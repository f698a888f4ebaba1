// The flash file of edk2's firmware: a volume's header, a variable store's header, the records (varstored.md 16.2).
// Not for: what the records say (FirmwareVolume+Reading), what they become (ImportRules).

/// An edk2 variable store file whose headers have been checked.
public struct FirmwareVolume: Sendable {
    /// The whole file.
    public private(set) var bytes: [UInt8]
    /// Where the store begins, in bytes; records are aligned relative to it.
    let storeOffset: Int
    /// Bytes of the store, its header included.
    let storeByteCount: Int
    /// Whether the records have times and signers; a store without them can only be read.
    public let isAuthenticated: Bool

    /// Bytes of the volume's header with one entry of the block map.
    static var headerByteCountMin: Int { 72 }
    static var storeHeaderByteCount: Int { 28 }
    /// `_FVH`
    static var signature: UInt32 { 0x4856_465F }
    /// fff12b8d-7696-4c8b-a985-2747075b4f50
    static var fileSystem: [UInt8] {
        [0x8D, 0x2B, 0xF1, 0xFF, 0x96, 0x76, 0x8B, 0x4C, 0xA9, 0x85, 0x27, 0x47, 0x07, 0x5B, 0x4F, 0x50]
    }
    /// aaf32c78-947b-439a-a180-2e144ec37792
    static var authenticatedStore: [UInt8] {
        [0x78, 0x2C, 0xF3, 0xAA, 0x7B, 0x94, 0x9A, 0x43, 0xA1, 0x80, 0x2E, 0x14, 0x4E, 0xC3, 0x77, 0x92]
    }
    /// ddcf3616-3275-4164-98b6-fe85707ffe7d
    static var plainStore: [UInt8] {
        [0x16, 0x36, 0xCF, 0xDD, 0x75, 0x32, 0x64, 0x41, 0x98, 0xB6, 0xFE, 0x85, 0x70, 0x7F, 0xFE, 0x7D]
    }
    /// A healthy store that has been formatted.
    static var storeFormatted: UInt8 { 0x5A }
    static var storeHealthy: UInt8 { 0xFE }
    /// `QFI` and 0xFB, as they lie in a qcow2 image.
    static var qcow2Magic: UInt32 { 0xFB49_4651 }
    /// Bytes of a file that are read at most: flash is far smaller.
    public static var byteCountMax: Int { 64 << 20 }

    /// The store of a file.
    /// - Throws: `qcow2` for such an image, `volumeHeader` and `storeHeader` with the offset of the field that is
    ///   wrong, `truncated` for a file that is shorter than its header says, `tooLong`.
    public init(_ bytes: [UInt8]) throws(FormatError) {
        guard bytes.count <= Self.byteCountMax else { throw FormatError(.tooLong, at: Self.byteCountMax) }
        guard bytes.u32(at: 0) != Self.qcow2Magic else { throw FormatError(.qcow2) }
        let (headerByteCount, volumeByteCount) = try Self.checkHeader(bytes)
        guard let guid = bytes.bytes(at: headerByteCount, 16),
            guid == Self.authenticatedStore || guid == Self.plainStore
        else { throw FormatError(.storeHeader, at: headerByteCount) }
        guard let size = bytes.u32(at: headerByteCount + 16), let size = Int(exactly: size),
            size >= Self.storeHeaderByteCount, size <= volumeByteCount - headerByteCount
        else { throw FormatError(.storeHeader, at: headerByteCount + 16) }
        guard bytes[headerByteCount + 20] == Self.storeFormatted, bytes[headerByteCount + 21] == Self.storeHealthy
        else { throw FormatError(.storeHeader, at: headerByteCount + 20) }
        self.bytes = bytes
        storeOffset = headerByteCount
        storeByteCount = size
        isAuthenticated = guid == Self.authenticatedStore
    }

    /// A file of ours, whose headers need no check.
    init(new bytes: [UInt8], storeByteCount: Int) {
        self.bytes = bytes
        storeOffset = Self.headerByteCountMin
        self.storeByteCount = storeByteCount
        isAuthenticated = true
    }

    /// Where the records are: after the store's header.
    var recordsOffset: Int { storeOffset + Self.storeHeaderByteCount }
    var recordsEnd: Int { storeOffset + storeByteCount }

    /// The file with other bytes in the record area, which they fill.
    func replacingRecords(_ records: [UInt8]) -> FirmwareVolume {
        var volume = self
        let end = min(recordsEnd, recordsOffset + records.count)
        volume.bytes = Array(bytes[..<recordsOffset]) + records[..<(end - recordsOffset)] + bytes[end...]
        return volume
    }

    /// The header's and the volume's lengths.
    private static func checkHeader(_ bytes: [UInt8]) throws(FormatError) -> (header: Int, volume: Int) {
        guard let found = bytes.u32(at: 40), let headerByteCount = bytes.u16(at: 48).map(Int.init),
            bytes.count >= headerByteCountMin
        else { throw FormatError(.truncated, at: bytes.count) }
        guard bytes.bytes(at: 16, 16) == fileSystem else { throw FormatError(.volumeHeader, at: 16) }
        guard found == signature else { throw FormatError(.volumeHeader, at: 40) }
        guard let length = bytes.u64(at: 32), let length = Int(exactly: length), length >= headerByteCountMin else {
            throw FormatError(.volumeHeader, at: 32)
        }
        guard headerByteCount >= headerByteCountMin, headerByteCount.isMultiple(of: 2), headerByteCount < length
        else { throw FormatError(.volumeHeader, at: 48) }
        guard length <= bytes.count else { throw FormatError(.truncated, at: bytes.count) }
        guard sum(bytes, headerByteCount) == 0 else { throw FormatError(.volumeHeader, at: 50) }
        guard bytes[55] == 2 else { throw FormatError(.volumeHeader, at: 55) }
        try checkBlockMap(bytes, headerByteCount)
        return (headerByteCount, length)
    }

    /// The 16-bit words of the header, added.
    static func sum(_ bytes: [UInt8], _ byteCount: Int) -> UInt16 {
        stride(from: 0, to: byteCount, by: 2).reduce(0) { $0 &+ (bytes.u16(at: $1) ?? 0) }
    }

    /// Pairs of count and size up to one of zeros, which ends the header.
    private static func checkBlockMap(_ bytes: [UInt8], _ headerByteCount: Int) throws(FormatError) {
        guard bytes.u64(at: headerByteCount - 8) == 0 else { throw FormatError(.volumeHeader, at: headerByteCount - 8) }
    }
}
