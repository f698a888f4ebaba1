// DER as SwiftASN1 has parsed it, read field by field with errors of our own. Not for: writing DER (DERBytes).
internal import SwiftASN1

/// The children of one node, in order.
struct DERFields {
    private var nodes: ASN1NodeCollection.Iterator
    private let part: AuthenticationRefusal.Part

    init(_ node: ASN1Node, _ identifier: ASN1Identifier, of part: AuthenticationRefusal.Part)
        throws(AuthenticationRefusal)
    {
        guard node.identifier == identifier, case .constructed(let children) = node.content else {
            throw .structure(part)
        }
        nodes = children.makeIterator()
        self.part = part
    }

    /// The next child, if there is one.
    mutating func nextIfAny() -> ASN1Node? { nodes.next() }

    /// The next child.
    mutating func next() throws(AuthenticationRefusal) -> ASN1Node {
        guard let node = nodes.next() else { throw .structure(part) }
        return node
    }

    /// The next child, which has its own children.
    mutating func next(_ identifier: ASN1Identifier) throws(AuthenticationRefusal) -> DERFields {
        try DERFields(try next(), identifier, of: part)
    }

    /// The content of the next child, which has none of its own.
    mutating func nextContent(_ identifier: ASN1Identifier) throws(AuthenticationRefusal) -> ArraySlice<UInt8> {
        try next().content(identifier, of: part)
    }

    /// The next child when its tag is this one; else nothing is consumed.
    mutating func optional(_ identifier: ASN1Identifier) -> ASN1Node? {
        var ahead = nodes
        guard let node = ahead.next(), node.identifier == identifier else { return nil }
        nodes = ahead
        return node
    }

    /// There are no further children.
    mutating func end() throws(AuthenticationRefusal) {
        guard nodes.next() == nil else { throw .structure(part) }
    }
}

extension ASN1Identifier {
    /// A tag whose meaning the structure around it gives: `[number]`.
    static func context(_ number: UInt) -> ASN1Identifier {
        ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific)
    }
}

extension ASN1Node {
    /// One DER value that the bytes are, wholly (varstored.md 8.2).
    init(wholly bytes: ArraySlice<UInt8>) throws(AuthenticationRefusal) {
        do { self = try DER.parse(bytes) } catch { throw .encoding }
        guard DERShape.nesting(of: bytes) <= AuthenticationLimits.nestingMax else { throw .nesting }
    }

    /// The content of a node without children.
    func content(_ identifier: ASN1Identifier, of part: AuthenticationRefusal.Part)
        throws(AuthenticationRefusal) -> ArraySlice<UInt8>
    {
        guard self.identifier == identifier, case .primitive(let bytes) = content else { throw .structure(part) }
        return bytes
    }

    /// The content octets of an INTEGER, which has as few of them as it can have.
    func integer(of part: AuthenticationRefusal.Part) throws(AuthenticationRefusal) -> ArraySlice<UInt8> {
        let bytes = try content(.integer, of: part)
        guard let first = bytes.first else { throw .structure(part) }
        if let second = bytes.dropFirst().first {
            let isPadded = first == 0 && second < 0x80 || first == 0xFF && second >= 0x80
            guard !isPadded else { throw .structure(part) }
        }
        return bytes
    }

    /// An INTEGER from 0 to 127, or nil when it is another one.
    func smallInteger(of part: AuthenticationRefusal.Part) throws(AuthenticationRefusal) -> Int? {
        let bytes = try integer(of: part)
        guard bytes.count == 1, let value = bytes.first, value < 0x80 else { return nil }
        return Int(value)
    }

    /// The magnitude of an INTEGER that is above 0, without leading zeros; nil when it is not above 0.
    func positiveInteger(of part: AuthenticationRefusal.Part) throws(AuthenticationRefusal) -> [UInt8]? {
        let bytes = try integer(of: part)
        guard let first = bytes.first, first < 0x80 else { return nil }
        let magnitude = first == 0 ? bytes.dropFirst() : bytes
        return magnitude.isEmpty ? nil : Array(magnitude)
    }

    /// An OBJECT IDENTIFIER; nil for one with a number above 2^63, as 2.25 has (X.667): none that we know.
    func objectIdentifier(of part: AuthenticationRefusal.Part)
        throws(AuthenticationRefusal) -> ASN1ObjectIdentifier?
    {
        let bytes = try content(.objectIdentifier, of: part)
        // Each number has seven bits in each byte, ends below 0x80, and has no leading zeros (X.690, 8.19.2).
        var last: UInt8 = 0
        for byte in bytes {
            guard last >= 0x80 || byte != 0x80 else { throw .structure(part) }
            last = byte
        }
        guard !bytes.isEmpty, last < 0x80 else { throw .structure(part) }
        return try? ASN1ObjectIdentifier(derEncoded: self)
    }

    /// The bytes of a BIT STRING of whole bytes.
    func bitStringBytes(of part: AuthenticationRefusal.Part) throws(AuthenticationRefusal) -> ArraySlice<UInt8> {
        let content = try content(.bitString, of: part)
        guard content.first == 0 else { throw .structure(part) }
        return content.dropFirst()
    }

    /// A BOOLEAN.
    func boolean(of part: AuthenticationRefusal.Part) throws(AuthenticationRefusal) -> Bool {
        let content = try content(.boolean, of: part)
        guard content.count == 1, let value = content.first, value == 0 || value == 0xFF else {
            throw .structure(part)
        }
        return value == 0xFF
    }
}
