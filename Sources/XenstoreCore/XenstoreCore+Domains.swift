// INTRODUCE, RELEASE, RESUME, SET_TARGET, IS_DOMAIN_INTRODUCED, GET_DOMAIN_PATH, CONTROL (xenstored.md 3).
// Not for: what comes of them (XenstoreCore+Life).

internal import XenstoreWire

extension XenstoreCore {
    /// The first number that is no guest's any more (DOMID_FIRST_RESERVED), and DOMID_SELF.
    static var reservedDomain: UInt16 { 0x7FF0 }

    /// CONTROL: the commands are the daemon's.
    func control(_ request: Request) throws(Refusal) -> Outcome {
        if XenstoreText.string(in: request.payload.span, from: 0) == nil { throw Refusal(.invalid) }
        request.connection.wait = .control(request.header)
        effects.append(.control(request.connection.id, payload: request.payload))
        return .later
    }

    /// INTRODUCE: the daemon maps the ring first.
    func introduce(_ request: Request) throws(Refusal) -> Outcome {
        let arguments = try strings(request, 3...XenstoreLimits.payloadByteCount)
        let domain = UInt16(
            truncatingIfNeeded: try number(request, arguments[0], max: UInt64(Self.reservedDomain - 1)))
        if domain == storeDomain { throw Refusal(.invalid) }
        let port = try number(request, arguments[2], max: UInt64(UInt32.max))
        if port == 0 { throw Refusal(.invalid) }
        releasePredecessor(of: domain, now: request.now)
        request.connection.wait = .introduction(of: domain, request.header)
        introductions.append((domain, request.connection))
        effects.append(.introduce(domain: domain, port: UInt32(truncatingIfNeeded: port)))
        return .later
    }

    /// An introduced domain whose number is another one's by now goes, whose end Xen has not told of yet (9.5): before
    /// the toolstack has the new one own anything.
    func releasePredecessor(of domain: UInt16, now: UInt64) {
        guard domain != controlDomain, domain != storeDomain, let record = domains[domain], record.isIntroduced,
            record.uniqueID != 0, let uniqueID = lookUp(domain), isOther(uniqueID, record)
        else { return }
        removeDomain(record, now: now)
        tellSpecial(.releaseDomain, domain)
    }

    /// The introduced domain that RELEASE or RESUME names.
    private func introduced(_ request: Request) throws(Refusal) -> DomainRecord {
        let domain = try domain(request, try one(request))
        if domain == storeDomain || domain == controlDomain { throw Refusal(.invalid) }
        guard let record = domains[domain], record.isIntroduced else { throw Refusal(.notFound) }
        return record
    }

    /// RELEASE.
    func release(_ request: Request) throws(Refusal) {
        let record = try introduced(request)
        removeDomain(record, now: request.now)
        tellSpecial(.releaseDomain, record.domain)
    }

    /// RESUME.
    func resume(_ request: Request) throws(Refusal) { try introduced(request).hasReportedShutdown = false }

    /// SET_TARGET.
    func setTarget(_ request: Request) throws(Refusal) {
        let arguments = try strings(request, 2...XenstoreLimits.payloadByteCount)
        let domain = try domain(request, arguments[0])
        let target = try self.domain(request, arguments[1])
        guard let id = domains[domain]?.connection, let connection = connection(id),
            let record = domains[target], record.isIntroduced
        else { throw Refusal(.notFound) }
        connection.target = (target, record.epoch)
    }

    /// IS_DOMAIN_INTRODUCED.
    func isDomainIntroduced(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) {
        let domain = try domain(request, try one(request))
        let isIntroduced = domain == Self.reservedDomain || domains[domain]?.isIntroduced == true
        reply = Array((isIntroduced ? "T\0" : "F\0").utf8)
    }

    /// GET_DOMAIN_PATH.
    func getDomainPath(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) {
        XenstorePath.appendHome(of: try domain(request, try one(request)), to: &reply)
        reply.append(0)
    }
}
