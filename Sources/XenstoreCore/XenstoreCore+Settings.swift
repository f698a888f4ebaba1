// GET_FEATURE, SET_FEATURE, GET_QUOTA, SET_QUOTA (xenstored.md 3).
// Not for: what features and quotas do.

internal import XenstoreWire

extension XenstoreCore {
    private func put(_ number: UInt64, _ reply: inout [UInt8]) {
        var writer = XenstoreWriter()
        writer.putDecimal(number)
        reply = writer.bytes + [0]
    }

    /// The number of a domain that exists.
    private func existing(_ request: Request, _ range: Range<Int>) throws(Refusal) -> UInt16 {
        let domain = try domain(request, range)
        if !exists(domain, for: request) { throw Refusal(.notFound) }
        return domain
    }

    /// GET_FEATURE.
    func getFeature(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) {
        let arguments = try strings(request, 0...1)
        guard let argument = arguments.first, !argument.isEmpty else {
            return put(UInt64(request.connection.domain.features), &reply)
        }
        if !request.connection.isPrivileged { throw Refusal(.access) }
        let domain = try existing(request, argument)
        put(UInt64(domains[domain]?.features ?? 15), &reply)
    }

    /// SET_FEATURE.
    func setFeature(_ request: Request) throws(Refusal) {
        let arguments = try strings(request, 2...2)
        let domain = try domain(request, arguments[0])
        let features = try number(request, arguments[1], max: .max)
        if !exists(domain, for: request) { throw Refusal(.notFound) }
        if domains[domain]?.isIntroduced == true { throw Refusal(.busy) }
        if features & ~15 != 0 { throw Refusal(.invalid) }
        known(domain).features = UInt32(truncatingIfNeeded: features)
    }

    /// The record of an existing domain that becomes known by being named.
    private func known(_ domain: UInt16) -> DomainRecord {
        domains[domain] ?? makeRecord(domain, uniqueID: lookUp(domain) ?? 0)
    }

    /// GET_QUOTA.
    func getQuota(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) {
        let arguments = try strings(request, 0...2)
        guard let name = arguments.last else {
            reply = Array(Quota.allCases.map(\.name).joined(separator: " ").utf8) + [0]
            return
        }
        let domain = arguments.count == 2 ? try existing(request, arguments[0]) : nil
        guard let quota = Quota(request.payload, name) else { throw Refusal(.invalid) }
        let quotas = domain.flatMap { domains[$0]?.quotas } ?? defaultQuotas
        put(UInt64(quotas[quota]), &reply)
    }

    /// SET_QUOTA.
    func setQuota(_ request: Request) throws(Refusal) {
        let arguments = try strings(request, 2...3)
        let domain = arguments.count == 3 ? try existing(request, arguments[0]) : nil
        guard let quota = Quota(request.payload, arguments[arguments.count - 2]) else { throw Refusal(.invalid) }
        let value = Int(truncatingIfNeeded: try number(request, arguments[arguments.count - 1], max: 2_147_483_647))
        if let domain { known(domain).quotas[quota] = value } else { defaultQuotas[quota] = value }
    }
}
