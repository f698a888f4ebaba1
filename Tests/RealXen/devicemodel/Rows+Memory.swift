// Memory that is watched: the dirty frames of a window, and pages whose writes come to the server.

import GuestDriving
import TAP
import XenABI
import XenDeviceModel

extension Stage {
    /// Guest-physical address of the guest's test buffer, four pages.
    func bufferAddress() throws(DriverError) -> UInt64 {
        let hello = try guest.run(.hello, results: 5)
        return joined([hello[2], hello[3]])
    }

    func dirtyRows(_ domain: DeviceModelDomain) throws(DriverError) {
        // The first four frames are the buffer; what follows is the guest's own, and may change at any time.
        let first = GuestFrame(containing: try bufferAddress())
        tap.check(try dirty(domain, first) == [0xFF, 0xFF], "track_dirty_vram reports all at first")
        tap.check(try dirty(domain, first)[0] & 0xF == 0, "then nothing")
        for page in [1, 3] as [UInt32] { _ = try guest.run(.poke, [page << 12, 1]) }
        tap.check(try dirty(domain, first)[0] & 0xF == 0b1010, "and then the two pages that the guest wrote")
        tap.check(try dirty(domain, first)[0] & 0xF == 0, "once: a second call reports them no more")
        _ = try guest.run(.peek, [0x2000], results: 1)
        tap.check(try dirty(domain, first)[0] & 0xF == 0, "a page that was read is not dirty")
        tap.succeeds("track_dirty_vram stops") { () throws(XenError) in try domain.stopTrackingDirtyVRAM() }
        tap.succeeds("and stops again") { () throws(XenError) in try domain.stopTrackingDirtyVRAM() }
        tap.check(try dirty(domain, first) == [0xFF, 0xFF], "started anew it reports all")
        _ = try guest.run(.poke, [0x2FFC, 1])
        tap.check(try dirty(domain, first)[0] & 0xF == 0b0100, "and then only what was written since")
        _ = try guest.run(.stringIn, [0x204, 4, 8, 0x1000, 0])
        _ = ports.take()
        tap.check(
            try dirty(domain, first)[0] & 0xF == 0, "what the device model writes by its own mapping is not reported")
        tap.check(
            try dirty(domain, GuestFrame(first.rawValue + 1), 3) == [0xFF],
            "another window starts anew, all bits of its last byte set")
        tap.succeeds("and can be stopped too") { () throws(XenError) in try domain.stopTrackingDirtyVRAM() }
    }

    private func dirty(
        _ domain: DeviceModelDomain, _ first: GuestFrame, _ count: Int = 16
    ) throws(DriverError) -> [UInt8] {
        var bitmap = [UInt8](repeating: 0, count: (count + 7) / 8)
        do throws(XenError) {
            var span = bitmap.mutableSpan
            try domain.trackDirtyVRAM(first: first, count: count, into: &span)
        } catch {
            throw .xen(error)
        }
        return bitmap
    }

    /// Write-tracked pages, 2 and 3 of the buffer: the guest's store to one comes to the server, its load does not.
    func writeTrackingRows(_ server: borrowing IOREQServer<ServerState.Serving>) throws(DriverError) {
        let address = try bufferAddress() + 0x2000
        let pages = Recorder()
        _ = try guest.run(.fill, [0x2000, 2048, 0x1357_9BDF])
        tap.succeeds("a server can take the memory type and two pages of it") { () throws(XenError) in
            try server.claimMemoryType()
            try server.claim(.memory(address...address + 0x1FFF), for: pages)
            try server.domain.setMemoryType(.ioreqServer, first: GuestFrame(containing: address), count: 2)
        }
        try trackedAccessRows(pages, address)
        tap.succeeds("the type can be given up while frames have it") { () throws(XenError) in
            try server.releaseMemoryType()
        }
        _ = try guest.run(.poke, [0x2008, 7])
        _ = try guest.run(.poke, [0x3008, 8])
        let values = try guest.run(.peek, [0x2008], results: 1) + guest.run(.peek, [0x3008], results: 1)
        tap.check(
            values == [7, 8] && pages.take().isEmpty, "their writes are ordinary from then on, and come to nobody",
            detail: "\(values)")
        tap.succeeds("and the pages can be given back") { () throws(XenError) in
            try server.release(.memory(address...address + 0x1FFF))
        }
        try otherHolderRows(server, address)
    }

