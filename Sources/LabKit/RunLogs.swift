// The logs of a run, as a user finds them. In a folder of the user's choice (--logs) after every run; below `runs` in
// the cache folder after a run that failed, where the newest five stay. A run that Corbel could not even begin has a
// result.json in the user's folder, and nothing else; a wrong command line not even that.
//
//   console.log   what Xen and dom0's kernel wrote, each line after the seconds since the start of QEMU
//   output        what the command wrote, every byte, as it went to stdout too
//   qemu.err      what QEMU wrote to its stderr
//   result.json   outcome, exit status and times, as of --json; in a folder of the user's choice only
public import Foundation

/// The user's folder for the logs of one run.
public struct RunLogs: Sendable {
    /// The folder.
    public let folder: URL

    /// Makes the folder, takes a former run's logs out of it, and sees that it can be written: before the boot, so that
    /// it is known in time.
    public init(_ path: String) throws(LabError) {
        folder = URL(fileURLWithPath: path)
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw .file(error, "make the folder \(folder.path)", at: folder, remedy: Self.remedy)
        }
        guard FileManager.default.isWritableFile(atPath: folder.path) else {
            throw LabError(.badInput, "cannot write into \(folder.path)", remedy: Self.remedy)
        }
        for name in ["console.log", Boot.output, "qemu.err", Self.result] {
            folder.appendingPathComponent(name).remove()
        }
    }

    private static let result = "result.json"
    private static let remedy = "name another folder by --logs"

    /// Puts the logs of `run` there, in the place of a former run's.
    func take(from run: RunFolder) throws(LabError) {
        for log in run.logs where log.exists {
            let place = folder.appendingPathComponent(log.lastPathComponent)
            place.remove()
            do { try FileManager.default.copyItem(at: log, to: place) } catch {
                throw .file(error, "write \(place.path)", at: place, remedy: Self.remedy)
            }
        }
    }

    /// Adds the result: a LabResult, or a RunNotStarted.
    public func add(_ result: some Encodable) throws(LabError) {
        try ResultFile(folder.appendingPathComponent(Self.result).path).write(result)
    }
}
