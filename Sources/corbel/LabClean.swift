// `corbel lab clean`: empties the cache folder of what Corbel put there.
import ArgumentParser
import Foundation
import LabKit

struct LabClean: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean", abstract: "Remove logs of runs that are over, and what was fetched.",
        discussion: """
            Removes what Corbel put into its cache folder ($XDG_CACHE_HOME/corbel or ~/.cache/corbel), and says \
            what it removed. What a running lab or a corbel that fetches works with stays. Without an option: all \
            of it; the next run fetches anew.
            """)

    @Option(help: ArgumentHelp("Only the files of this release; may be repeated.", valueName: "release"))
    var xen: [Release] = []

    @Flag(help: "Only the logs.")
    var logs = false

    func run() throws {
        let cache = PackageCache.ofUser()
        let interruption = Interruption()
        interruption.listen()
        var cleaning = CacheCleaning(cache, interruption: interruption)
        if logs || xen.isEmpty { try cleaning.removeLogs() }
        if !logs || !xen.isEmpty { try cleaning.removeReleases(xen.isEmpty ? nil : xen) }
        let report = cleaning.done
        for item in report.removed { try say("removed \(item.name), \(Self.size(item.bytes))") }
        for name in report.inUse { try say("in use, stays: \(name)") }
        if report.removed.isEmpty {
            try say("nothing to remove in \(cache.folder.path)")
        } else {
            try say("\(Self.size(report.removed.reduce(0) { $0 + $1.bytes })) are free again")
        }
    }

    static func size(_ bytes: Int) -> String {
        bytes < 1_000_000 ? "\((bytes + 999) / 1000) kB" : "\((bytes + 500_000) / 1_000_000) MB"
    }
}
