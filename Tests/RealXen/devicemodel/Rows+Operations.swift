// Every operation of the library, answered by real Xen. Rows of dmop.md section 18.5.

import GuestDriving
import TAP
import XenABI
import XenDeviceModel
import XenPlatform

extension Stage {
    func operationRows(_ domain: DeviceModelDomain) {
        tap.succeeds("isAlive asks without changing anything") { () throws(XenError) in
            guard try domain.isAlive() else { throw XenError(.esrch, "isAlive") }
        }
        tap.succeeds("set_mem_type makes frames read-only and back") { () throws(XenError) in
            try domain.setMemoryType(.ramReadOnly, first: GuestFrame(0x800), count: 2)
            try domain.setMemoryType(.ramReadWrite, first: GuestFrame(0x800), count: 2)
        }
        tap.expect(.einval, "set_mem_type beyond the memory map is EINVAL") { () throws(XenError) in
            try domain.setMemoryType(.ramReadOnly, first: GuestFrame(0xF_FFFF), count: 1)
        }
        tap.succeeds("modified_memory takes 300 extents in two calls") { () throws(XenError) in
            let before = domain.counter(of: .modifiedMemory).count
            try domain.reportModified((0..<300).map { DMOP.Extent(count: 1, first: GuestFrame($0)) })
            guard domain.counter(of: .modifiedMemory).count == before + 2 else { throw XenError(.erange, "calls") }
        }
        tap.succeeds("relocate_memory moves a frame away and back") { () throws(XenError) in
            try domain.relocateMemory(count: 1, from: GuestFrame(0x810), to: GuestFrame(0x8_0000))
            try domain.relocateMemory(count: 1, from: GuestFrame(0x8_0000), to: GuestFrame(0x810))
        }
        tap.succeeds("pin_memory_cacheattr pins and unpins") { () throws(XenError) in
            try domain.pinCacheAttribute(.writeBack, GuestFrame(0x10)...GuestFrame(0x1F))
            try domain.unpinCacheAttribute(GuestFrame(0x10)...GuestFrame(0x1F))
        }
        tap.expect(.enoent, "unpinning what is not pinned is ENOENT") { () throws(XenError) in
            try domain.unpinCacheAttribute(GuestFrame(0x10)...GuestFrame(0x1F))
        }
        tap.expect(.eopnotsupp, "set_irq_level is Arm's") { () throws(XenError) in
            try domain.setIRQLevel(33, level: true)
        }
        tap.expect(.einval, "set_isa_irq_level knows 16 lines") { () throws(XenError) in
            try domain.setISAIRQLevel(16, level: true)
        }
        tap.expect(.einval, "set_pci_intx_level knows 32 devices") { () throws(XenError) in
            try domain.setPCIINTxLevel(device: 32, pin: 0, level: true)
        }
        tap.expect(.einval, "set_pci_link_route knows 4 links") { () throws(XenError) in
            try domain.setPCILinkRoute(4, to: 5)
        }
        tap.expect(.einval, "inject_event needs a vCPU that is there") { () throws(XenError) in
            try domain.injectEvent(VCPUID(9), type: .hardwareException, vector: 14)
        }
        tap.expect(.erange, "inject_msi with vector 0 needs a pirq") { () throws(XenError) in
            try domain.injectMSI(address: 0, data: 0)
        }
    }

    func dirtyRows(_ domain: DeviceModelDomain) throws(DriverError) {
        // The guest's test buffer lies in this window, so that a store of the guest's is seen.
        let hello = try guest.run(.hello, results: 5)
        let first = GuestFrame(containing: joined([hello[2], hello[3]]))
        var bitmap = [UInt8](repeating: 0, count: 2)
        tap.succeeds("track_dirty_vram reports all at first, then nothing") { () throws(XenError) in
            var span = bitmap.mutableSpan
            try domain.trackDirtyVRAM(first: first, count: 16, into: &span)
            guard span[0] == 0xFF, span[1] == 0xFF else { throw XenError(.erange, "first bitmap") }
            try domain.trackDirtyVRAM(first: first, count: 16, into: &span)
        }
        _ = try guest.run(.poke, [0x1000, 1])
        tap.succeeds("and then the page that the guest wrote") { () throws(XenError) in
            var span = bitmap.mutableSpan
            try domain.trackDirtyVRAM(first: first, count: 16, into: &span)
            guard span[0] & 2 == 2, span[0] & 8 == 0 else { throw XenError(.erange, "bitmap", value: UInt64(span[0])) }
            try domain.stopTrackingDirtyVRAM()
        }
    }

