// Whether one certificate is issued by another (varstored.md 8.9), but for the signature. Not for: whole chains.

extension Certificate {
    /// Name and key identifiers of the child fit those of the parent.
    func names(parent: Certificate) -> Bool {
        guard issuer.matches(parent.subject) else { return false }
        guard let authority = extensions.authorityKey else { return true }
        if let wanted = authority.keyIdentifier, let own = parent.extensions.subjectKeyIdentifier, wanted != own {
            return false
        }
        if let wanted = authority.serial, wanted != parent.serial { return false }
        if let wanted = authority.issuer, !wanted.matches(parent.issuer) { return false }
        return true
    }

    /// The certificate may issue others, as far as it says itself.
    enum Authority {
        /// Whoever trusts it or not.
        case always
        /// Only as the trusted certificate: it has keyUsage keyCertSign, but no basicConstraints.
        case whenTrusted
        /// When it is the trusted one, or its signature verifies with its own key: version 1 and its own issuer.
        case whenSelfSigned
        case never
    }

    var authority: Authority {
        if extensions.signsCertificates == false { return .never }
        if let constraints = extensions.basicConstraints { return constraints.isAuthority ? .always : .never }
        if extensions.signsCertificates == true { return .whenTrusted }
        return version == 1 && isSelfIssued ? .whenSelfSigned : .never
    }
}
