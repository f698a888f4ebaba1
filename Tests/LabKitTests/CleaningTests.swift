// What a cleaning takes from the cache folder, and what it leaves; what the doctor reads.
import Foundation
import Testing

@testable import LabKit

@Suite struct CleaningTests {
    let folder: ScratchFolder
    let cache: PackageCache

    init() throws {
        folder = try ScratchFolder()
        cache = PackageCache(folder: folder.url)
    }

    /// Makes a folder in the cache with a file of 1000 bytes in it.
    private func add(_ name: String) throws {
        let place = folder.url.appendingPathComponent(name)
        try place.makeFolder()
        try FileHandle.creating(place.appendingPathComponent("file")).writeAll(Data(count: 1000))
    }

    private var left: [String] { folder.url.entries().map(\.lastPathComponent).sorted() }

    @Test func everyEntryOfOursGoesAndNothingElse() throws {
        let ours = ["dom0-4", "xen-4.17-4", "xen-4.17-3", "hvm-4.20-4", "xen-4.14-4.unfinished-77", "apt/trixie"]
        let others = [
            "mine", "xen", "xen-4.17", "xen-4.17-", "xen-x.y-4", "xen-4.17-4.unfinished-", "dom0-4-5", "xen--4",
        ]
        for name in ours + others { try add(name) }
        var cleaning = CacheCleaning(cache, interruption: Interruption())
        try cleaning.removeReleases(nil)
        #expect(left == (others + ["apt"]).sorted())
        #expect(cleaning.done.removed.allSatisfy { $0.bytes == 1000 })
        #expect(cleaning.done.removed.count == ours.count)
    }

    @Test func oneReleaseTakesNoOther() throws {
        for name in ["dom0-4", "xen-4.17-4", "hvm-4.17-4", "xen-4.14-4", "apt/bookworm"] { try add(name) }
        var cleaning = CacheCleaning(cache, interruption: Interruption())
        try cleaning.removeReleases([.xen4_17])
        #expect(left == ["apt", "dom0-4", "xen-4.14-4"])
        #expect(cleaning.done.removed.map(\.name) == ["hvm-4.17-4", "xen-4.17-4"])
    }

    @Test func whatIsInUseStays() throws {
        try add("xen-4.17-4")
        let lock = try FileLock(
            folder.url.appendingPathComponent("xen-4.17-4.lock"), .shared, interruption: Interruption())
        let run = try RunFolder(in: cache, interruption: Interruption())
        try add("runs/20261122-120000-1")
        try add("runs/other")
        var cleaning = CacheCleaning(cache, interruption: Interruption())
        try cleaning.removeReleases(nil)
        try cleaning.removeLogs()
        #expect(cleaning.done.removed.map(\.name) == ["runs/20261122-120000-1"])
        #expect(cleaning.done.inUse == ["xen-4.17-4", "runs/\(run.folder.lastPathComponent)"])
        #expect(folder.url.appendingPathComponent("xen-4.17-4/file").exists)
        #expect(folder.url.appendingPathComponent("runs/other/file").exists)
        lock.close()
        run.close()
    }

    @Test func aCacheThatIsNotThereIsNotMade() throws {
        let nowhere = folder.url.appendingPathComponent("none")
        var cleaning = CacheCleaning(PackageCache(folder: nowhere), interruption: Interruption())
        try cleaning.removeReleases(nil)
        try cleaning.removeLogs()
        #expect(cleaning.done.removed.isEmpty)
        _ = try Doctor(PackageCache(folder: nowhere), interruption: Interruption()).examine()
        #expect(!nowhere.exists)
    }

    @Test func theDoctorNamesWhatIsMissingAndItsRemedy() throws {
        let findings = try Doctor(cache, tools: HostTools(path: folder.url.path), interruption: Interruption())
            .examine()
        let tools = try #require(findings.first { $0.name == "tools" })
        #expect(tools.state == .missing)
        #expect(tools.remedy?.contains("qemu-system-x86") == true)
        #expect(findings.contains { $0.name == "user" })
    }

