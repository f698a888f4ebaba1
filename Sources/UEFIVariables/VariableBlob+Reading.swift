// Reading a blob: what is refused, what is put aside, what is repaired. Source: varstored.md 11.3, 11.4.
// Not for: what a start drops or resets (VariableServices+Start.swift).

/// Why a blob is not read at all: no fresh store is made over it. Source: varstored.md 11.3.
public enum BlobRefusal: Error, Equatable, Sendable {
    /// Shorter than its header.
    case tooShort
    /// It does not begin with `VARS`.
    case magic
    /// A version later than 2.
    case version(UInt32)
    /// More than 1024 records.
    case recordCount(UInt64)
}

/// One thing that was found amiss in a blob, and what was done about it. Source: varstored.md 11.3.
public struct BlobFinding: Equatable, Sendable {
    /// What it is.
    public enum Reason: Equatable, Sendable {
        /// A record runs past the end: it and all after it are not read.
        case truncated
        /// There are bytes behind the last record.
        case trailingBytes
        /// The name has no bytes.
        case emptyName
        /// The name has more than 4096 bytes.
        case longName
        /// There is no data.
        case emptyData
        /// There are more than 65516 bytes of data.
        case longData
        /// An earlier record has the same key.
        case duplicate
        /// Without the bits that may not be stored neither BS nor RT is left.
        case noAccess
        /// Bits that may not be stored were cleared; the record was kept.
        case attributesCleared(UInt32)
    }

    /// The record's number in the blob, from 0.
    public var position: Int
    /// Its first byte in the blob.
    public var offset: Int
    /// Its name and GUID, if they could be read; of a record that is cut perhaps the name alone.
    public var name: VariableName?
    public var guid: VendorGUID?
    /// What is amiss.
    public var reason: Reason

    /// Whether the record, or all from there on, was put aside.
    public var isQuarantine: Bool {
        if case .attributesCleared = reason { return false }
        return true
    }

    /// Whether what was put aside cannot be read as records.
    public var isUnreadable: Bool { reason == .truncated || reason == .trailingBytes }

    /// Whether it is about PK, KEK, db, dbx or dbt, as far as can be told: without a GUID the name decides.
    var mayBeKey: Bool {
        guard let name else { return false }
        let guids = guid.map { [$0] } ?? [.global, .imageSecurity]
        return guids.contains { VariableKind(name, $0).isKey }
    }
}

/// A blob that was read.
public struct BlobReading: Equatable, Sendable {
    /// What was kept.
    public var blob: VariableBlob
    /// The version that it had: 0, 1 or 2.
    public var version: UInt32
    /// What was amiss, in the order of the bytes.
    public var findings: [BlobFinding]

    /// Whether anything was put aside, so that the original bytes are to be kept. Source: varstored.md 11.4.
    public var hasQuarantine: Bool { findings.contains { $0.isQuarantine } }

    /// Whether what was put aside may have been the guest's keys: with Secure Boot on, starting with the rest could
    /// fall back to setup mode unnoticed. Source: varstored.md 11.4.
    public var losesKeys: Bool {
        let hasPK = blob.records.contains { VariableKind($0.name, $0.guid) == .pk }
        return findings.contains { finding in
            finding.isQuarantine && (finding.mayBeKey || (finding.isUnreadable && !hasPK))
        }
    }
}

extension VariableBlob {
    /// Reads a blob of version 0, 1 or 2. Sizes are checked before anything is allocated.
    public static func read(_ bytes: [UInt8]) throws(BlobRefusal) -> BlobReading {
        let span = bytes.span
        if span.count < shortHeaderByteCount { throw .tooShort }
        if span.half(at: 0) != magic { throw .magic }
        let version = span.half(at: 4)
        if version > Self.version { throw .version(version) }
        let count = span.word(at: 8)
        if count > UInt64(recordCountMax) { throw .recordCount(count) }
        var reader = BlobReader(count: Int(count))
        if version == Self.version {
            if span.count < headerByteCount { throw .tooShort }
            reader.readAncillary(span)
        }
        reader.readRecords(span, from: version == Self.version ? headerByteCount : shortHeaderByteCount)
        return BlobReading(blob: reader.blob, version: version, findings: reader.findings)
    }
}

/// Goes over the records of a blob.
private struct BlobReader {
    let count: Int
    var blob = VariableBlob()
    var findings: [BlobFinding] = []
    private var seen = VariableStore()

    init(count: Int) { self.count = count }

    mutating func readAncillary(_ bytes: Span<UInt8>) {
        blob.ancillary.morKey = bytes.word(at: 24)
        blob.ancillary.ppiIndex = bytes.half(at: 32)
        for place in 0..<AncillaryState.flagCount { blob.ancillary.setFlag(place, bytes[36 &+ place]) }
    }

