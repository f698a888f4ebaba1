// Takes things out of the cache folder: what Corbel put there, by its names, and only what nobody holds. Not for what
// makes itself superfluous: old formats and the oldest logs go by themselves.
import Foundation

/// What a cleaning did.
public struct CleaningReport: Sendable {
    /// A thing that was there.
    public struct Item: Equatable, Sendable {
        /// Its path below the cache folder.
        public var name: String
        /// The bytes of its files.
        public var bytes: Int
    }

    /// What is gone.
    public var removed: [Item] = []
    /// Names of what another corbel works with.
    public var inUse: [String] = []
}

/// Cleans a cache folder.
public struct CacheCleaning {
    let cache: PackageCache
    let interruption: Interruption
    private var report = CleaningReport()

    /// A cleaning of `cache`.
    public init(_ cache: PackageCache = .ofUser(), interruption: Interruption) {
        self.cache = cache
        self.interruption = interruption
    }

    /// What is known below the cache folder.
    enum Kind: Equatable {
        /// Files of a release, or of a maker of them who did not finish; dom0's are of all releases.
        case entry(stem: String, version: String?)
        /// The folder of a run.
        case run

        /// Reads a name in the cache folder: STEM-FORMAT or STEM-FORMAT.unfinished-PROCESS, where STEM is dom0,
        /// xen-VERSION or hvm-VERSION.
        init?(entry name: Substring) {
            let parts = name.split(separator: ".unfinished-", omittingEmptySubsequences: false)
            guard let stem = parts.first, parts.count == 1 || (parts.count == 2 && parts[1].isNumber) else {
                return nil
            }
            let words = stem.split(separator: "-", omittingEmptySubsequences: false)
            guard let format = words.last, format.isNumber else { return nil }
            switch (words.count, words[0]) {
            case (2, "dom0"): self = .entry(stem: String(stem), version: nil)
            case (3, "xen"), (3, "hvm"):
                let version = words[1].split(separator: ".", omittingEmptySubsequences: false)
                guard version.count == 2, version.allSatisfy(\.isNumber) else { return nil }
                self = .entry(stem: String(stem), version: String(words[1]))
            default: return nil
            }
        }

        /// Reads a name in the folder of runs: DATE-TIME[.COUNT]-PROCESS.
        init?(run name: Substring) {
            let words = name.split(separator: "-", omittingEmptySubsequences: false)
            guard words.count == 3, words[0].count == 8, words[0].isNumber, words[2].isNumber,
                words[1].split(separator: ".", omittingEmptySubsequences: false).allSatisfy(\.isNumber)
            else { return nil }
            self = .run
        }
    }

    /// Removes the logs of runs that are over.
    public mutating func removeLogs() throws(LabError) {
        let runs = cache.folder.appendingPathComponent("runs")
        guard runs.isFolder else { return }
        // Nobody makes a folder of a run meanwhile, which is not locked at first.
        let making = try FileLock(runs.appendingPathComponent("lock"), interruption: interruption)
        defer { making.close() }
        for folder in runs.entries() where Kind(run: folder.lastPathComponent[...]) == .run {
            remove([folder], as: "runs/\(folder.lastPathComponent)", lock: folder.appendingPathComponent("lock"))
        }
    }

    /// Removes the files of these releases; nil for all that Corbel fetched.
    public mutating func removeReleases(_ releases: [Release]?) throws(LabError) {
        var stems: [String: [URL]] = [:]
        for url in cache.folder.entries() {
            guard case .entry(let stem, let version) = Kind(entry: url.lastPathComponent[...]) else { continue }
            guard releases?.contains(where: { $0.version == version }) ?? true else { continue }
            stems[stem, default: []].append(url)
        }
        for (stem, folders) in stems.sorted(by: { $0.key < $1.key }) {
            let lock = cache.folder.appendingPathComponent("\(stem).lock")
            remove(folders, as: stem, lock: lock)
        }
        guard releases == nil else { return }
        let states = cache.folder.appendingPathComponent("apt")
        for suite in Set(Release.all.map(\.suite)).sorted() {
            let folder = states.appendingPathComponent(suite)
            guard folder.isFolder else { continue }
            let lock = states.appendingPathComponent("\(suite).lock")
            remove([folder], as: "apt/\(suite)", lock: lock)
        }
    }

    /// What was done so far.
    public var done: CleaningReport { report }

    /// Removes folders under their lock, unless somebody else has it, and the lock's file before it is let go: whoever
    /// waits for it sees that it is gone, and takes the next one's.
    private mutating func remove(_ folders: [URL], as name: String, lock file: URL) {
        guard let lock = FileLock(ifFree: file) else {
            report.inUse.append(name)
            return
        }
        defer { lock.close() }
        let bytes = folders.reduce(0) { $0 + $1.bytesBelow }
        for folder in folders { folder.remove() }
        file.remove()
        report.removed.append(.init(name: name, bytes: bytes))
    }
}

extension Substring {
    /// Whether it is digits alone.
    fileprivate var isNumber: Bool { !isEmpty && allSatisfy { $0.isASCII && $0.isNumber } }
}

extension URL {
    /// The bytes of all files below a folder.
    var bytesBelow: Int {
        let all = FileManager.default.enumerator(at: self, includingPropertiesForKeys: [.fileSizeKey])
        var sum = 0
        while let url = all?.nextObject() as? URL {
            sum += (try? url.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0
        }
        return sum
    }
}
