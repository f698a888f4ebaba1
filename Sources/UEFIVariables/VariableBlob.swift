// The saved form of the variables: what a backend holds and what a save file is. Source: varstored.md 11.1, 11.5.
// Not for: what a start makes of it (VariableServices+Start.swift), reading it (VariableBlob+Reading.swift).

/// The variables and the state beside them, as a blob holds them. The same contents always give the same bytes.
/// Source: varstored.md 11.1.
public struct VariableBlob: Equatable, Sendable {
    /// The variables in enumeration order, newest first. Never Corbel's own resume state.
    public var records: [VariableRecord]
    /// MOR key, PPI index and function flags: the block behind the header.
    public var ancillary: AncillaryState
    /// The runtime latch of a save file; nil in a backend's blob, and in a save file that another daemon wrote.
    /// Source: varstored.md 11.5.
    public var latched: Bool?

    /// The version that is written.
    public static var version: UInt32 { 2 }
    /// The most records that are read.
    public static var recordCountMax: Int { 1024 }
    /// How many bytes a resume file may have. Source: varstored.md 11.5.
    public static var resumeByteCount: ClosedRange<Int> { 24...131072 }
    /// `VARS`, as a little-endian number.
    static var magic: UInt32 { 0x5352_4156 }
    /// Bytes before the records in version 0 and 1, and in version 2.
    static var shortHeaderByteCount: Int { 24 }
    static var headerByteCount: Int { 292 }
    /// Bytes of a record beside its name and data.
    static var recordOverhead: Int { 84 }

    /// A blob of these parts.
    public init(records: [VariableRecord] = [], ancillary: AncillaryState = AncillaryState(), latched: Bool? = nil) {
        self.records = records
        self.ancillary = ancillary
        self.latched = latched
    }

    /// The bytes, version 2.
    public func encoded() -> [UInt8] {
        var writer = BlobWriter(ancillary)
        for record in records { writer.put(record) }
        if let latched { writer.put(Self.resumeRecord(latched)) }
        return writer.finish()
    }

    /// Whether a record has the name of Corbel's resume state.
    static func isResumeState(_ record: VariableRecord) -> Bool {
        record.guid == .resumeState && record.name.bytes.span.spells("CorbelResumeState")
    }

    /// The record by which the latch travels in a save file. Source: varstored.md 11.5.
    static func resumeRecord(_ latched: Bool) -> VariableRecord {
        VariableRecord(
            guid: .resumeState, name: VariableName("CorbelResumeState"), attributes: .bootService,
            data: [latched ? 1 : 0])
    }
}

/// What a blob holds beside variables. Source: varstored.md 10.3, 10.4, 11.1.
public struct AncillaryState: Equatable, Sendable {
    /// The 8 bytes that unlock the MOR control, as a little-endian number; 0 unless they lock it.
    public var morKey: UInt64
    /// The PPI index register.
    public var ppiIndex: UInt32
    /// The PPI function flags: 256 bytes.
    public private(set) var ppiFlags: [UInt8]

    /// How many function flags there are.
    public static var flagCount: Int { 256 }

    /// Nothing set.
    public init() {
        morKey = 0
        ppiIndex = 0
        ppiFlags = [UInt8](repeating: 0, count: Self.flagCount)
    }

    /// A function flag, 0 to 255; nothing happens elsewhere.
    public mutating func setFlag(_ place: Int, _ value: UInt8) {
        if ppiFlags.indices.contains(place) { ppiFlags[place] = value }
    }
}

/// Puts the bytes of a blob together, record by record; the header's counts come last.
struct BlobWriter {
    private var bytes: [UInt8] = []
    private var count: UInt64 = 0

    init(_ ancillary: AncillaryState) {
        bytes.reserveCapacity(4096)
        bytes.put(VariableBlob.magic)
        bytes.put(VariableBlob.version)
        bytes.put(0 as UInt64)
        bytes.put(0 as UInt64)
        bytes.put(ancillary.morKey)
        bytes.put(ancillary.ppiIndex)
        bytes.append(contentsOf: ancillary.ppiFlags)
    }

    /// A record with `added` behind its data.
    mutating func put(_ record: VariableRecord, adding added: [UInt8] = []) {
        count &+= 1
        bytes.put(UInt64(record.name.bytes.count))
        bytes.append(contentsOf: record.name.bytes)
        bytes.put(UInt64(record.data.count &+ added.count))
        bytes.append(contentsOf: record.data)
        bytes.append(contentsOf: added)
        bytes.put(record.guid.low)
        bytes.put(record.guid.high)
        bytes.put(record.attributes.rawValue)
        bytes.put(record.timestamp.low)
        bytes.put(record.timestamp.high)
        bytes.put(record.digest.words.0)
        bytes.put(record.digest.words.1)
        bytes.put(record.digest.words.2)
        bytes.put(record.digest.words.3)
    }

    mutating func finish() -> [UInt8] {
        replace(count, at: 8)
        replace(UInt64(bytes.count &- VariableBlob.headerByteCount), at: 16)
        return bytes
    }

    private mutating func replace(_ value: UInt64, at offset: Int) {
        for place in 0..<8 { bytes[offset &+ place] = UInt8(truncatingIfNeeded: value &>> UInt64(8 &* place)) }
    }
}
