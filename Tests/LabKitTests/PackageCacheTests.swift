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

    @Test func anEntryIsBuiltOnce() throws {
        var builds = 0
        for _ in 0..<3 {
            let place = try cache.entry("xen", interruption: Interruption()) { (fresh) throws(LabError) in
                builds += 1
                try fill(fresh)
            }
            #expect(try Data(contentsOf: place.appendingPathComponent("a")) == Data("12345".utf8))
        }
        #expect(builds == 1)
    }

    @Test(arguments: ["a", PackageCache.manifest]) func anEntryThatLacksAFileIsRebuilt(name: String) throws {
        let place = try cache.entry("xen", interruption: Interruption(), build: fill)
        place.appendingPathComponent(name).remove()
        #expect(!cache.isComplete(place))
        #expect(cache.isComplete(try cache.entry("xen", interruption: Interruption(), build: fill)))
    }

    @Test func aCutFileIsNoticed() throws {
        let place = try cache.entry("xen", interruption: Interruption(), build: fill)
        try Data("123".utf8).write(to: place.appendingPathComponent("a"))
        #expect(!cache.isComplete(place))
    }

    @Test func aFailedBuildLeavesNothing() throws {
        #expect(throws: LabError(.failed, "no")) {
            try cache.entry("xen", interruption: Interruption()) { (fresh) throws(LabError) in
                try fill(fresh)
                throw LabError(.failed, "no")
            }
        }
        #expect(cache.folder.entries().map(\.lastPathComponent) == ["xen.lock"])
    }

    @Test func whatAKilledBuilderLeftIsRemoved() throws {
        let left = cache.folder.appendingPathComponent("xen.unfinished-1")
        try left.makeFolder()
        try fill(left)
        _ = try cache.entry("xen", interruption: Interruption(), build: fill)
        #expect(cache.folder.entries().map(\.lastPathComponent).sorted() == ["xen", "xen.lock"])
    }

    @Test func twoAtOnceBuildOnce() async throws {
        let builds = Collected()
        let cache = cache
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    _ = try cache.entry("xen", interruption: Interruption()) { (fresh) throws(LabError) in
                        _ = builds.add(Data([1]))
                        try fill(fresh)
                    }
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
        RunFolder.prune(third.folder.deletingLastPathComponent())
        #expect(!runs[0].initramfs.exists)
        withExtendedLifetime(runs[1]) {}
    }
}
