// What needs a guest: mapping that succeeds, answers of operations, ports of a server. For a fresh PVH domain that is
// paused, with frames 0..0x3ff populated, made by xl (so that its Xenstore page is granted to dom0).

import SystemCalls
import TAP
import XenABI
import XenLinux
import XenPlatform

/// A domain to try things on.
struct Target {
    let domain: DomainID
    let platform: Platform

    /// One operation without a second buffer: its payload afterwards.
    func call<Payload: DMOPPayload>(_ payload: Payload) throws(XenError) -> Payload {
        var none: [0 of UInt8] = []
        var data = none.mutableSpan
        return try call(payload, &data)
    }

    /// One operation with a second buffer: its payload afterwards.
    func call<Payload: DMOPPayload>(
        _ payload: Payload, _ data: inout MutableSpan<UInt8>
    ) throws(XenError) -> Payload {
        var frame = DMOPFrame(payload)
        var operation = frame.bytes.mutableSpan
        try platform.calls.dmOp(domain, &operation, &data)
        return frame.payload(Payload.self)
    }

    func map(_ id: IOREQServerID, _ frame: UInt32, _ count: Int) throws(XenError) -> MappedPages {
        try platform.memory.mapResource(
            domain, .ioreqServer, id: UInt32(id.rawValue), frame: frame, count: count)
    }
}

/// All rows with a guest; the last ones restrict the platform.
func rowsOfGuest(_ tap: TAP, _ target: Target) throws(XenError) {
    try rowsOfFrames(tap, target)
    try rowsOfBuffers(tap, target)
    try rowsOfServer(tap, target)
    try rowsOfXenstoreGrant(tap, target)
    try target.platform.restrict(to: target.domain)
    try rowsOfServer(tap, target)
    try rowsOfFrames(tap, target)
}

/// F1, and what is written by one mapping is read by another.
private func rowsOfFrames(_ tap: TAP, _ target: Target) throws(XenError) {
    let memory = target.platform.memory
    let writable = try memory.mapFrames(target.domain, [GuestFrame(0x101), GuestFrame(0x100)], access: .readWrite)
    tap.check(writable.byteCount == 8192, "two frames are two pages")
    let sent: [UInt8] = [1, 2, 3, 4]
    writable.copyIn(at: 4094, from: sent.span)
    let readable = try memory.mapFrames(target.domain, [GuestFrame(0x100), GuestFrame(0x101)], access: .read)
    var received = [UInt8](repeating: 0, count: 2)
    var span = received.mutableSpan
    readable.copyOut(from: 0, into: &span)
    tap.check(received == [3, 4], "frames are mapped in the order given", detail: "\(received)")
    span = received.mutableSpan
    readable.copyOut(from: 8190, into: &span)
    tap.check(received == [1, 2], "and show what another mapping wrote", detail: "\(received)")
    let hole = GuestFrame(0x80000)
    tap.expect(.einval, "F1 a frame and a hole") { () throws(XenError) in
        try memory.mapFrames(target.domain, [GuestFrame(0x100), hole], access: .read).close()
    }
    do throws(XenError) {
        try memory.mapFrames(target.domain, [GuestFrame(0x100), hole], access: .read).close()
    } catch {
        tap.check(error.value == hole.rawValue, "F1 the error names the hole", detail: error.description)
    }
    let many = (0..<0x300).map { GuestFrame(UInt64($0)) }
    tap.succeeds("768 frames in one mapping, 3 times") { () throws(XenError) in
        for _ in 0..<3 { try memory.mapFrames(target.domain, many, access: .readWrite).close() }
    }
}

/// E11, V1, V4, Y1: answers in both buffers. Operation 11 does nothing while no toolstack logs dirty pages.
private func rowsOfBuffers(_ tap: TAP, _ target: Target) throws(XenError) {
    do throws(XenError) {
        let count = try target.call(DMOP.VCPUCount()).count
        tap.check(count == 1, "op 20 answers in buffer 0: one vCPU", detail: "\(count)")
    } catch {
        tap.check(isBefore415 && error.code == .eopnotsupp, "op 20 before 4.15", detail: error.description)
    }
    var bitmap = [UInt8](repeating: 0, count: 2)
    var dirty = bitmap.mutableSpan
    tap.succeeds("V4 op 7 answers in buffer 1") { () throws(XenError) in
        _ = try target.call(DMOP.TrackDirtyVRAM(count: 12, first: GuestFrame(0x10)), &dirty)
    }
    tap.check(bitmap == [0xFF, 0xFF], "a fresh window is all dirty", detail: "\(bitmap)")
    dirty = bitmap.mutableSpan
    tap.succeeds("V4 op 7 again") { () throws(XenError) in
        _ = try target.call(DMOP.TrackDirtyVRAM(count: 12, first: GuestFrame(0x10)), &dirty)
    }
    tap.check(bitmap == [0, 0], "V4 nothing has been written since", detail: "\(bitmap)")
    tap.expect(.einval, "V1 an empty second buffer is not sent") { () throws(XenError) in
        _ = try target.call(DMOP.TrackDirtyVRAM(count: 12, first: GuestFrame(0x10)))
    }
    var extent = DMOP.Extent(count: 1, first: GuestFrame(0x14)).encodedBytes
    var extents = extent.mutableSpan
    tap.succeeds("Y1 op 11 with its second buffer") { () throws(XenError) in
        _ = try target.call(DMOP.ModifiedMemory(extentCount: 1), &extents)
    }
    dirty = bitmap.mutableSpan
    tap.succeeds("op 7 with no frames stops it") { () throws(XenError) in
        _ = try target.call(DMOP.TrackDirtyVRAM(count: 0, first: GuestFrame(0)), &dirty)
    }
}

