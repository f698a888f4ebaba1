// SHA-256, SHA-384 and SHA-512 as values: which are accepted, and their results. Not for: signatures.
internal import Crypto
internal import SwiftASN1

/// A digest that SignerInfos may use (varstored.md 8.6).
public enum DigestAlgorithm: Hashable, Sendable, CaseIterable {
    case sha256
    case sha384
    case sha512
}

extension DigestAlgorithm {
    init?(_ identifier: ASN1ObjectIdentifier?) {
        switch identifier {
        case ObjectIdentifiers.sha256: self = .sha256
        case ObjectIdentifiers.sha384: self = .sha384
        case ObjectIdentifiers.sha512: self = .sha512
        default: return nil
        }
    }

    /// The digest of a `…WithRSAEncryption`.
    init?(signatureAlgorithm: ASN1ObjectIdentifier?) {
        switch signatureAlgorithm {
        case ObjectIdentifiers.sha256WithRSA: self = .sha256
        case ObjectIdentifiers.sha384WithRSA: self = .sha384
        case ObjectIdentifiers.sha512WithRSA: self = .sha512
        default: return nil
        }
    }
}

/// The digest of some bytes, and by which algorithm.
enum MessageDigest {
    case sha256(SHA256Digest)
    case sha384(SHA384Digest)
    case sha512(SHA512Digest)

    /// The digest of the pieces, joined.
    init(_ algorithm: DigestAlgorithm, of pieces: [ArraySlice<UInt8>]) {
        switch algorithm {
        case .sha256: self = .sha256(Self.hash(SHA256(), pieces))
        case .sha384: self = .sha384(Self.hash(SHA384(), pieces))
        case .sha512: self = .sha512(Self.hash(SHA512(), pieces))
        }
    }

    private static func hash<Function: HashFunction>(
        _ function: Function, _ pieces: [ArraySlice<UInt8>]
    ) -> Function.Digest {
        var function = function
        for piece in pieces where !piece.isEmpty { function.update(data: piece) }
        return function.finalize()
    }

    var bytes: [UInt8] {
        switch self {
        case .sha256(let digest): Array(digest)
        case .sha384(let digest): Array(digest)
        case .sha512(let digest): Array(digest)
        }
    }
}