    private func trackedAccessRows(_ pages: Recorder, _ address: UInt64) throws(DriverError) {
        _ = try guest.run(.poke, [0x3008, 0x2468_ACE0])
        tap.check(
            pages.take() == [Access(isRead: false, offset: 0x1008, bytes: 4, value: 0x2468_ACE0)],
            "the guest's write to a tracked page comes to the server")
        let value = try guest.run(.peek, [0x3008], results: 1)
        tap.check(value == [0x1357_9BDF] && pages.take().isEmpty, "its read is served from memory", detail: "\(value)")
        for bytes in [1, 2, 4, 8] as [UInt32] {
            _ = try guest.run(.store, pair(address + 0x20) + [bytes] + pair(0x1122_3344_5566_7788))
            let wanted = 0x1122_3344_5566_7788 & (UInt64.max >> UInt64(64 - 8 * bytes))
            let got = pages.take()
            tap.check(
                got == [Access(isRead: false, offset: 0x20, bytes: Int(bytes), value: wanted)],
                "a write of \(bytes) bytes to the second tracked page comes whole", detail: "\(got)")
        }
        _ = try guest.run(.fill, [0x100, 4, 0x5A5A_A5A5])
        _ = try guest.run(.moveOut, pair(address + 0x40) + [4, 4, 0x100, 0])
        let moved = (0..<4).map { Access(isRead: false, offset: 0x40 + 4 * UInt64($0), bytes: 4, value: 0x5A5A_A5A5) }
        let got = pages.take()
        tap.check(got == moved, "rep movs to a tracked page comes element by element", detail: "\(got)")
        _ = try guest.run(.store, pair(address + 0xFFC) + [8] + pair(0x1122_3344_5566_7788))
        let halves = pages.take()
        tap.check(
            halves == [
                Access(isRead: false, offset: 0xFFC, bytes: 4, value: 0x5566_7788),
                Access(isRead: false, offset: 0x1000, bytes: 4, value: 0x1122_3344),
            ], "a write over both tracked pages comes as one for each", detail: "\(halves)")
        let words = try guest.run(.load, pair(address + 0xFFC) + [8], results: 2)
        tap.check(
            words == [0x1357_9BDF, 0x1357_9BDF], "and memory keeps what it had: storing it is the device's business",
            detail: "\(words)")
    }

    /// The type is free for another server; and when a server goes that holds it, so does the tracking.
    private func otherHolderRows(
        _ server: borrowing IOREQServer<ServerState.Serving>, _ address: UInt64
    ) throws(DriverError) {
        let domain = server.domain
        let pages = Recorder()
        var other: IOREQServer<ServerState.Serving>?
        tap.succeeds("another server can take the type now") { () throws(XenError) in
            let made = try domain.makeIOREQServer().mapPages()
                .claim(.memory(address...address + 0xFFF), for: pages).enable()
            try made.claimMemoryType()
            try domain.setMemoryType(.ioreqServer, first: GuestFrame(containing: address), count: 1)
            other = consume made
        }
        tap.expect(.ebusy, "and nobody else as long as it has it") { () throws(XenError) in
            try server.claimMemoryType()
        }
        _ = try guest.run(.poke, [0x2008, 9])
        tap.check(pages.take().count == 1, "a write comes to its server")
        if let holder = other.take() { close(holder, "a server can be closed that holds the type") }
        _ = try guest.run(.poke, [0x2008, 10])
        tap.check(
            try guest.run(.peek, [0x2008], results: 1) == [10] && pages.take().isEmpty,
            "and writes to its pages are ordinary again")
    }
}
