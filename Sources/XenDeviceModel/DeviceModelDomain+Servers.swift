// Ioreq servers that are there already: those of a device model that was killed stay in Xen, and the guest's accesses
// to them wait for ever. Not for: whose they are; Xen knows the emulator's domain, no process (DaemonShell's
// LeftOverServers looks at statistics pages).

public import XenABI

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

    /// Destroys an ioreq server that no value of this process stands for. What waits for its answer goes on: a read has
    /// read all ones. Whoever serves it finds itself without. Throws ENOENT when there is none of that id, EPERM when
    /// another emulator domain has it. Source: dmop.md section 3.6.
    public func destroyLeftOverServer(_ id: IOREQServerID) throws(XenError) {
        _ = try perform(DMOP.DestroyIOREQServer(id: id))
    }
}
