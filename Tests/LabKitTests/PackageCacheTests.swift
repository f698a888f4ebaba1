// The cache: complete or absent, one builder at a time.
import Foundation
import Testing

@testable import LabKit

/// What the tests' entries hold.
private func fill(_ place: URL) throws(LabError) {
    try FileHandle.creating(place.appendingPathComponent("a")).writeAll(Data("12345".utf8))
    try FileHandle.creating(place.appendingPathComponent("b")).writeAll(Data())
}

@Suite struct PackageCacheTests {
    let folder: ScratchFolder
    let cache: PackageCache

    init() throws {
        folder = try ScratchFolder()
        cache = PackageCache(folder: folder.url.appendingPathComponent("corbel"))
    }

    private func entry(
        _ name: String = "xen-1", needed: [String]? = nil,
        build: @escaping (URL) throws(LabError) -> Void = fill, healing: @escaping (String) -> Void = { _ in }
    ) throws(LabError) -> PackageCache.Entry {
        try cache.entry(
            name, needed: needed, interruption: Interruption(), by: .init(healing: healing, build: build))
    }

    private var names: [String] { cache.folder.entries().map(\.lastPathComponent).sorted() }

    @Test func anEntryIsBuiltOnce() throws {
        var builds = 0
        for _ in 0..<3 {
            let place = try entry(build: { (fresh) throws(LabError) in
                builds += 1
                try fill(fresh)
            })
            #expect(try Data(contentsOf: place.folder.appendingPathComponent("a")) == Data("12345".utf8))
        }
        #expect(builds == 1)
    }

    @Test(arguments: ["a", PackageCache.manifest]) func anEntryThatLacksAFileIsRebuilt(name: String) throws {
        let first = try entry()
        first.folder.appendingPathComponent(name).remove()
        first.release()
        var told: [String] = []
        let second = try entry(healing: { told.append($0) })
        #expect(second.isFresh)
        second.release()
        #expect(told.count == 1)
        let third = try entry(healing: { told.append($0) })
        #expect(!third.isFresh)
        #expect(told.count == 1)
    }

    @Test(arguments: ["123", "12346"]) func aCutOrChangedFileIsNoticed(content: String) throws {
        let first = try entry()
        try Data(content.utf8).write(to: first.folder.appendingPathComponent("a"))
        first.release()
        // Only the files that are needed are looked at.
        #expect(try !entry(needed: ["b"]).isFresh)
        let second = try entry(needed: ["a"])
        #expect(second.isFresh)
        #expect(try Data(contentsOf: second.folder.appendingPathComponent("a")) == Data("12345".utf8))
    }

    @Test func aFileThatIsNeededButNotListedMakesItAnew() throws {
        try entry(build: { (fresh) throws(LabError) in
            try FileHandle.creating(fresh.appendingPathComponent("b")).writeAll(Data())
        }).release()
        #expect(try entry(needed: ["a"]).isFresh)
    }

    @Test func aManifestThatIsCutOffIsNone() throws {
        var manifest = CacheManifest()
        manifest.files["a b"] = .init(bytes: 12, sha256: String(repeating: "0f", count: 32))
        manifest.files["c"] = .init(bytes: 0, sha256: String(repeating: "a0", count: 32))
        #expect(CacheManifest(manifest.text) == manifest)
        for length in 0..<manifest.text.count { #expect(CacheManifest(String(manifest.text.prefix(length))) == nil) }
        #expect(CacheManifest("5 a\nend\n") == nil)
    }

    @Test func anEntryInUseIsNotReplaced() throws {
        let used = try entry()
        used.folder.appendingPathComponent("a").remove()
        let interruption = Interruption()
        let maker = PackageCache.Maker(waiting: { interruption.interrupt(signal: 2) }, build: fill)
        #expect(throws: LabError.interrupted(2)) {
            _ = try cache.entry("xen-1", interruption: interruption, by: maker)
        }
        used.release()
        #expect(try entry().isFresh)
    }

