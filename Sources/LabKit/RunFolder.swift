// The folder of one run: its initramfs and its logs. Gone after a success, kept after a failure until newer ones are.
import Foundation
import Glibc

/// A run's own folder, below `runs` in the cache.
struct RunFolder {
    /// As many folders of failed runs are kept.
    static let keptMax = 5

    let folder: URL

    var initramfs: URL { folder.appendingPathComponent("initrd") }
    var guestInitramfs: URL { folder.appendingPathComponent("guest.cpio") }
    var consoleLog: URL { folder.appendingPathComponent("console.log") }
    var output: URL { folder.appendingPathComponent(Boot.output) }
    var machineErrors: URL { folder.appendingPathComponent("qemu.err") }

    private init(folder: URL) { self.folder = folder }

    /// Makes the folder for this process, and removes those that nobody needs.
    init(in cache: PackageCache, now: Date = Date()) throws(LabError) {
        let runs = cache.folder.appendingPathComponent("runs")
        try runs.makeFolder()
        Self.prune(runs)
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyyMMdd-HHmmss"
        folder = runs.appendingPathComponent("\(format.string(from: now))-\(getpid())")
        try folder.makeFolder()
    }

    /// Keeps the newest folders of processes that are gone, and of them the logs.
    static func prune(_ runs: URL) {
        let left = runs.entries().filter { entry in
            guard let word = entry.lastPathComponent.split(separator: "-").last, let pid = pid_t(word) else {
                return false
            }
            return kill(pid, 0) != 0 && errno == ESRCH
        }
        let sorted = left.sorted { $0.lastPathComponent < $1.lastPathComponent }
        for folder in sorted.dropLast(keptMax) { folder.remove() }
        for folder in sorted.suffix(keptMax) { RunFolder(folder: folder).keepLogs() }
    }

    /// Keeps the logs alone: the rest is large and can be made again.
    func keepLogs() {
        let logs = [consoleLog, output, machineErrors].map(\.lastPathComponent)
        for file in folder.entries() where !logs.contains(file.lastPathComponent) { file.remove() }
    }
}
