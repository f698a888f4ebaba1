// What a boot of one release takes from the distribution: made from packages once, then kept in the cache and checked
// at each use. Three kinds of entries: dom0's kernel and userland, which all releases share; a release's hypervisor and
// tools; what its HVM guests need besides, only for those who ask. How they are made: ReleaseAssembly.
import Foundation

/// The files of a release, in the cache, verified, and kept from being replaced until `release()`.
struct ReleaseFiles: Sendable {
    fileprivate enum Name {
        static let (kernel, packagedKernel, busybox, dom0) = ("vmlinux", "bzImage", "busybox", "dom0.cpio")
        static let (hypervisor, tools) = ("xen", "tools.cpio")
        static let machine = "hvm.cpio"
    }

    /// oxenstored and its libraries.
    static let ocamlArchive = "ocaml.cpio"

    fileprivate(set) var dom0: PackageCache.Entry
    fileprivate(set) var xen: PackageCache.Entry
    fileprivate(set) var hvm: PackageCache.Entry?
    /// Whether oxenstored is wanted.
    fileprivate(set) var ocaml = false

    /// The hypervisor, a 32-bit ELF that QEMU loads by multiboot.
    var hypervisor: URL { xen.folder.appendingPathComponent(Name.hypervisor) }
    /// dom0's kernel, unpacked.
    var kernel: URL { dom0.folder.appendingPathComponent(Name.kernel) }
    /// The same kernel as the distribution packages it, for guests.
    var packagedKernel: URL { dom0.folder.appendingPathComponent(Name.packagedKernel) }
    /// busybox, for guests.
    var busybox: URL { dom0.folder.appendingPathComponent(Name.busybox) }
    /// As many of `archives` are in every boot.
    static let baseArchives = 2
    /// The parts of dom0's initramfs that do not change, in their order.
    var archives: [URL] {
        [dom0.folder.appendingPathComponent(Name.dom0), xen.folder.appendingPathComponent(Name.tools)]
            + (hvm.map { [$0.folder.appendingPathComponent(Name.machine)] } ?? [])
            + (ocaml ? [xen.folder.appendingPathComponent(Self.ocamlArchive)] : [])
    }

    /// From here on others may replace the files; those that a run still needs must be linked or copied.
    func release() {
        dom0.release()
        xen.release()
        hvm?.release()
    }
}

/// Makes and verifies the files of releases.
public struct ReleaseStore {
    /// To be raised whenever what is in an entry would come out differently.
    static let format = 5

    let cache: PackageCache
    let mirrors: [DebianMirror]
    let interruption: Interruption
    let progress: ProgressLine

    /// Releases in `cache`, fetched from `mirrors`, or from what the machine's apt is set to when there is none.
    public init(
        _ cache: PackageCache = .ofUser(), mirrors: [DebianMirror] = [], interruption: Interruption,
        progress: ProgressLine
    ) {
        self.cache = cache
        self.mirrors = mirrors
        self.interruption = interruption
        self.progress = progress
    }

    /// The files of a boot; downloaded and assembled when the cache lacks them. With `guestKernel` those of a Linux
    /// guest are verified too, with `ocaml` oxenstored.
    func files(
        _ release: Release, hvmGuest: Bool = false, guestKernel: Bool = false, ocaml: Bool = false
    ) throws(LabError) -> ReleaseFiles {
        typealias Name = ReleaseFiles.Name
        let guest = guestKernel ? [Name.packagedKernel, Name.busybox] : []
        return ReleaseFiles(
            dom0: try entry(dom0Part, needed: [Name.kernel, Name.dom0] + guest),
            xen: try entry(
                xenPart(release),
                needed: [Name.hypervisor, Name.tools] + (ocaml ? [ReleaseFiles.ocamlArchive] : [])),
            hvm: hvmGuest ? try entry(hvmPart(release), needed: [Name.machine]) : nil, ocaml: ocaml)
    }

    /// What `fetch` found to do.
    public struct Fetched: Sendable {
        /// Whether something had to be made.
        public var isFresh = false
        /// The bytes of the release's files.
        public var bytes = 0
    }

    /// Has every file of a release there and verified, whatever a boot would take of them.
    public func fetch(_ release: Release, hvmGuest: Bool = false) throws(LabError) -> Fetched {
        defer { progress.clear() }
        var fetched = Fetched()
        for part in [dom0Part, xenPart(release)] + (hvmGuest ? [hvmPart(release)] : []) {
            let entry = try entry(part, needed: nil)
            fetched.isFresh = fetched.isFresh || entry.isFresh
            fetched.bytes += entry.folder.entries().reduce(0) { $0 + ($1.fileBytes ?? 0) }
            entry.release()
        }
        return fetched
    }

    /// A kind of entry: its name in the cache, where its packages are, and how it is made of them.
    private struct Part {
        var name: String
        /// For messages.
        var title: String
        var assembly: (URL) -> any ReleaseAssembly
    }

    /// The names of a release's entries in the cache.
    static func names(of release: Release) -> (dom0: String, xen: String, hvm: String) {
        ("dom0-\(format)", "xen-\(release.version)-\(format)", "hvm-\(release.version)-\(format)")
    }

    private var dom0Part: Part {
        Part(name: Self.names(of: .xen4_17).dom0, title: "dom0's kernel") { Dom0Assembly(folder: $0) }
    }

    private func xenPart(_ release: Release) -> Part {
        Part(name: Self.names(of: release).xen, title: "\(release)") {
            XenAssembly(release: release, folder: $0)
        }
    }

    private func hvmPart(_ release: Release) -> Part {
        Part(name: Self.names(of: release).hvm, title: "QEMU for \(release)") {
            HVMAssembly(release: release, folder: $0)
        }
    }

    private func entry(_ part: Part, needed: [String]?) throws(LabError) -> PackageCache.Entry {
        let assembly = part.assembly(cache.folder)
        let maker = PackageCache.Maker(
            waiting: { progress.stage("waiting for another corbel that fills the cache") },
            healing: { damage in
                if progress.verbosity != .quiet { progress.note("corbel: \(damage): making it anew") }
            },
            bytes: assembly.packageBytes + assembly.workBytes,
            build: { (fresh) throws(LabError) in try build(part, in: fresh) })
        return try cache.entry(part.name, needed: needed, interruption: interruption, by: maker)
    }

    private func build(_ part: Part, in fresh: URL) throws(LabError) {
        let work = fresh.appendingPathComponent("work")
        defer { work.remove() }
        try work.makeFolder()
        let assembly = part.assembly(fresh)
        let packages = try fetch(assembly, part, into: work)
        progress.stage("unpacking \(part.title)")
        let root = work.appendingPathComponent("root")
        try root.makeFolder()
        for package in packages {
            try assembly.unpack(package, into: root, interruption)
            package.remove()
        }
        progress.stage("assembling \(part.title)")
        try assembly.assemble(root, interruption)
    }

    /// Holds apt's state no longer than it takes.
    private func fetch(_ assembly: any ReleaseAssembly, _ part: Part, into work: URL) throws(LabError) -> [URL] {
        let apt = try PrivateApt(
            suite: assembly.suite, mirrors: mirrors, in: cache, interruption: interruption, progress: progress)
        defer { apt.tidy() }
        let packages = PackageDownload.Wanted(
            names: assembly.packages, metapackage: assembly.metapackage, libraries: assembly.bringsLibraries)
        return try PackageDownload(apt: apt).fetch(part.title, packages, into: work, workBytes: assembly.workBytes)
    }
}
