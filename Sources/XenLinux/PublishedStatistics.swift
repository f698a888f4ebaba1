// This process's statistics page, when a platform is opened; and pages that nothing is behind any more.
// Not for: the page (StatisticsPage) and its file (DaemonShell).

internal import DaemonShell
internal import SystemCalls
internal import XenABI
public import XenPlatform

extension XenLinux {
    /// Pages of others that are looked at when a program starts: enough for any host, and soon done.
    static let tidiedPageCountMax = 64

    /// A board for this process's page; nil where none can be made.
    static func publishStatistics(
        in folder: String, _ calls: any DeviceModelCalls, _ clock: any MonotonicClock
    ) -> StatisticsBoard? {
        guard let board = StatisticsFile.board(in: folder, clock: clock) else { return nil }
        if let found = try? StatisticsFolder.read(folder, countMax: tidiedPageCountMax) {
            StatisticsFolder.tidy(found.pages) { domain, server in
                hasServer(server, domain: domain, calls)
            }
        }
        return board
    }

    /// Whether a domain has a server of ours with that id (dmop.md section 3.2); nil when Xen does not say.
    public static func hasServer(_ server: UInt16, domain: UInt16, _ calls: any DeviceModelCalls) -> Bool? {
        let request = DMOP.GetIOREQServerInfo(id: IOREQServerID(rawValue: server), flags: .noGFNs)
        var frame = DMOPFrame(request)
        var operation = frame.bytes.mutableSpan
        var none = MutableSpan<UInt8>()
        do throws(XenError) {
            try calls.dmOp(DomainID(domain), &operation, &none)
            return true
        } catch {
            // No such server, no such domain; or one that has no servers at all, now that its id is in use again.
            let isAbsent = error.code == .enoent || error.code == .esrch || error.code == .einval
            return isAbsent ? false : nil
        }
    }
}
