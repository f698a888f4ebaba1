// `corbel lab fetch`: fills the cache or verifies it, so that later runs need no network; and what all verbs share that
// may fetch or boot: the names of releases and of Xenstore daemons, and the mirrors.
public import ArgumentParser
import Foundation
public import LabKit

struct LabFetch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Fill the cache, or verify it, so that later runs need no network.",
        discussion: """
            Every file of the releases named is there afterwards, its checksum verified; what is damaged is made anew. \
            Exit status: 0 when all is there, 2 when it is not.
            """)

    @Option(help: ArgumentHelp("A Xen release, 4.14, 4.17 (default) or 4.20; may be repeated.", valueName: "release"))
    var xen: [Release] = []

    @Flag(help: "All releases.")
    var all = false

    @Flag(help: "What HVM guests need, too: QEMU and its firmware.")
    var hvm = false

    @Flag(name: .shortAndLong, help: "Show nothing but errors.")
    var quiet = false

    @OptionGroup var source: PackageSource

    func run() throws {
        var releases: [Release] = []
        for release in all ? Release.all : xen.isEmpty ? [.xen4_17] : xen where !releases.contains(release) {
            releases.append(release)
        }
        let progress = ProgressLine(quiet ? .quiet : .normal)
        let interruption = Interruption()
        interruption.listen()
        try HostTools().check()
        let store = ReleaseStore(mirrors: try source.choice(), interruption: interruption, progress: progress)
        for release in releases {
            let fetched = try store.fetch(release, hvmGuest: hvm)
            if quiet { continue }
            try say("\(release): \(fetched.isFresh ? "fetched" : "there, verified"), \(fetched.bytes / 1_000_000) MB")
        }
        StandardError.drain()
    }
}

/// Where packages come from.
struct PackageSource: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A Debian mirror to fetch packages from; may be repeated: each of Debian's releases comes from the first \
            that has it and can be reached. By default those in \(DebianMirror.variable), with spaces between them, \
            else what apt is set to.
            """, valueName: "url"))
    var mirror: [String] = []

    /// What was chosen; none for what the machine's apt is set to.
    func choice() throws -> [DebianMirror] {
        if mirror.isEmpty { return try DebianMirror.ofEnvironment() }
        return try mirror.map { text throws(LabError) in try DebianMirror(text) }
    }
}

extension Release: ExpressibleByArgument {
    /// A release by its version.
    public init?(argument: String) {
        guard let release = Release.all.first(where: { $0.version == argument }) else { return nil }
        self = release
    }

    /// The version.
    public var defaultValueDescription: String { version }
    /// All versions.
    public static var allValueStrings: [String] { all.map(\.version) }
}

extension XenstoreDaemon: ExpressibleByArgument {}
