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
