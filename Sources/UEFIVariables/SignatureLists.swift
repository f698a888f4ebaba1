// The signature lists inside of PK, KEK, db, dbx and dbt: where they lie, and whether they are valid. Hostile bytes.
// Source: varstored.md 9, 9.1. Not for: filtering what is appended (SignatureFilter.swift).

/// Where one list lies within the bytes of a variable.
public struct SignatureList: Equatable, Sendable {
    /// The type of its entries.
    public var type: SignatureType
    /// All of its bytes, the header of 28 too.
    public var range: Range<Int>
    /// Bytes of each entry, the owner's GUID (16) with it.
    public var entryByteCount: Int

    /// Bytes before the first entry.
    public static var headerByteCount: Int { 28 }

    /// How many entries it has, at least 1.
    public var entryCount: Int { (range.count &- Self.headerByteCount) / entryByteCount }

    /// The bytes of an entry, from its owner's GUID.
    public func entry(_ number: Int) -> Range<Int> {
        let start = range.lowerBound &+ Self.headerByteCount &+ number &* entryByteCount
        return start..<(start &+ entryByteCount)
    }

    /// The bytes of an entry behind its owner's GUID.
    public func entryData(_ number: Int) -> Range<Int> {
        let entry = entry(number)
        return (entry.lowerBound &+ VendorGUID.byteCount)..<entry.upperBound
    }
}

/// The lists of a variable, found by going over its bytes once. Source: varstored.md 9.1.
public struct SignatureLists: Equatable, Sendable {
    /// The lists in their order, up to the first that is malformed.
    public private(set) var lists: [SignatureList] = []
    /// Whether the lists fill the bytes exactly, each of a known type and well formed. What is inside of certificates
    /// is not looked at.
    public private(set) var isComplete = false
    /// Entries in all lists.
    public private(set) var entryCount = 0

    /// The most entries that one variable may have. Source: varstored.md 9.1.
    public static var entryCountMax: Int { 4096 }

    /// The lists in these bytes; none, and complete, if there are no bytes.
    public init(_ bytes: [UInt8]) { self.init(bytes.span) }

    init(_ bytes: Span<UInt8>) {
        var offset = 0
        while offset < bytes.count {
            guard let list = Self.list(bytes, at: offset) else { return }
            lists.append(list)
            entryCount &+= list.entryCount
            offset = list.range.upperBound
        }
        isComplete = true
    }

    private static func list(_ bytes: Span<UInt8>, at offset: Int) -> SignatureList? {
        let left = bytes.count &- offset
        if left < SignatureList.headerByteCount { return nil }
        let type = SignatureType(VendorGUID(low: bytes.word(at: offset), high: bytes.word(at: offset &+ 8)))
        let byteCount = Int(bytes.half(at: offset &+ 16))
        let entryByteCount = Int(bytes.half(at: offset &+ 24))
        let body = byteCount &- SignatureList.headerByteCount
        if body < 0 || byteCount > left || bytes.half(at: offset &+ 20) != 0 { return nil }
        if !type.allows(entryByteCount: entryByteCount) { return nil }
        if body == 0 || body % entryByteCount != 0 { return nil }
        return SignatureList(type: type, range: offset..<(offset &+ byteCount), entryByteCount: entryByteCount)
    }

    /// Whether bytes are valid contents of a key variable: complete lists, not too many entries, and each X509 entry
    /// begins with a certificate that `authenticator` takes. Source: varstored.md 9.1.
    public static func areValid(
        _ bytes: [UInt8], entryCountMax: Int = SignatureLists.entryCountMax,
        _ authenticator: any VariableAuthenticator
    ) -> Bool {
        let lists = SignatureLists(bytes)
        if !lists.isComplete || lists.entryCount > entryCountMax { return false }
        let span = bytes.span
        for list in lists.lists where list.type == .x509 {
            for number in 0..<list.entryCount {
                if authenticator.certificateByteCount(span.copy(list.entryData(number))) == nil { return false }
            }
        }
        return true
    }

    /// The DER of the certificates in these bytes, in order, without what may follow them in their entries; at most
    /// `countMax`. Other entries are left out. Source: varstored.md 7, rules pk and kek.
    public func certificates(
        of bytes: [UInt8], countMax: Int, _ authenticator: any VariableAuthenticator
    ) -> [[UInt8]] {
        var certificates: [[UInt8]] = []
        let span = bytes.span
        for list in lists where list.type == .x509 {
            for number in 0..<list.entryCount {
                if certificates.count >= countMax { return certificates }
                var entry = span.copy(list.entryData(number))
                guard let count = authenticator.certificateByteCount(entry), count <= entry.count else { continue }
                entry.removeLast(entry.count &- count)
                certificates.append(entry)
            }
        }
        return certificates
    }

    /// A list of these entries, which must have the same size, as bytes. Source: varstored.md 9.
    public static func list(of type: SignatureType, _ entries: [(owner: VendorGUID, data: [UInt8])]) -> [UInt8] {
        let entryByteCount = VendorGUID.byteCount &+ (entries.first?.data.count ?? 0)
        var bytes: [UInt8] = []
        bytes.put(type.rawValue.low)
        bytes.put(type.rawValue.high)
        bytes.put(UInt32(SignatureList.headerByteCount &+ entryByteCount &* entries.count))
        bytes.put(0 as UInt32)
        bytes.put(UInt32(entryByteCount))
        for entry in entries {
            bytes.put(entry.owner.low)
            bytes.put(entry.owner.high)
            bytes.append(contentsOf: entry.data)
        }
        return bytes
    }
}
