// The change from the certificates of 2011 to those of 2023, made in a blob. Source: varstored.md 15.3.
// Not for: which are needed (MicrosoftCertificate.swift), where the certificates come from.

public import UEFIVariables

/// Why a blob's certificates are not brought up to date. Nothing is changed then.
public enum CertificateUpdateRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// The host does not have a certificate that is needed.
    case missing(MicrosoftCertificate)
    /// The variables would grow beyond the limits of varstored.md 18.
    case noRoom(MicrosoftCertificate.Place)

    /// Words for the log.
    public var description: String {
        switch self {
        case .missing(let certificate): "the certificate \"\(certificate.name)\" is needed and not there"
        case .noRoom(let place): "no room for certificates in \(place == .kek ? "KEK" : "db")"
        }
    }
}

extension CertificateUpdate {
    /// What the guest with these variables needs. `sha256` is that function; `authenticator` tells where certificates
    /// end. Lists that are not valid hold nothing.
    public init(
        of records: [VariableRecord], _ authenticator: any VariableAuthenticator, sha256: ([UInt8]) -> SignerDigest
    ) {
        func digests(_ place: MicrosoftCertificate.Place) -> Set<SignerDigest> {
            guard let data = records.first(where: { $0.isNamed(place.name, place.guid) })?.data,
                SignatureLists.areValid(data, authenticator)
            else { return [] }
            let most = SignatureLists.entryCountMax
            return Set(SignatureLists(data).certificates(of: data, countMax: most, authenticator).map(sha256))
        }
        let hasPK = records.contains { $0.isNamed(VariableName("PK"), .global) }
        self.init(hasPK: hasPK, kek: digests(.kek), db: digests(.db))
    }

    /// The variables with all that is needed: each certificate in a list of its own behind what was there, Microsoft
    /// its owner. Every other byte, time and digest stays; dbx too. The certificates are DER, and are what their key
    /// says: the caller has compared hashes.
    public func applied(
        to records: [VariableRecord], certificates: [MicrosoftCertificate: [UInt8]]
    ) throws(CertificateUpdateRefusal) -> [VariableRecord] {
        var records = records
        for certificate in needed {
            guard let der = certificates[certificate] else { throw .missing(certificate) }
            let place = certificate.place
            // It is there: what it holds is why it is to grow.
            guard let index = records.firstIndex(where: { $0.isNamed(place.name, place.guid) }) else { continue }
            records[index].data += SignatureLists.list(of: .x509, [(owner: MicrosoftCertificate.owner, data: der)])
            let data = records[index].data
            if data.count > VariableRecord.dataByteCountMax
                || SignatureLists(data).entryCount > SignatureLists.entryCountMax
            {
                throw .noRoom(place)
            }
        }
        if let last = needed.last {
            // With the variables that a start makes, which count too.
            let services = VariableServices.start(VariableBlob(records: records), policy: VariablePolicy())
            if services.store.chargeSum > VariableStore.chargeMax { throw .noRoom(last.place) }
        }
        return records
    }
}

extension MicrosoftCertificate.Place {
    var name: VariableName { VariableName(self == .kek ? "KEK" : "db") }
    var guid: VendorGUID { self == .kek ? .global : .imageSecurity }
}
