// The backend that keeps the blob in a file. Source: varstored.md 13.2.
// Not for: how a file is replaced (StateFile).

public import DaemonShell
public import VariableService

/// Keeps the blob as it is in one file, which nobody else has while this lives.
public final class FileBackend: LoadableBackend {
    /// What is read at most, in bytes: more than any blob that was ever written.
    public static var byteCountMax: Int { 524_288 }

    /// The file, for quarantine copies beside it.
    public let file: StateFile
    private let held: FileLock
    private let isWritten: Bool
    private let log: DaemonLog

    /// Opens the folder of `path` and takes the lock on `<path>.lock`; both are kept. Before the drop of privileges.
    /// `isWritten`: whether anything is to be written there.
    /// - Throws: `locked` when another daemon or a tool has the file; `badPath`, `notAFile`, `system`.
    public init(path: String, isWritten: Bool = true, log: DaemonLog) throws(BackendFailure) {
        file = try StateFile(path: path)
        held = try file.lock()
        self.isWritten = isWritten
        self.log = log
    }

    /// The file's bytes; a missing or an empty file is a first boot. After the drop of privileges: it looks whether
    /// changes can be written, and says in the log when they can't.
    public func load(shouldStop: () -> Bool) throws(BackendFailure) -> StoredVariables {
        // By now the daemon has the rights that it writes with. The guest runs all the same: its
        // changes are refused one by one, until somebody makes room or gives the right.
        if isWritten, let refusal = file.refusalOfFolder() {
            log.write(
                .warning, "backend", "no file can be made in the folder: changes will be refused",
                [("path", file.path), ("reason", "\(refusal)")])
        }
        let blob = try file.read(byteCountMax: Self.byteCountMax)
        return StoredVariables(blob: blob.flatMap { $0.isEmpty ? nil : $0 }, certificates: .absent)
    }

    /// Replaces the file before it returns.
    public func write(_ blob: [UInt8], for reason: WriteReason, then: @escaping (BackendOutcome) -> Void) {
        do throws(BackendFailure) {
            try file.replace(with: blob)
        } catch {
            return then(.failed("\(file.path): \(error)"))
        }
        then(.confirmed)
    }

    /// One line of the log. Source: varstored.md 13.2.
    public func notifySecureBootFailure(then: @escaping (BackendOutcome) -> Void) {
        log.write(
            .warning, "backend", "the guest's firmware refused to start an image: Secure Boot verification failed")
        then(.confirmed)
    }

    /// Nothing is ever under way.
    public func abandon() {}
}
