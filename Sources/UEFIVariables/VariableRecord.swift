// One variable as it is stored and saved: everything that a record of the blob holds. Source: varstored.md 5, 11.1.
// Not for: the order of variables and how they are found (VariableStore.swift).

/// A variable. Source: varstored.md 5.
public struct VariableRecord: Equatable, Sendable {
    /// Whose name space the name is in.
    public var guid: VendorGUID
    /// The name.
    public var name: VariableName
    /// The attributes; never the append bit.
    public var attributes: VariableAttributes
    /// The contents: 1 to 57344 bytes, up to 65516 when an old blob held them.
    public var data: [UInt8]
    /// When it was signed; zero unless authenticated.
    public var timestamp: EFITime
    /// Who may change it; zero unless it is a private authenticated variable.
    public var digest: SignerDigest

    /// What a variable weighs beside its name and data, in bytes. Source: varstored.md 5.
    public static var overhead: Int { 128 }
    /// The most bytes of data that a guest may store in one variable. Source: varstored.md 18.
    public static var dataByteCountMax: Int { 57344 }
    /// The most bytes of data that are loaded. Source: varstored.md 11.3.
    public static var loadedByteCountMax: Int { 65516 }

    /// A variable of these parts.
    public init(
        guid: VendorGUID, name: VariableName, attributes: VariableAttributes, data: [UInt8],
        timestamp: EFITime = .zero, digest: SignerDigest = .zero
    ) {
        self.guid = guid
        self.name = name
        self.attributes = attributes
        self.data = data
        self.timestamp = timestamp
        self.digest = digest
    }

    /// Bytes that it takes of the store's 131072: name, data and 128. Source: varstored.md 5.
    public var charge: Int { name.bytes.count &+ data.count &+ Self.overhead }

    /// Whether this is the variable of that name.
    public func isNamed(_ name: VariableName, _ guid: VendorGUID) -> Bool {
        self.guid == guid && self.name == name
    }
}

/// SHA-256 of who signs a private authenticated variable; all zero for none. Source: varstored.md 7, rule "private".
public struct SignerDigest: Hashable, Sendable, BitwiseCopyable {
    /// The 32 bytes, 8 at a time, as little-endian numbers.
    public var words: (UInt64, UInt64, UInt64, UInt64)

    /// Bytes of a digest.
    public static var byteCount: Int { 32 }
    /// No digest: all bytes 0.
    public static var zero: SignerDigest { SignerDigest(words: (0, 0, 0, 0)) }

    /// The digest of these words.
    public init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// The digest of 32 bytes; nil for any other number of bytes.
    public init?(bytes: [UInt8]) {
        if bytes.count != Self.byteCount { return nil }
        let span = bytes.span
        words = (span.word(at: 0), span.word(at: 8), span.word(at: 16), span.word(at: 24))
    }

    /// Whether it is no digest.
    public var isZero: Bool { words.0 | words.1 | words.2 | words.3 == 0 }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        bytes.put(words.0)
        bytes.put(words.1)
        bytes.put(words.2)
        bytes.put(words.3)
        return bytes
    }

    public static func == (left: SignerDigest, right: SignerDigest) -> Bool { left.words == right.words }

    /// Hashes the 32 bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
