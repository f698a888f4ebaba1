// Ioreq servers that are there already: those of a device model that was killed stay in Xen, and the guest's accesses
// to them wait for ever. Not for: whose they are; Xen knows the emulator's domain, no process (DaemonShell's
// LeftOverServers looks at statistics pages).

public import XenABI
import XenPlatform

extension DeviceModelDomain {
    /// Ids of ioreq servers in a domain, 0 to 7 (dmop.md section 3.1).
    public static var ioreqServerCountMax: UInt16 { 8 }

    /// The ioreq servers of this domain that belong to the calling domain: ours, those of other programs here (QEMU's
    /// look the same), and those that were left over. Changes nothing. Throws what Xen answers but for ENOENT (none of
    /// that id) and EPERM (another emulator domain's). Source: dmop.md section 3.2.
    public func ioreqServerIDs() throws(XenError) -> [IOREQServerID] {
        var found: [IOREQServerID] = []
        for number in 0..<Self.ioreqServerCountMax {
            let id = IOREQServerID(rawValue: number)
            do throws(XenError) {
                _ = try perform(DMOP.GetIOREQServerInfo(id: id, flags: .noGFNs))
                found.append(id)
            } catch {
                if error.code != .enoent, error.code != .eperm { throw error }
            }
        }
        return found
    }

    /// Takes down an ioreq server that no value of this process stands for: what waits for its answer is answered (a
    /// read reads all ones), then it is destroyed; frames of its memory type are RAM again. Throws ENOENT when there is
    /// none of that id, EPERM when another emulator domain has it. Source: dmop.md section 3.6.
    ///
    /// Throws EBUSY, and changes nothing, when somebody listens to it: its ports are bound, or its pages are not to be
    /// had this way (QEMU of old has them among the guest's frames). `force` takes it down nevertheless; whoever serves
    /// it finds itself without.
    public func destroyLeftOverServer(_ id: IOREQServerID, force: Bool = false) throws(XenError) {
        _ = try perform(DMOP.GetIOREQServerInfo(id: id, flags: .noGFNs))
        let server = ServerCore(domain: self, leftOver: id)
        do throws(XenError) {
            try server.listen()
        } catch {
            // Xen makes ports with the first enabling: nobody ever listened to a server without.
            if !force, error.code != .enodev {
                server.letGo()
                throw XenError(.ebusy, "ioreq server in use", domain: self.id, value: UInt64(id.rawValue))
            }
        }
        // First: frames that keep the type when its holder is destroyed make a vCPU that writes to one try again for
        // ever (section 3.15). Most servers don't hold it, and are refused.
        _ = try? perform(DMOP.MapMemoryType(id: id, type: .ioreqServer, flags: []))
        // From here on nothing new waits for it.
        do throws(XenError) {
            _ = try perform(DMOP.SetIOREQServerState(id: id, enabled: false))
        } catch {
            server.letGo()
            throw error
        }
        server.answerLeftOver()
        if let failure = server.close() { throw failure }
    }
}

extension ServerCore {
    /// Maps the pages and binds the ports that a dead process had.
    fileprivate func listen() throws(XenError) {
        try mapPages()
        try bindPorts()
    }

    /// Answers every slot that Xen waits for, whoever had taken it. Destroying alone would leave a vCPU waiting for
    /// ever: Xen closes the channel that it sleeps on, and nothing wakes it.
    fileprivate func answerLeftOver() {
        guard let pages else { return }
        for channel in channels {
            guard let vcpu = channel.vcpu, pages.isPending(vcpu) else { continue }
            let ticket = nextTicket()
            channel.begin(ticket)
            if let slot = ValidSlot(pages.slot(vcpu)), slot.isRead, slot.guestBuffer != nil {
                IORequest(slot, offset: 0, ticket: ticket, channel: channel).drop()
            } else {
                channel.complete(ticket, value: .max)
            }
        }
    }
}
