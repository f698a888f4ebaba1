// The extensions of a certificate that decide about chains (varstored.md 8.9). Not for: the decision.
internal import SwiftASN1

/// What the extensions of one certificate say.
struct CertificateExtensions {
    /// basicConstraints.
    struct BasicConstraints {
        var isAuthority: Bool
        /// Certificates of authorities that may follow.
        var pathLength: Int?
    }

    /// authorityKeyIdentifier: each field only when it is given.
    struct AuthorityKey {
        var keyIdentifier: ArraySlice<UInt8>?
        var issuer: DistinguishedName?
        var serial: ArraySlice<UInt8>?
    }

    var basicConstraints: BasicConstraints?
    /// keyUsage has keyCertSign; nil without keyUsage.
    var signsCertificates: Bool?
    var subjectKeyIdentifier: ArraySlice<UInt8>?
    var authorityKey: AuthorityKey?
    /// No extension is there twice, is critical and unknown, or is known and malformed.
    var isAcceptable = true

    init() {}

    /// From the SEQUENCE of extensions. Its own structure must hold; what is in them only decides `isAcceptable`.
    init(_ node: ASN1Node) throws(AuthenticationRefusal) {
        var list = try DERFields(node, .sequence, of: .certificate)
        var seen: Set<ArraySlice<UInt8>> = []
        while let entry = list.nextIfAny() {
            var fields = try DERFields(entry, .sequence, of: .certificate)
            let typeNode = try fields.next()
            let type = try typeNode.objectIdentifier(of: .certificate)
            // An explicit FALSE is not DER, but is common.
            let isCritical = try fields.optional(.boolean)?.boolean(of: .certificate) ?? false
            let value = try fields.nextContent(.octetString)
            try fields.end()
            if !seen.insert(typeNode.encodedBytes).inserted { isAcceptable = false }
            do throws(AuthenticationRefusal) {
                if try !read(type, value), isCritical { isAcceptable = false }
            } catch {
                isAcceptable = false
            }
        }
    }

    /// False when a critical extension of this type is unknown to us.
    private mutating func read(_ type: ASN1ObjectIdentifier?, _ value: ArraySlice<UInt8>)
        throws(AuthenticationRefusal) -> Bool
    {
        switch type {
        case ObjectIdentifiers.basicConstraints: basicConstraints = try Self.basicConstraints(value)
        case ObjectIdentifiers.keyUsage: signsCertificates = try Self.signsCertificates(value)
        case ObjectIdentifiers.subjectKeyIdentifier:
            subjectKeyIdentifier = try ASN1Node(wholly: value).content(.octetString, of: .certificate)
            return false
        case ObjectIdentifiers.authorityKeyIdentifier:
            authorityKey = try Self.authorityKey(value)
            return false
        case ObjectIdentifiers.extendedKeyUsage, ObjectIdentifiers.subjectAltName,
            ObjectIdentifiers.certificatePolicies, ObjectIdentifiers.distributionPoints:
            break
        default: return false
        }
        return true
    }

    private static func basicConstraints(_ value: ArraySlice<UInt8>) throws(AuthenticationRefusal) -> BasicConstraints {
        var fields = try DERFields(try ASN1Node(wholly: value), .sequence, of: .certificate)
        let isAuthority = try fields.optional(.boolean)?.boolean(of: .certificate) ?? false
        var pathLength: Int?
        if let node = fields.optional(.integer) {
            guard try node.integer(of: .certificate).first.map({ $0 < 0x80 }) == true else {
                throw .structure(.certificate)
            }
            // More than 127 is as good as no limit: chains have 8 at most.
            pathLength = try node.smallInteger(of: .certificate) ?? Int(Int8.max)
        }
        try fields.end()
        return BasicConstraints(isAuthority: isAuthority, pathLength: pathLength)
    }

    /// keyCertSign is bit 5, counted from the top of the first byte (RFC 5280, 4.2.1.3).
    private static func signsCertificates(_ value: ArraySlice<UInt8>) throws(AuthenticationRefusal) -> Bool {
        let content = try ASN1Node(wholly: value).content(.bitString, of: .certificate)
        guard let unused = content.first, unused < 8, content.count > 1 || unused == 0 else {
            throw .structure(.certificate)
        }
        // Unused bits are 0 (X.690, 11.2.1): else one reader sees a usage there that another does not.
        guard let last = content.last, last & ((1 << unused) - 1) == 0 else { throw .structure(.certificate) }
        return (content.dropFirst().first ?? 0) & 0x04 != 0
    }

    private static func authorityKey(_ value: ArraySlice<UInt8>) throws(AuthenticationRefusal) -> AuthorityKey {
        var fields = try DERFields(try ASN1Node(wholly: value), .sequence, of: .certificate)
        var key = AuthorityKey()
        key.keyIdentifier = try fields.optional(.context(0))?.content(.context(0), of: .certificate)
        if let names = fields.optional(.context(1)) {
            var names = try DERFields(names, .context(1), of: .certificate)
            while let name = names.nextIfAny() {
                // directoryName [4], explicit as Name is a CHOICE. The first one counts.
                guard key.issuer == nil, name.identifier == .context(4) else { continue }
                var directory = try DERFields(name, .context(4), of: .certificate)
                key.issuer = try DistinguishedName(try directory.next())
                try directory.end()
            }
        }
        key.serial = try fields.optional(.context(2))?.content(.context(2), of: .certificate)
        try fields.end()
        return key
    }
}
