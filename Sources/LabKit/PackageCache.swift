// The cache folder of the user: folders that are there completely or not at all, whoever else works there or dies
// half-way. What is in them is the caller's business.
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

    /// The folder `name`, complete; `build` fills a new one when it is absent or not as its manifest says.
    func entry(
        _ name: String, interruption: Interruption, waiting: () -> Void = {}, build: (URL) throws(LabError) -> Void
    ) throws(LabError) -> URL {
        try folder.makeFolder()
        let place = folder.appendingPathComponent(name)
        if isComplete(place) { return place }
        let lock = try FileLock(
            folder.appendingPathComponent("\(name).lock"), interruption: interruption, waiting: waiting)
        defer { withExtendedLifetime(lock) {} }
        if isComplete(place) { return place }

        // Under the lock every unfinished folder is a dead process's.
        let unfinished = "\(name).unfinished-"
        for old in folder.entries() where old.lastPathComponent.hasPrefix(unfinished) { old.remove() }
        place.remove()
        let fresh = folder.appendingPathComponent("\(unfinished)\(getpid())")
        defer { fresh.remove() }
        try fresh.makeFolder()
        try build(fresh)
        try writeManifest(fresh)
        do { try FileManager.default.moveItem(at: fresh, to: place) } catch {
            throw .file(error, "move \(fresh.path) to its place")
        }
        return place
    }

    /// Whether every file that the manifest names is there with its size.
    func isComplete(_ place: URL) -> Bool {
        let manifest = place.appendingPathComponent(Self.manifest)
        guard let text = try? String(contentsOf: manifest, encoding: .utf8), !text.isEmpty else { return false }
        return text.split(separator: "\n").allSatisfy { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let size = Int(parts[0]) else { return false }
            return place.appendingPathComponent(String(parts[1])).fileBytes == size
        }
    }

    private func writeManifest(_ place: URL) throws(LabError) {
        let lines = place.entries().map { "\($0.fileBytes ?? 0) \($0.lastPathComponent)\n" }.sorted()
        let manifest = place.appendingPathComponent(Self.manifest)
        try FileHandle.creating(manifest).writeAll(Data(lines.joined().utf8))
    }
}

extension URL {
    /// The size of a file, nil when it is not there.
    var fileBytes: Int? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    }
}