/// M1 to M5, M9, M11, C7, C11: a server's pages and ports.
private func rowsOfServer(_ tap: TAP, _ target: Target) throws(XenError) {
    let id = try target.call(DMOP.CreateIOREQServer(handling: .off)).id
    let size = try target.platform.memory.resourceSize(target.domain, .ioreqServer, id: UInt32(id.rawValue))
    tap.check(size == (isBefore415 ? 32 : 2), "M1 the size is 2 frames (32 before 4.15)", detail: "\(size)")
    tap.expect(.enoent, "M2 no buffered page") { () throws(XenError) in try target.map(id, 0, 1).close() }
    tap.expect(.einval, "M4 no third frame") { () throws(XenError) in try target.map(id, 2, 1).close() }
    tap.expect(.enoent, "M5 no server 7") { () throws(XenError) in try target.map(IOREQServerID(7), 1, 1).close() }
    let slots = try target.map(id, 1, 1)
    tap.check(slots.loadAcquiring32(at: IOREQ.portOffset) == 0, "M9 no port before the server is enabled")
    _ = try target.call(DMOP.SetIOREQServerState(id: id, enabled: true))
    let remote = EventPort(slots.loadAcquiring32(at: IOREQ.portOffset))
    tap.check(remote.rawValue != 0, "M9 a port afterwards")
    try rowsOfServerPort(tap, target, remote)
    slots.close()
    _ = try target.call(DMOP.DestroyIOREQServer(id: id))
    let buffered = try target.call(DMOP.CreateIOREQServer(handling: .atomic)).id
    let pages = try target.map(buffered, 0, 2)
    tap.check(pages.byteCount == 8192 && pages.loadAcquiring64(at: 0) == 0, "M11 both pages, zeroed")
    _ = try target.call(DMOP.DestroyIOREQServer(id: buffered))
    tap.expect(.enoent, "a server that is gone") { () throws(XenError) in
        _ = try target.call(DMOP.DestroyIOREQServer(id: buffered))
    }
}

/// C7, C11.
private func rowsOfServerPort(_ tap: TAP, _ target: Target, _ remote: EventPort) throws(XenError) {
    let events = target.platform.events
    let bound = try events.bindInterdomain(target.domain, port: remote)
    tap.expect(.einval, "C7 the port is bound already") { () throws(XenError) in
        try events.bindInterdomain(target.domain, port: remote).close()
    }
    tap.check(try events.wait(orReadable: nil, milliseconds: 5000) == .event, "C7 it fires at once")
    tap.check(try events.next() == bound.port, "C7 and is the one answered")
    try events.unmask(bound.port)
    try events.notify(bound.port)
    tap.check(
        try events.wait(orReadable: nil, milliseconds: 20) == .timeout, "our own notification does not come back")
    bound.close()
    tap.succeeds("C11 it can be bound again") { () throws(XenError) in
        let again = try events.bindInterdomain(target.domain, port: remote)
        _ = try events.next()
        again.close()
    }
}

/// H2, H4, H5: the page that the domain builder granted.
private func rowsOfXenstoreGrant(_ tap: TAP, _ target: Target) throws(XenError) {
    guard let grants = target.platform.grants else { return tap.check(false, "gntdev is there") }
    var first: MappedPages?
    guard
        tap.succeeds(
            "H4 the Xenstore page by its grant",
            { () throws(XenError) in
                first = try grants.mapGrant(target.domain, .xenstore)
            }), let page = first.take()
    else { return }
    let second = try grants.mapGrant(target.domain, .xenstore)
    let mark: [UInt8] = [0x5A]
    page.copyIn(at: 4095, from: mark.span)
    tap.check(second.loadAcquiring8(at: 4095) == 0x5A, "two mappings are of the same page")
    page.close()
    second.close()
    tap.succeeds("H5 mapping and unmapping, 100 times") { () throws(XenError) in
        for _ in 0..<100 { try grants.mapGrant(target.domain, .xenstore).close() }
    }
    tap.expect(.einval, "H3 a grant that was not given") { () throws(XenError) in
        try grants.mapGrant(target.domain, GrantReference(2000)).close()
    }
}
