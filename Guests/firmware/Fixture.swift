// The signed updates and certificates of keys/ that are part of the image. What they are: keys/make.
import Machine

/// One file of keys/. The order is that of Places.S (Guests/check compares them).
public enum Fixture: UInt64 {
    case bAppend
    case bAppend27
    case bAttributesOther
    case bAttributes
    case bCrowd
    case bCurve
    case bDelete
    case bEmbedded
    case bFiveSigners
    case bIndefinite
    case bLater
    case bNameless
    case bLonger
    case bNoCertificate
    case bNoSigner
    case bOther
    case bSha1
    case bSha224
    case bSha384
    case bSha512
    case bSmall
    case bTwoSigners
    case b
    case kekByKEK
    case kekByLeaf
    case kekDelete
    case kekMany
    case kek
    case pkDelete
    case pkLeaf
    case pkReplace
    case pkStranger
    case pkTwo
    case pk
    case pk2Delete
    case curveDer
    case dbByKEK
    case dbByPK
    case dbByPlain
    case dbDeepAlone
    case dbDeep
    case dbLong
    case dbNotCA
    case dbOdd
    case dbPartial
    case dbSecond
    case dbShout
    case dbStranger
    case dbTooDeep
    case dbTwoLeaves
    case dbUnderPlain
    case dbUpdate
    case db
    case dbDer
    case dbtByKEK
    case dbtByPK
    case dbxByPK
    case dbxByLeaf
    case dbx
    case expired
    case future
    case vector41
    case vectors

    /// How many there are.
    public static let count: UInt64 = 63

    /// Its name in keys/.
    public var fileName: StaticString {
        switch self {
        case .bAppend: "B-append.auth"
        case .bAppend27: "B-append27.auth"
        case .bAttributesOther: "B-attributes-other.auth"
        case .bAttributes: "B-attributes.auth"
        case .bCrowd: "B-crowd.auth"
        case .bCurve: "B-curve.auth"
        case .bDelete: "B-delete.auth"
        case .bEmbedded: "B-embedded.auth"
        case .bFiveSigners: "B-five-signers.auth"
        case .bIndefinite: "B-indefinite.auth"
        case .bLater: "B-later.auth"
        case .bNameless: "B-nameless.auth"
        case .bLonger: "B-longer.auth"
        case .bNoCertificate: "B-no-certificate.auth"
        case .bNoSigner: "B-no-signer.auth"
        case .bOther: "B-other.auth"
        case .bSha1: "B-sha1.auth"
        case .bSha224: "B-sha224.auth"
        case .bSha384: "B-sha384.auth"
        case .bSha512: "B-sha512.auth"
        case .bSmall: "B-small.auth"
        case .bTwoSigners: "B-two-signers.auth"
        case .b: "B.auth"
        case .kekByKEK: "KEK-by-KEK.auth"
        case .kekByLeaf: "KEK-by-leaf.auth"
        case .kekDelete: "KEK-delete.auth"
        case .kekMany: "KEK-many.auth"
        case .kek: "KEK.auth"
        case .pkDelete: "PK-delete.auth"
        case .pkLeaf: "PK-leaf.auth"
        case .pkReplace: "PK-replace.auth"
        case .pkStranger: "PK-stranger.auth"
        case .pkTwo: "PK-two.auth"
        case .pk: "PK.auth"
        case .pk2Delete: "PK2-delete.auth"
        case .curveDer: "curve.der"
        case .dbByKEK: "db-by-KEK.auth"
        case .dbByPK: "db-by-PK.auth"
        case .dbByPlain: "db-by-plain.auth"
        case .dbDeepAlone: "db-deep-alone.auth"
        case .dbDeep: "db-deep.auth"
        case .dbLong: "db-long.auth"
        case .dbNotCA: "db-not-CA.auth"
        case .dbOdd: "db-odd.auth"
        case .dbPartial: "db-partial.auth"
        case .dbSecond: "db-second.auth"
        case .dbShout: "db-shout.auth"
        case .dbStranger: "db-stranger.auth"
        case .dbTooDeep: "db-too-deep.auth"
        case .dbTwoLeaves: "db-two-leaves.auth"
        case .dbUnderPlain: "db-under-plain.auth"
        case .dbUpdate: "db-update.auth"
        case .db: "db.auth"
        case .dbDer: "db.der"
        case .dbtByKEK: "dbt-by-KEK.auth"
        case .dbtByPK: "dbt-by-PK.auth"
        case .dbxByPK: "dbx-by-PK.auth"
        case .dbxByLeaf: "dbx-by-leaf.auth"
        case .dbx: "dbx.auth"
        case .expired: "expired.auth"
        case .future: "future.auth"
        case .vector41: "vector-4.1.request"
        case .vectors: "vectors"
        }
    }

    /// Guest-physical address of its first byte.
    var start: UInt64 { load64(fixture_table_start() + 16 * rawValue) }
    var byteCount: UInt64 { load64(fixture_table_start() + 16 * rawValue + 8) - start }
    /// Bytes of the descriptor before the payload (varstored.md 7).
    var descriptorByteCount: UInt64 { 16 + load32(start + 16) }
    var bytes: Bytes { .memory(start, count: byteCount) }
    var payload: Bytes { .memory(start + descriptorByteCount, count: byteCount - descriptorByteCount) }
}
