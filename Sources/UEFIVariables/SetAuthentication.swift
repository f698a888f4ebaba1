// Which signature a variable's change needs, and asking for it. Source: varstored.md 7.
// Not for: checking a signature (VariableAuthenticator.swift; the target UEFIAuthentication does it).

/// The rules of the table in varstored.md 7.
private enum SignatureRule {
    /// No signature is looked at, nor the time.
    case none
    /// PK in setup mode: it signs itself.
    case firstPK
    /// By PK's certificate.
    case pk
    /// By PK's certificate, or by one of KEK's or under one of them.
    case pkOrKEK
    /// By whoever made the variable.
    case ownSigner
}

extension VariableServices {
    /// The most certificates of KEK that are tried. Source: varstored.md 7, 18.
    public static var kekCertificateCountMax: Int { 64 }

    /// Whether PK exists: user mode.
    var hasPK: Bool { slot(.pk) != nil }

    /// The slot of the variable of a kind.
    func slot(_ kind: VariableKind) -> Int32? {
        guard let variable = kind.variable else { return nil }
        return store.slot(of: variable.name, variable.guid)
    }

    /// Checks the descriptor and the signature of a request; the payload is what is to be stored.
    func authenticate(
        _ set: SetRequest, _ bytes: Span<UInt8>, _ slot: Int32?, _ authenticator: any VariableAuthenticator
    ) throws(VariableStatus) -> SetPayload {
        let rule = signatureRule(set.kind)
        let stored = slot.map { store.slots[Int($0)].record.timestamp }
        let checksTime = policy.enforcing && !set.appends && rule != .none
        let descriptor = try AuthenticationDescriptor(bytes, set.data) { time in
            guard checksTime, let stored else { return false }
            return !time.isLater(than: stored)
        }
        if set.kind == .pk && set.appends && slot != nil { throw .invalidParameter }
        var payload = SetPayload(data: descriptor.payload, timestamp: descriptor.time)
        if rule == .ownSigner && policy.isTool && slot != nil && descriptor.payload.isEmpty && !set.appends {
            return payload  // 14.5: tools delete private variables without a signature
        }
        let digest = try verify(set, bytes, slot, descriptor, rule, authenticator)
        if rule == .ownSigner { payload.digest = digest }
        if set.kind.isKey {
            let countMax = set.kind == .pk ? 1 : SignatureLists.entryCountMax
            let lists = bytes.copy(descriptor.payload)
            if !SignatureLists.areValid(lists, entryCountMax: countMax, authenticator) { throw .invalidParameter }
        }
        return payload
    }

    private func signatureRule(_ kind: VariableKind) -> SignatureRule {
        if !kind.isKey { return .ownSigner }
        if !policy.enforcing { return .none }
        let userMode = hasPK
        if kind == .pk { return userMode ? .pk : .firstPK }
        if !userMode { return .none }
        return kind == .kek ? .pk : .pkOrKEK
    }

    private func verify(
        _ set: SetRequest, _ bytes: Span<UInt8>, _ slot: Int32?, _ descriptor: AuthenticationDescriptor,
        _ rule: SignatureRule, _ authenticator: any VariableAuthenticator
    ) throws(VariableStatus) -> SignerDigest {
        let payload = bytes.copy(descriptor.payload)
        let asked: AuthenticationRule
        switch rule {
        case .none: return .zero
        case .firstPK: asked = firstPKRule(payload, authenticator)
        case .pk: asked = .trusted(exact: pkCertificate(authenticator), anchors: [])
        case .pkOrKEK:
            asked = .trusted(exact: pkCertificate(authenticator), anchors: kekCertificates(authenticator))
        case .ownSigner:
            let bound = policy.enforcing ? slot.map { store.slots[Int($0)].record.digest } : nil
            asked = .selfAnchored(bound: bound)
        }
        var attributes: [UInt8] = []
        attributes.put(set.attributes.rawValue)
        let request = AuthenticationRequest(
            signedData: bytes.copy(descriptor.signedData),
            content: [bytes.copy(set.name), set.guid.bytes, attributes, descriptor.time.bytes, payload],
            rule: asked)
        guard case .accepted(let digest) = authenticator.verify(request) else { throw .securityViolation }
        return digest
    }

    /// Setup mode: the first certificate of the payload's first list is the anchor; no payload, no anchor.
    private func firstPKRule(
        _ payload: [UInt8], _ authenticator: any VariableAuthenticator
    ) -> AuthenticationRule {
        if payload.isEmpty { return .wellFormed }
        return .trusted(exact: nil, anchors: firstCertificate(payload, authenticator).map { [$0] } ?? [])
    }

    /// The certificate of PK's first entry; nil if PK gives no trust. Source: varstored.md 7, 11.3.
    private func pkCertificate(_ authenticator: any VariableAuthenticator) -> [UInt8]? {
        guard let data = trusted(.pk, authenticator) else { return nil }
        return firstCertificate(data, authenticator)
    }

    private func kekCertificates(_ authenticator: any VariableAuthenticator) -> [[UInt8]] {
        guard let data = trusted(.kek, authenticator) else { return [] }
        return SignatureLists(data).certificates(of: data, countMax: Self.kekCertificateCountMax, authenticator)
    }

    /// The certificate that the first entry of the first list is.
    private func firstCertificate(
        _ data: [UInt8], _ authenticator: any VariableAuthenticator
    ) -> [UInt8]? {
        guard let list = SignatureLists(data).lists.first, list.type == .x509 else { return nil }
        let entry = data.span.copy(list.entryData(0))
        return authenticator.certificateByteCount(entry).map { Array(entry.prefix($0)) }
    }

    /// A key variable's data, if it gives trust: an old blob may hold anything. Source: varstored.md 11.3.
    private func trusted(_ kind: VariableKind, _ authenticator: any VariableAuthenticator) -> [UInt8]? {
        guard let slot = slot(kind) else { return nil }
        let record = store.slots[Int(slot)].record
        if record.attributes != .key { return nil }
        let countMax = kind == .pk ? 1 : SignatureLists.entryCountMax
        return SignatureLists.areValid(record.data, entryCountMax: countMax, authenticator) ? record.data : nil
    }

    /// The key variables that are there and give no trust, as an old blob may hold them: for the log.
    /// Source: varstored.md 11.3.
    public func untrustedKeys(_ authenticator: any VariableAuthenticator) -> [VariableName] {
        let kinds: [VariableKind] = [.pk, .kek, .db, .dbx, .dbt]
        return kinds.compactMap { kind in
            slot(kind) != nil && trusted(kind, authenticator) == nil ? kind.variable?.name : nil
        }
    }
}