    @Test func aFailedBuildLeavesNothing() throws {
        #expect(throws: LabError(.failed, "no")) {
            try entry(build: { (fresh) throws(LabError) in
                try fill(fresh)
                throw LabError(.failed, "no")
            })
        }
        #expect(names == ["xen-1.lock"])
    }

    @Test func aFullDiskNamesTheCache() throws {
        let error = try #require(throws: LabError.self) {
            _ = try entry(build: { (fresh) throws(LabError) in throw .diskFull() })
        }
        #expect(error.message.contains(cache.folder.path))
        #expect(throws: LabError.self) { try folder.url.checkFreeBytes(.max) }
        try folder.url.checkFreeBytes(1)
    }

    @Test func whatAKilledBuilderLeftIsRemoved() throws {
        let left = cache.folder.appendingPathComponent("xen-1.unfinished-1")
        try left.makeFolder()
        try fill(left)
        _ = try entry()
        #expect(names == ["xen-1", "xen-1.lock"])
    }

    @Test func entriesOfOlderFormatsAreRemovedUnlessInUse() throws {
        let used = try entry("dom0-3")
        for name in ["xen-4.17-2", "xen-4.14-3", "xen-4.20-5"] { try entry(name).release() }
        try cache.folder.appendingPathComponent("xen-4.14-3.unfinished-7").makeFolder()
        try cache.folder.appendingPathComponent("runs").makeFolder()
        try entry("xen-4.17-4").release()
        let left = names.filter { !$0.hasSuffix(".lock") }
        #expect(left == ["dom0-3", "runs", "xen-4.17-4", "xen-4.20-5"])
        #expect(!names.contains("xen-4.17-2.lock"))
        used.release()
    }

    @Test func twoAtOnceBuildOnce() async throws {
        let builds = Collected()
        let cache = cache
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    let maker = PackageCache.Maker { (fresh) throws(LabError) in
                        _ = builds.add(Data([1]))
                        try fill(fresh)
                    }
                    _ = try cache.entry("xen-1", interruption: Interruption(), by: maker)
                }
            }
            try await group.waitForAll()
        }
        #expect(builds.all.count == 1)
    }

    @Test func aSignalEndsTheWaitForAnother() throws {
        try cache.folder.makeFolder()
        let lock = cache.folder.appendingPathComponent("xen.lock")
        let held = try FileLock(lock, interruption: Interruption())
        defer { withExtendedLifetime(held) {} }
        let interruption = Interruption()
        var told = 0
        #expect(throws: LabError.interrupted(15)) {
            _ = try FileLock(lock, interruption: interruption) {
                told += 1
                interruption.interrupt(signal: 15)
            }
        }
        #expect(told == 1)
    }

    @Test func theFolderIsTheUsersCache() {
        #expect(PackageCache.ofUser(environment: ["XDG_CACHE_HOME": "/x"]).folder.path == "/x/corbel")
        #expect(
            PackageCache.ofUser(environment: ["XDG_CACHE_HOME": "x", "HOME": "/h"]).folder.path == "/h/.cache/corbel")
        #expect(PackageCache.ofUser(environment: [:]).folder.path.hasSuffix("/.cache/corbel"))
    }

    @Test func foldersOfDeadRunsArePrunedAndOthersKept() throws {
        let runs = cache.folder.appendingPathComponent("runs")
        // Process 1 lives, but not for them: it may be one of another container.
        for number in 0..<8 { try runs.appendingPathComponent("20260101-00000\(number)-1").makeFolder() }
        // No process has this number (Linux's highest is 2^22), but the folder is locked.
        let live = runs.appendingPathComponent("20250101-000000-9999999")
        try live.makeFolder()
        let lock = try FileLock(live.appendingPathComponent("lock"), interruption: Interruption())
        defer { withExtendedLifetime(lock) {} }
        RunFolder.prune(runs)
        let left = runs.entries().map(\.lastPathComponent).sorted()
        #expect(left.count == RunFolder.keptMax + 1)
        #expect(left.first == "20250101-000000-9999999")
        #expect(left.last == "20260101-000007-1")
    }

    @Test func twoRunsAtOnceHaveFoldersOfTheirOwn() throws {
        let now = Date()
        let runs = try (0..<2).map { _ in try RunFolder(in: cache, now: now, interruption: Interruption()) }
        #expect(Set(runs.map(\.folder.path)).count == 2)
        try Data().write(to: runs[0].initramfs)
        let third = try RunFolder(in: cache, now: now, interruption: Interruption())
        #expect(runs[0].initramfs.exists)
        runs[0].close()
        // A program that another test starts just now has our descriptors, and the lock with them, until it runs.
        let deadline = Date(timeIntervalSinceNow: 30)
        repeat {
            RunFolder.prune(third.folder.deletingLastPathComponent())
        } while runs[0].initramfs.exists && Date() < deadline
        #expect(!runs[0].initramfs.exists)
        withExtendedLifetime(runs[1]) {}
    }
}
