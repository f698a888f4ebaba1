// The folder of one run: its initramfs and its logs. Gone after a success, kept after a failure until newer ones are.
import Foundation
import Glibc

/// A run's own folder, below `runs` in the cache.
struct RunFolder {
    /// As many folders of failed runs are kept.
    static let keptMax = 5

    let folder: URL
    /// Held as long as the run lives. A process number would not do: it means nothing in another container.
    private let lock: FileLock

    var initramfs: URL { folder.appendingPathComponent("initrd") }
    var guestInitramfs: URL { folder.appendingPathComponent("guest.cpio") }
    var xenstored: URL { folder.appendingPathComponent("xenstored") }
    var consoleLog: URL { folder.appendingPathComponent("console.log") }
    var output: URL { folder.appendingPathComponent(Boot.output) }
    var machineErrors: URL { folder.appendingPathComponent("qemu.err") }
    /// What is kept for the user; RunLogs says what they are.
    var logs: [URL] { [consoleLog, output, machineErrors] }

    /// Makes the folder for this process, and removes those that nobody needs.
    init(in cache: PackageCache, now: Date = Date(), interruption: Interruption) throws(LabError) {
        let runs = cache.folder.appendingPathComponent("runs")
        try runs.makeFolder()
        // Nobody prunes a folder that is there but not locked yet.
        let making = try FileLock(runs.appendingPathComponent("lock"), interruption: interruption)
        defer { withExtendedLifetime(making) {} }
        Self.prune(runs)
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyyMMdd-HHmmss"
        var (name, again) = ("\(format.string(from: now))", 0)
        while runs.appendingPathComponent("\(name)-\(getpid())").exists {
            again += 1
            name = "\(format.string(from: now)).\(again)"
        }
        folder = runs.appendingPathComponent("\(name)-\(getpid())")
        try folder.makeFolder()
        lock = try FileLock(folder.appendingPathComponent(Self.lockName), interruption: interruption)
    }

    private static let lockName = "lock"

    /// Keeps the newest folders of runs that are over, and of them the logs.
    static func prune(_ runs: URL) {
        let left = runs.entries().filter(\.isFolder).compactMap { folder in
            FileLock(ifFree: folder.appendingPathComponent(lockName)).map { RunFolder(folder: folder, lock: $0) }
        }
        let sorted = left.sorted { $0.folder.lastPathComponent < $1.folder.lastPathComponent }
        for run in sorted.dropLast(keptMax) { run.folder.remove() }
        for run in sorted.suffix(keptMax) { run.keepLogs() }
    }

    private init(folder: URL, lock: FileLock) {
        self.folder = folder
        self.lock = lock
    }

    /// Keeps the logs alone: the rest is large and can be made again.
    func keepLogs() {
        let kept = logs.map(\.lastPathComponent)
        for file in folder.entries() where !kept.contains(file.lastPathComponent) { file.remove() }
    }

    /// As `diskIsFull`, but asks the disk first how much is left: cheap enough to be asked all the time.
    var diskFillsUp: Bool {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder.path)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue, free < 64 << 20 else { return false }
        return diskIsFull
    }

    /// Whether the disk takes nothing more. QEMU drops output that it can't write, and says nothing.
    var diskIsFull: Bool {
        let probe = folder.appendingPathComponent("probe")
        defer { probe.remove() }
        do throws(LabError) {
            let file = try FileHandle.creating(probe)
            defer { try? file.close() }
            try file.writeAll(Data(count: 1 << 16))
            return false
        } catch { return error.reason == .diskFull }
    }

    /// Lets the lock go.
    func close() { lock.close() }
}
