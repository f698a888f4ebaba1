// An X.501 name: its bytes, and the form in which names are compared (varstored.md 8.9). Not for: showing names.
internal import SwiftASN1

/// A name as a certificate has it.
struct DistinguishedName {
    /// The DER of the whole name.
    let encoded: ArraySlice<UInt8>
    /// The content octets of the first commonName, in its own encoding.
    let commonName: ArraySlice<UInt8>?
    /// What names are compared by: the number of attributes of each relative name, then the attributes. Each part
    /// has its size before it, so that no two names share a form. One array, as chains compare names often.
    private let form: [UInt8]

    /// One attribute: its type, and the value as compared.
    private struct Attribute {
        /// The DER of the object identifier: there is one for each.
        var type: ArraySlice<UInt8>
        /// A string, decoded; what else there is equals only its own encoding.
        var isText: Bool
        var value: [UInt8]

        var form: [UInt8] {
            DistinguishedName.number(type.count) + type + [isText ? 1 : 0] + DistinguishedName.number(value.count)
                + value
        }
    }

    init(der bytes: ArraySlice<UInt8>) throws(AuthenticationRefusal) {
        try self.init(try ASN1Node(wholly: bytes))
    }

    init(_ node: ASN1Node) throws(AuthenticationRefusal) {
        var sets = try DERFields(node, .sequence, of: .certificate)
        var form: [UInt8] = []
        var commonName: ArraySlice<UInt8>?
        while let set = sets.nextIfAny() {
            var members = try DERFields(set, .set, of: .certificate)
            var attributes: [[UInt8]] = []
            while let member = members.nextIfAny() {
                var pair = try DERFields(member, .sequence, of: .certificate)
                let type = try pair.next()
                let value = try pair.next()
                try pair.end()
                if try type.objectIdentifier(of: .certificate) == ObjectIdentifiers.commonName, commonName == nil {
                    commonName = try value.content(value.identifier, of: .certificate)
                }
                attributes.append(Self.attribute(type.encodedBytes, value).form)
            }
            guard !attributes.isEmpty else { throw .structure(.certificate) }
            if attributes.count > 1 { attributes.sort { $0.lexicographicallyPrecedes($1) } }
            form += Self.number(attributes.count)
            for attribute in attributes { form += attribute }
        }
        encoded = node.encodedBytes
        self.commonName = commonName
        self.form = form
    }

    /// Same attribute types in the same structure, values equal as compared.
    func matches(_ other: DistinguishedName) -> Bool {
        form == other.form
    }

    /// Four bytes, as lengths of DER have at most (DERShape).
    private static func number(_ value: Int) -> [UInt8] {
        [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func attribute(_ type: ArraySlice<UInt8>, _ value: ASN1Node) -> Attribute {
        if case .primitive(let content) = value.content, let text = decoded(content, value.identifier) {
            return Attribute(type: type, isText: true, value: folded(text))
        }
        // What is no string, or a broken one, equals only itself.
        return Attribute(type: type, isText: false, value: Array(value.encodedBytes))
    }

    /// The Unicode scalars of a string, or nil.
    private static func decoded(_ bytes: ArraySlice<UInt8>, _ identifier: ASN1Identifier) -> [UInt32]? {
        switch identifier {
        case .utf8String:
            String(validating: bytes, as: UTF8.self).map { $0.unicodeScalars.map(\.value) }
        case .printableString, .ia5String, .visibleString:
            bytes.allSatisfy { $0 < 0x80 } ? bytes.map(UInt32.init) : nil
        case .teletexString: bytes.map(UInt32.init)
        case .bmpString: units(bytes, of: 2)
        case .universalString: units(bytes, of: 4)
        default: nil
        }
    }

    /// Big-endian units, each a scalar.
    private static func units(_ bytes: ArraySlice<UInt8>, of size: Int) -> [UInt32]? {
        guard bytes.count % size == 0 else { return nil }
        var scalars: [UInt32] = []
        var value: UInt32 = 0
        for (offset, byte) in bytes.enumerated() {
            value = value << 8 | UInt32(byte)
            guard offset % size == size - 1 else { continue }
            guard Unicode.Scalar(value) != nil else { return nil }
            scalars.append(value)
            value = 0
        }
        return scalars
    }

    /// ASCII letters small, blanks at both ends gone, runs of blanks one space; as UTF-8, so that forms compare.
    private static func folded(_ scalars: [UInt32]) -> [UInt8] {
        var text = String.UnicodeScalarView()
        var isBlankPending = false
        for value in scalars {
            if value == 0x20 || (0x09...0x0D).contains(value) {
                isBlankPending = !text.isEmpty
                continue
            }
            if isBlankPending { text.append(" ") }
            isBlankPending = false
            let isCapital = (0x41...0x5A).contains(value)
            guard let scalar = Unicode.Scalar(isCapital ? value + 0x20 : value) else { continue }
            text.append(scalar)
        }
        return Array(String(text).utf8)
    }
}