    @Test func aDamagedReleaseIsAWarningWithItsRemedy() throws {
        try add(ReleaseStore.names(of: .xen4_14).dom0)
        let findings = try Doctor(cache, interruption: Interruption()).examine()
        let release = try #require(findings.first { $0.name == "Xen 4.14" })
        #expect(release.state == .warn)
        #expect(release.text.hasPrefix("damaged"))
        #expect(release.remedy == "corbel lab fetch --xen 4.14")
    }

    @Test func QEMUsVersionIsRead() throws {
        let version = try #require(Doctor.version("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg)\nCopyright\n"))
        #expect(version == (7, 2))
        #expect(Doctor.version("something else") == nil)
    }

    @Test func logsGoWhereTheUserSaid() throws {
        let run = try RunFolder(in: cache, interruption: Interruption())
        for log in run.logs { try FileHandle.creating(log).writeAll(Data("new".utf8)) }
        let logs = try RunLogs(folder.url.appendingPathComponent("a/b").path)
        try FileHandle.creating(logs.folder.appendingPathComponent("output")).writeAll(Data("old and longer".utf8))
        try logs.take(from: run)
        try logs.add(LabResult(outcome: .failed("x"), preparation: 0, machine: 0, marks: [:], consoleTail: []))
        let names = ["console.log", "output", "qemu.err", "result.json"]
        #expect(logs.folder.entries().map(\.lastPathComponent).sorted() == names)
        #expect(try Data(contentsOf: logs.folder.appendingPathComponent("output")) == Data("new".utf8))
        run.close()
    }

    @Test func aFormerRunsLogsAreGoneBeforeTheRun() throws {
        let names = ["console.log", "output", "qemu.err", "result.json", "mine"]
        for name in names { try FileHandle.creating(folder.url.appendingPathComponent(name)).close() }
        let logs = try RunLogs(folder.url.path)
        #expect(left == ["mine"])
        try logs.add(RunNotStarted(LabError(.failed, "no")))
        #expect(left == ["mine", "result.json"])
    }

    @Test func aFullDiskForLogsIsNamedWithAnotherRemedy() throws {
        let error = NSError(domain: NSPOSIXErrorDomain, code: 28)
        let full = LabError.file(
            error, "write", at: folder.url.appendingPathComponent("output"), remedy: "name another folder by --logs")
        #expect(full.message == "the disk is full at \(folder.url.path)")
        #expect(full.remedy == "make room there, or name another folder by --logs")
    }

    /// Who held the lock that a cleaning let go of, and lost its file afterwards, held nothing.
    @Test func aCleaningTakesNobodysLockAway() async throws {
        let file = folder.url.appendingPathComponent("xen-4.17-4.lock")
        let (cache, url) = (cache, folder.url)
        let ended = Collected()
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                defer { _ = ended.add(Data([1])) }
                for _ in 0..<1000 {
                    var cleaning = CacheCleaning(cache, interruption: Interruption())
                    try cleaning.removeReleases(nil)
                }
                return 0
            }
            group.addTask {
                var lost = 0
                while ended.all.isEmpty {
                    guard let lock = FileLock(ifFree: file) else { continue }
                    try url.appendingPathComponent("xen-4.17-4").makeFolder()
                    if let second = FileLock(ifFree: file) {
                        lost += 1
                        second.close()
                    }
                    lock.close()
                }
                return lost
            }
            let lost = try await group.reduce(0, +)
            #expect(lost == 0)
        }
    }

    @Test func aPlaceForLogsThatIsAFileIsToldBeforeTheBoot() throws {
        let file = folder.url.appendingPathComponent("file")
        try FileHandle.creating(file).close()
        #expect(throws: LabError.self) { try RunLogs(file.path) }
    }
}
