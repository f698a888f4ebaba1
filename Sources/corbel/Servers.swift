// `corbel servers`: the ioreq servers of a domain, whose they are, and clearing one that was left over.
import ArgumentParser
import DaemonShell
import LabKit
import TopKit
import XenABI
import XenDeviceModel
import XenLinux
import XenPlatform

struct Servers: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "servers", abstract: "List a domain's ioreq servers, and clear one that was left over.",
        discussion: """
            A device model that was killed leaves its ioreq servers in Xen: the guest's accesses to them wait for \
            ever, and they count against the 8 that a domain can have. Xen knows no process, so whose a server is \
            comes from the statistics pages: a running program of ours, one that is gone, or unknown. QEMU publishes \
            no page: a server that is unknown may be QEMU's, and its guest dies without it.

            --destroy clears one. What waits for it goes on, and a read has read all ones. Without --force only what a \
            program of ours has left is destroyed.

            Examples:
              corbel servers --domain 5
              corbel servers --domain 5 --destroy 1

            Exit status: 0, or 2 when it can't be done or is refused.
            """)

    @Option(help: ArgumentHelp("The domain.", valueName: "id"))
    var domain: UInt16

    @Option(help: ArgumentHelp("Destroy the server with this id.", valueName: "id"))
    var destroy: UInt16?

    @Flag(help: "Destroy it even if a running program has it, or nobody knows whose it is.")
    var force = false

    @Flag(help: "As JSON.")
    var json = false

    @Option(help: ArgumentHelp("The folder of the statistics pages.", valueName: "folder"))
    var directory = StatisticsFolder.standardPath

    func validate() throws {
        if force, destroy == nil { throw ValidationError("--force goes with --destroy") }
        if json, destroy != nil { throw ValidationError("--json goes with listing") }
    }

    func run() throws {
        do {
            // No page of our own: we serve nobody.
            let platform = try XenLinux.open(statisticsFolder: nil)
            let target = try platform.domain(DomainID(domain), restricted: true)
            let ids = try target.ioreqServerIDs().map(\.rawValue)
            let found = DomainServers(ids: ids, domain: domain, folder: directory)
            if let destroy { try clear(destroy, of: found, target) } else { try list(found) }
        } catch let error as XenError {
            throw LabError(.failed, error.sentence(domain: domain))
        }
    }

    private func list(_ found: DomainServers) throws {
        for line in json ? [found.json] : found.lines { try say(line) }
    }

    private func clear(_ id: UInt16, of found: DomainServers, _ target: DeviceModelDomain) throws {
        if let refusal = found.refusal(toDestroy: id, force: force) { throw LabError(.badInput, refusal) }
        do throws(XenError) {
            try target.destroyLeftOverServer(IOREQServerID(rawValue: id), force: force)
        } catch {
            guard error.code == .ebusy else { throw error }
            throw LabError(
                .badInput,
                "somebody serves ioreq server \(id) of domain \(domain) now, whatever the pages say. "
                    + "--force destroys it nevertheless")
        }
        try say("domain \(domain): ioreq server \(id) is destroyed")
        // The page of the program that left it may have nothing to tell any more.
        guard directory == StatisticsFolder.standardPath,
            let pages = try? StatisticsFolder.read(directory).pages
        else { return }
        StatisticsFolder.tidy(pages) { domain, server in
            XenLinux.hasServer(server, domain: domain, target.platform.calls)
        }
    }
}

/// What tells whether a server is in Xen; where we can't ask, nothing is known.
func serversInXen() -> (UInt16, UInt16) -> Bool? {
    guard let platform = try? XenLinux.open(statisticsFolder: nil) else { return { _, _ in nil } }
    return { domain, server in XenLinux.hasServer(server, domain: domain, platform.calls) }
}

extension XenError {
    /// What went wrong with a domain's servers, for people.
    fileprivate func sentence(domain: UInt16) -> String {
        if let advice = XenLinux.advice(for: self) { return advice }
        return switch code {
        case .esrch: "there is no domain \(domain), or it is being torn down (\(self))"
        case .eperm: "not allowed to look at domain \(domain): its own domain, or no privilege (\(self))"
        case .einval: "domain \(domain) has no ioreq servers: it is neither HVM nor PVH (\(self))"
        default: "the servers of domain \(domain): \(self)"
        }
    }
}
