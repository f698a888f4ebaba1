// The platform's own behaviour on a real Xen: what it adds to the ioctls, and that restriction covers all of it.

import SystemCalls
import TAP
import XenABI
import XenLinux
import XenPlatform

/// op 1 on a domain, by the platform.
private func create(_ platform: borrowing Platform, _ domain: UInt16) throws(XenError) {
    var frame = DMOPFrame(DMOP.CreateIOREQServer(handling: .off))
    var operation = frame.bytes.mutableSpan
    var none: [0 of UInt8] = []
    var data = none.mutableSpan
    try platform.calls.dmOp(DomainID(domain), &operation, &data)
}

/// op 11 with one extent: two buffers.
private func modify(_ platform: borrowing Platform, _ domain: UInt16) throws(XenError) {
    var frame = DMOPFrame(DMOP.ModifiedMemory(extentCount: 1))
    var operation = frame.bytes.mutableSpan
    var extent: [16 of UInt8] = .init(repeating: 0)
    var data = extent.mutableSpan
    try platform.calls.dmOp(DomainID(domain), &operation, &data)
}

/// E1 to E3, M7, F5, gntdev, domctl 90.
func rowsOfRefusals(_ tap: TAP, _ platform: borrowing Platform) {
    let memory = platform.memory
    for domain: UInt16 in [0x7FF0, 0x7FF1, 0x7FF2, 0x7FF4] {
        tap.expect(.esrch, "E1 op 1 on domain \(domain)") { () throws(XenError) in try create(platform, domain) }
    }
    tap.expect(.esrch, "E2 op 1 on domain 77") { () throws(XenError) in try create(platform, 77) }
    tap.expect(.esrch, "E2 op 11, with two buffers, on domain 77") { () throws(XenError) in try modify(platform, 77) }
    tap.expect(.eperm, "E3 op 1 on domain 0") { () throws(XenError) in try create(platform, 0) }
    do throws(XenError) {
        try create(platform, 77)
    } catch {
        tap.check(
            error.description.hasPrefix("create_ioreq_server on domain 77"), "the error names call and domain",
            detail: error.description)
    }
    for (domain, code) in [(UInt16(77), XenErrorCode.esrch), (0, .eperm), (0x7FF0, .esrch)] {
        tap.expect(code, "M7 a resource of domain \(domain)") { () throws(XenError) in
            try memory.mapResource(DomainID(domain), .ioreqServer, id: 0, frame: 1, count: 1).close()
        }
    }
    do throws(XenError) {
        let size = try memory.resourceSize(DomainID(77), .ioreqServer, id: 0)
        tap.check(isBefore415 && size == 32, "the size of a resource of domain 77 (before 4.15: 32)", detail: "\(size)")
    } catch {
        tap.check(
            !isBefore415 && error.code == .esrch, "the size of a resource of domain 77", detail: error.description)
    }
    tap.expect(.esrch, "F5 frames of domain 77") { () throws(XenError) in
        try memory.mapFrames(DomainID(77), [GuestFrame(5), GuestFrame(6)], access: .read).close()
    }
    do throws(XenError) {
        try memory.mapFrames(DomainID(77), [GuestFrame(5), GuestFrame(6)], access: .readWrite).close()
    } catch {
        tap.check(error.value == 5, "the error names the first frame", detail: error.description)
    }
    tap.expect(.einval, "no frames") { () throws(XenError) in
        try memory.mapFrames(DomainID(77), [], access: .read).close()
    }
}

/// Grants and domain states.
func rowsOfGrantsAndStates(_ tap: TAP, _ platform: borrowing Platform) {
    if let grants = platform.grants {
        for _ in 0..<3 {
            tap.expect(.einval, "H3 a grant of domain 77") { () throws(XenError) in
                try grants.mapGrant(DomainID(77), .xenstore).close()
            }
        }
    } else {
        tap.check(false, "gntdev is there")
    }
    guard let states = platform.states else { return tap.check(false, "there is hypercall memory") }
    do throws(XenError) {
        let state = try states.state(of: DomainID(0))
        tap.check(state.exists && state.isControlDomain, "domain 0 exists and controls (4.21 on)")
    } catch {
        tap.expect(-error.code.rawValue, -XenErrorCode.eopnotsupp.rawValue, "D1 domctl 90 before 4.21")
    }
    tap.expect(.esrch, "no state of DOMID_INVALID, which would poll") { () throws(XenError) in
        _ = try states.state(of: .invalid)
    }
}

/// K15 to K18, C9, C10 by the platform.
func rowsOfPlatformRestriction(_ tap: TAP, _ platform: borrowing Platform) {
    let events = platform.events
    let memory = platform.memory
    let domain = DomainID(77)
    let other = DomainID(78)
    var held: BoundPort?
    tap.succeeds("a port bound before the restriction") { () throws(XenError) in held = try events.bindUnbound(domain) }
    tap.succeeds("restrict to 77") { () throws(XenError) in try platform.calls.restrict(to: domain) }
    tap.succeeds("C9 restrict events to 77") { () throws(XenError) in try events.restrict(to: domain) }
    tap.succeeds("restrict events to 77 again: nothing to do") { () throws(XenError) in
        try events.restrict(to: domain)
    }
    tap.expect(.eacces, "C9 restrict events to another") { () throws(XenError) in
        try events.restrict(to: DomainID(78))
    }
    tap.expect(.eperm, "K15 DM_OP on 78") { () throws(XenError) in try create(platform, 78) }
    tap.expect(.esrch, "K15 DM_OP on 77 goes on to Xen") { () throws(XenError) in try create(platform, 77) }
    tap.expect(.eperm, "K17 a resource of 78") { () throws(XenError) in
        try memory.mapResource(other, .ioreqServer, id: 0, frame: 1, count: 1).close()
    }
    tap.expect(.eperm, "K18 frames of 78") { () throws(XenError) in
        try memory.mapFrames(other, [GuestFrame(5)], access: .read).close()
    }
    tap.expect(.esrch, "F5 frames of 77 go on to Xen") { () throws(XenError) in
        try memory.mapFrames(domain, [GuestFrame(5)], access: .read).close()
    }
    tap.expect(.eacces, "C10 bind to a port of 78") { () throws(XenError) in
        try events.bindInterdomain(other, port: EventPort(1)).close()
    }
    tap.expect(.esrch, "C10 bind to a port of 77 goes on to Xen") { () throws(XenError) in
        try events.bindInterdomain(domain, port: EventPort(1)).close()
    }
    tap.expect(.eacces, "C10 bind a VIRQ") { () throws(XenError) in try events.bindVIRQ(.domainException).close() }
    tap.expect(.eacces, "C10 bind an unbound port") { () throws(XenError) in try events.bindUnbound(domain).close() }
    if let states = platform.states {
        tap.expect(.eperm, "K16 domctl 90") { () throws(XenError) in _ = try states.state(of: DomainID(0)) }
    }
    if let port = held.take() {
        tap.succeeds("C9 a port bound before stays usable") { () throws(XenError) in try events.notify(port.port) }
        port.close()
    }
}
