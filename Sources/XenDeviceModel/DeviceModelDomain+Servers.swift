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
    /// read reads all ones), then it is destroyed; frames of its memory type are RAM again. Whoever serves it finds
    /// itself without. Throws ENOENT when there is none of that id, EPERM when another emulator domain has it.
    /// Source: dmop.md section 3.6.
    public func destroyLeftOverServer(_ id: IOREQServerID) throws(XenError) {
        // First: frames that keep the type when its holder is destroyed make a vCPU that writes to one try again for
        // ever (section 3.15). Most servers don't hold it, and are refused.
        _ = try? perform(DMOP.MapMemoryType(id: id, type: .ioreqServer, flags: []))
        // From here on nothing new waits for it.
        _ = try perform(DMOP.SetIOREQServerState(id: id, enabled: false))
        let server = ServerCore(domain: self, leftOver: id)
        server.answerLeftOver()
        if let failure = server.close() { throw failure }
    }
}

extension ServerCore {
    /// Answers every slot that Xen waits for. Destroying alone would leave a vCPU waiting for ever: Xen closes the
    /// channel that it sleeps on, and nothing wakes it. Ports that a dead process had are free to be bound again. A
    /// server whose pages or ports are not to be had was never enabled, so that nothing waits for it, or is QEMU's way
    /// (pages among the guest's frames), or is still served; then it is destroyed as it is.
    fileprivate func answerLeftOver() {
        do throws(XenError) {
            try mapPages()
            try bindPorts()
        } catch {
            // What was bound before that is used.
        }
        guard let pages else { return }
        for channel in channels {
            guard let vcpu = channel.vcpu, pages.isPending(vcpu) else { continue }
            pages.finish(vcpu, value: .max)
            do throws(XenError) {
                try domain.platform.events.notify(channel.port)
            } catch {
                keep(error)
            }
        }
    }
}