    mutating func readRecords(_ bytes: Span<UInt8>, from start: Int) {
        var offset = start
        for position in 0..<count {
            guard let place = RecordPlace(bytes, at: offset) else {
                findings.append(cut(bytes, position, offset))
                return
            }
            take(place, bytes, position, offset)
            offset = place.end
        }
        if offset < bytes.count {
            findings.append(BlobFinding(position: count, offset: offset, reason: .trailingBytes))
        }
    }

    /// A record that runs past the end, with its name and GUID if these are still there.
    private func cut(_ bytes: Span<UInt8>, _ position: Int, _ offset: Int) -> BlobFinding {
        var finding = BlobFinding(position: position, offset: offset, reason: .truncated)
        guard let name = RecordPlace.part(bytes, at: offset), name.count <= VariableName.byteCountMax else {
            return finding
        }
        finding.name = VariableName(bytes: bytes.copy(name))
        if let data = RecordPlace.part(bytes, at: name.upperBound),
            bytes.count &- data.upperBound >= VendorGUID.byteCount
        {
            finding.guid = VendorGUID(
                low: bytes.word(at: data.upperBound), high: bytes.word(at: data.upperBound &+ 8))
        }
        return finding
    }

    private mutating func take(_ place: RecordPlace, _ bytes: Span<UInt8>, _ position: Int, _ offset: Int) {
        let guid = VendorGUID(low: bytes.word(at: place.tail), high: bytes.word(at: place.tail &+ 8))
        let readable = place.name.count <= VariableName.byteCountMax
        let name = readable ? VariableName(bytes: bytes.copy(place.name)) : nil
        var finding = BlobFinding(position: position, offset: offset, name: name, guid: guid, reason: .longName)
        guard let name else { return findings.append(finding) }
        let raw = bytes.half(at: place.tail &+ 16)
        let attributes = VariableAttributes(raw).intersection(.storable)
        if let reason = reason(name, guid, attributes, place.data.count) {
            finding.reason = reason
            return findings.append(finding)
        }
        let record = record(place, bytes, name, guid, attributes)
        if VariableBlob.isResumeState(record) {
            // Ours is the last of that name: a guest's own, if it made one, comes before it.
            blob.latched = record.data[0] & 1 != 0
            return
        }
        if attributes.rawValue != raw {
            finding.reason = .attributesCleared(raw & ~VariableAttributes.storable.rawValue)
            findings.append(finding)
        }
        seen.insert(
            VariableRecord(guid: guid, name: name, attributes: [], data: []))
        blob.records.append(record)
    }

    /// Why the record is put aside; nil if it is kept.
    private func reason(
        _ name: VariableName, _ guid: VendorGUID, _ attributes: VariableAttributes, _ dataByteCount: Int
    ) -> BlobFinding.Reason? {
        if name.bytes.isEmpty { return .emptyName }
        if dataByteCount == 0 { return .emptyData }
        if dataByteCount > VariableRecord.loadedByteCountMax { return .longData }
        if seen.slot(of: name, guid) != nil { return .duplicate }
        if attributes.isDisjoint(with: .access) { return .noAccess }
        return nil
    }

    private func record(
        _ place: RecordPlace, _ bytes: Span<UInt8>, _ name: VariableName, _ guid: VendorGUID,
        _ attributes: VariableAttributes
    ) -> VariableRecord {
        let time = place.tail &+ 20
        let digest = place.tail &+ 36
        return VariableRecord(
            guid: guid, name: name, attributes: attributes, data: bytes.copy(place.data),
            timestamp: EFITime(low: bytes.word(at: time), high: bytes.word(at: time &+ 8)),
            digest: SignerDigest(
                words: (
                    bytes.word(at: digest), bytes.word(at: digest &+ 8), bytes.word(at: digest &+ 16),
                    bytes.word(at: digest &+ 24)
                )))
    }
}

/// Where the parts of a record lie. Made only if all of it lies inside of the blob.
private struct RecordPlace {
    let name: Range<Int>
    let data: Range<Int>
    /// GUID, attributes, time, digest: 68 bytes.
    let tail: Int
    var end: Int { tail &+ 68 }

    init?(_ bytes: Span<UInt8>, at offset: Int) {
        guard let name = Self.part(bytes, at: offset), let data = Self.part(bytes, at: name.upperBound) else {
            return nil
        }
        if bytes.count &- data.upperBound < 68 { return nil }
        self.name = name
        self.data = data
        tail = data.upperBound
    }

    /// A u64 length and that many bytes.
    static func part(_ bytes: Span<UInt8>, at offset: Int) -> Range<Int>? {
        if bytes.count &- offset < 8 { return nil }
        let length = bytes.word(at: offset)
        let start = offset &+ 8
        if length > UInt64(bytes.count &- start) { return nil }
        return start..<(start &+ Int(length))
    }
}