    /// Write-tracked pages: the guest's store to one comes to the server, its load does not.
    func writeTrackingRows(_ server: borrowing IOREQServer<ServerState.Serving>) throws(DriverError) {
        let hello = try guest.run(.hello, results: 5)
        let address = joined([hello[2], hello[3]]) + 0x3000
        let page = Recorder()
        _ = try guest.run(.poke, [0x3008, 0x1357_9BDF])
        tap.succeeds("a server can take the memory type and a page of it") { () throws(XenError) in
            try server.claimMemoryType()
            try server.claim(.memory(address...address + 0xFFF), for: page)
            try server.domain.setMemoryType(.ioreqServer, first: GuestFrame(containing: address), count: 1)
        }
        _ = try guest.run(.poke, [0x3008, 0x2468_ACE0])
        tap.check(
            page.take() == [Access(isRead: false, offset: 8, bytes: 4, value: 0x2468_ACE0)],
            "the guest's write to a tracked page comes to the server")
        let value = try guest.run(.peek, [0x3008], results: 1)
        tap.check(value == [0x1357_9BDF] && page.take().isEmpty, "its read is served from memory", detail: "\(value)")
        tap.succeeds("and everything can be given back") { () throws(XenError) in
            try server.domain.setMemoryType(.ramReadWrite, first: GuestFrame(containing: address), count: 1)
            try server.release(.memory(address...address + 0xFFF))
            try server.releaseMemoryType()
        }
        _ = try guest.run(.poke, [0x3008, 7])
        tap.check(try guest.run(.peek, [0x3008], results: 1) == [7], "so that writes are ordinary again")
    }

    /// Rows about other domains; `domain`'s platform is restricted.
    func restrictionRows(_ domain: DeviceModelDomain) {
        let other = DomainID(domain.id.rawValue + 1)
        tap.expect(.eperm, "after restriction another domain is EPERM") { () throws(XenError) in
            _ = try domain.platform.domain(other, restricted: false)
        }
        tap.expect(.eperm, "also for mapping its memory") { () throws(XenError) in
            try domain.platform.memory.mapFrames(other, [GuestFrame(0x100)], access: .read).close()
        }
        tap.expect(.eacces, "and for its event channels") { () throws(XenError) in
            try domain.platform.events.bindInterdomain(other, port: EventPort(1)).close()
        }
    }

    /// A platform of our own, not restricted.
    func stranger(_ open: () throws(XenError) -> Platform) {
        do throws(XenError) {
            let platform = try open()
            tap.expect(.esrch, "a domain that is not there is ESRCH") { () throws(XenError) in
                _ = try platform.domain(DomainID(7777), restricted: false)
            }
            tap.expect(.eperm, "our own domain is EPERM") { () throws(XenError) in
                _ = try platform.domain(DomainID(0), restricted: true)
            }
        } catch {
            tap.check(false, "a second platform can be opened", detail: error.description)
        }
    }
}

extension Stage {
    /// Row J2, on the running guest: the vCPU takes no event as long as it waits in an access.
    func eventRows(_ domain: DeviceModelDomain) throws(DriverError) {
        _ = try guest.run(.armVector, [14])
        try guest.serve { guest.isWaiting() }  // else it may take the first event before the second comes
        tap.succeeds("inject_event gives the guest a page fault") { () throws(XenError) in
            try domain.injectEvent(VCPUID(0), type: .hardwareException, vector: 14, errorCode: nil, extra: 0x1234)
        }
        tap.expect(.ebusy, "a second one before it was taken is EBUSY") { () throws(XenError) in
            try domain.injectEvent(VCPUID(0), type: .hardwareException, vector: 14)
        }
        let count = try guest.run(.vectorCount, [14], results: 1)
        tap.check(count == [1], "the guest has counted one", detail: "\(count)")
    }

    /// The last row: afterwards the guest does nothing any more.
    func shutdownRow(_ domain: DeviceModelDomain) {
        tap.succeeds("remote_shutdown shuts the guest down, and it is still there") { () throws(XenError) in
            try domain.shutDown(.powerOff)
            guard try domain.isAlive() else { throw XenError(.esrch, "isAlive") }
        }
    }
}

/// The window of the standard VGA, which Xen itself serves in part; its writes may come by the ring. Row B25.
func windowRows(_ stage: Stage, _ server: borrowing IOREQServer<ServerState.Serving>) throws(DriverError) {
    let window = Recorder()
    stage.tap.succeeds("the window of the standard VGA can be claimed") { () throws(XenError) in
        try server.claim(.memory(0xA_0000...0xA_FFFF), for: window)
    }
    for value in 0..<600 as Range<UInt32> {
        _ = try stage.guest.run(.store, pair(0xA_0000 + UInt64(value)) + [1] + pair(UInt64(value & 0xFF)))
    }
    try stage.guest.serve { window.accesses.count >= 600 }
    let wanted = (0..<600).map { Access(isRead: false, offset: UInt64($0), bytes: 1, value: UInt64($0 & 0xFF)) }
    stage.tap.check(window.take() == wanted, "600 byte writes to it arrive once each, in order")
    stage.tap.say("# of which \(server.statistics.posted) by the ring")
}

/// Interrupt lines, which only an HVM guest has. Rows N2, O1 and P1 of dmop.md section 18.5.
func lineRows(_ tap: TAP, _ domain: DeviceModelDomain) {
    tap.succeeds("set_isa_irq_level raises and lowers a line, twice each") { () throws(XenError) in
        for level in [true, true, false, false] { try domain.setISAIRQLevel(4, level: level) }
    }
    tap.succeeds("set_pci_intx_level too") { () throws(XenError) in
        for level in [true, true, false, false] { try domain.setPCIINTxLevel(device: 3, pin: 0, level: level) }
    }
    tap.succeeds("set_pci_link_route routes a link and disables it") { () throws(XenError) in
        try domain.setPCILinkRoute(0, to: 5)
        try domain.setPCILinkRoute(0, to: 5)
        try domain.setPCILinkRoute(0, to: nil)
    }
}
