// The cache folder of the user: folders that are there completely or not at all, whoever else works there or dies
// half-way, and files that are checked whenever they are used. What is in them is the caller's business.
public import Foundation
import Glibc

/// A cache of folders, each made once.
public struct PackageCache: Sendable {
    /// The cache's own folder.
    public let folder: URL

    /// The list of what an entry holds; written last.
    static let manifest = "contents"

    /// A cache in this folder.
    public init(folder: URL) { self.folder = folder }

    /// `$XDG_CACHE_HOME/corbel`, or `~/.cache/corbel`.
    public static func ofUser(environment: [String: String]? = nil) -> PackageCache {
        let environment = environment ?? ProcessInfo.processInfo.environment
        // The XDG Base Directory Specification: a relative path is to be ignored.
        if let path = environment["XDG_CACHE_HOME"], path.hasPrefix("/") {
            return PackageCache(folder: URL(fileURLWithPath: path).appendingPathComponent("corbel"))
        }
        let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil }
        let place = home ?? FileManager.default.homeDirectoryForCurrentUser
        return PackageCache(folder: place.appendingPathComponent(".cache/corbel"))
    }

    /// An entry that is in use: nobody replaces or removes it as long as this lives.
    struct Entry: Sendable {
        let folder: URL
        /// Whether it was filled just now.
        let isFresh: Bool
        private let lock: FileLock

        fileprivate init(_ folder: URL, isFresh: Bool, _ lock: FileLock) {
            self.folder = folder
            self.isFresh = isFresh
            self.lock = lock
        }

        func release() { lock.close() }
    }

    /// What an entry's maker does with it.
    struct Maker {
        /// Called when another process works on the entry.
        var waiting: () -> Void = {}
        /// Called before an entry that is damaged is made anew, with what is wrong.
        var healing: (String) -> Void = { _ in }
        /// Bytes that filling takes on the disk at most, as far as is known beforehand.
        var bytes = 0
        /// Fills a new folder.
        var build: (URL) throws(LabError) -> Void
    }

    /// The entry `name`, with the files `needed` (nil: all of them) as they were when it was made; it is made when it
    /// is absent or damaged.
    func entry(
        _ name: String, needed: [String]? = nil, interruption: Interruption, by maker: Maker
    ) throws(LabError) -> Entry {
        try folder.makePrivateFolder()
        let place = folder.appendingPathComponent(name)
        let lockFile = folder.appendingPathComponent("\(name).lock")
        if place.exists {
            let lock = try FileLock(lockFile, .shared, interruption: interruption, waiting: maker.waiting)
            if try damage(place, needed, interruption) == nil { return Entry(place, isFresh: false, lock) }
        }
        let lock = try FileLock(lockFile, interruption: interruption, waiting: maker.waiting)
        if place.exists {
            let damage = try damage(place, needed, interruption)
            guard let damage else {
                lock.share()
                return Entry(place, isFresh: false, lock)
            }
            maker.healing("\(place.path) is damaged (\(damage))")
        }
        try make(name, at: place, interruption, maker)
        lock.share()
        return Entry(place, isFresh: true, lock)
    }

    /// To be called under the lock.
    private func make(_ name: String, at place: URL, _ interruption: Interruption, _ maker: Maker) throws(LabError) {
        prune(for: name)
        place.remove()
        try folder.checkFreeBytes(maker.bytes)
        let fresh = folder.appendingPathComponent("\(name)\(Self.unfinished)\(getpid())")
        defer { fresh.remove() }
        try fresh.makeFolder()
        do throws(LabError) {
            try maker.build(fresh)
            try writeManifest(fresh, interruption)
        } catch {
            throw error == .diskFull() ? .diskFull(folder, needed: maker.bytes) : error
        }
        do { try FileManager.default.moveItem(at: fresh, to: place) } catch {
            throw .file(error, "move \(fresh.path) to its place", at: place)
        }
    }

    private static let unfinished = ".unfinished-"

    /// Removes what makers of `name` left who died, and entries of older formats (the number at the name's end) that
    /// nobody works on. A newer format is another corbel's.
    private func prune(for name: String) {
        guard let format = Self.format(of: name[...]) else { return }
        var olds: Set<String> = []
        for url in folder.entries() {
            let found = url.lastPathComponent
            if found.hasPrefix(name + Self.unfinished) { url.remove() }
            let entry = found.range(of: Self.unfinished).map { found[..<$0.lowerBound] } ?? found[...]
            let stem = entry.hasSuffix(".lock") ? entry.dropLast(".lock".count) : entry
            if let number = Self.format(of: stem), number < format { olds.insert(String(stem)) }
        }
        for old in olds {
            let lockFile = folder.appendingPathComponent("\(old).lock")
            guard let lock = FileLock(ifFree: lockFile) else { continue }
            for url in folder.entries()
            where url.lastPathComponent == old || url.lastPathComponent.hasPrefix(old + Self.unfinished) {
                url.remove()
            }
            lockFile.remove()
            lock.close()
        }
    }

    /// The number at the end of an entry's name, as in `xen-4.17-4`.
    private static func format(of name: Substring) -> Int? {
        let stems = ["xen-", "dom0-", "hvm-"]
        guard stems.contains(where: { name.hasPrefix($0) }), let dash = name.lastIndex(of: "-") else { return nil }
        return Int(name[name.index(after: dash)...])
    }

    /// What is wrong with an entry's files; nil when they are as its manifest says.
    func damage(_ place: URL, _ needed: [String]? = nil, _ interruption: Interruption) throws(LabError) -> String? {
        let file = place.appendingPathComponent(Self.manifest)
        guard let text = try? String(contentsOf: file, encoding: .utf8), let manifest = CacheManifest(text) else {
            return "no list of its files"
        }
        let names = needed ?? manifest.files.keys.sorted()
        for name in names {
            guard let wanted = manifest.files[name] else { return "\(name) is not in the list of its files" }
            guard let bytes = place.appendingPathComponent(name).fileBytes else { return "\(name) is missing" }
            if bytes != wanted.bytes { return "\(name) has \(bytes) bytes, not \(wanted.bytes)" }
        }
        let sums = try Checksums.sha256(names, in: place, interruption)
        for name in names where sums[name] != manifest.files[name]?.sha256 { return "\(name) has another checksum" }
        return nil
    }

    private func writeManifest(_ place: URL, _ interruption: Interruption) throws(LabError) {
        let names = place.entries().map(\.lastPathComponent)
        let sums = try Checksums.sha256(names, in: place, interruption)
        var manifest = CacheManifest()
        for name in names {
            guard let bytes = place.appendingPathComponent(name).fileBytes, let sha256 = sums[name] else {
                throw LabError(.failed, "cannot read \(place.appendingPathComponent(name).path)")
            }
            manifest.files[name] = .init(bytes: bytes, sha256: sha256)
        }
        let file = place.appendingPathComponent(Self.manifest)
        try FileHandle.creating(file).writeAll(Data(manifest.text.utf8))
    }
}

/// The list of an entry's files.
struct CacheManifest: Equatable {
    struct File: Equatable {
        var bytes: Int
        var sha256: String
    }

    var files: [String: File] = [:]

    init() {}

    /// Lines of `SHA256 BYTES NAME`, the last of which is `end`: one that was cut off is none.
    init?(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.popLast() == "", lines.popLast() == "end" else { return nil }
        for line in lines {
            let parts = line.split(separator: " ", maxSplits: 2)
            guard parts.count == 3, parts[0].count == 64, let bytes = Int(parts[1]), bytes >= 0 else { return nil }
            files[String(parts[2])] = File(bytes: bytes, sha256: String(parts[0]))
        }
    }

    var text: String {
        files.sorted { $0.key < $1.key }.map { "\($0.value.sha256) \($0.value.bytes) \($0.key)\n" }.joined() + "end\n"
    }
}

extension URL {
    /// The size of a file, nil when it is not there.
    var fileBytes: Int? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    }
}
