// Where the guest's variables are kept: the backend and the files of a save and a resume, opened within the daemon's
// root. Source: varstored.md 11.5, 12.2 (step 5), 13.1. Not for: when they are used (Loading.swift, Serving.swift).

internal import DaemonShell
internal import EventLoop
internal import VariableBackends
internal import VariableService

/// The backend and the state files.
struct Storage {
    /// Where changes go.
    let backend: any LoadableBackend
    /// Where everything goes at the end; nil when nothing is saved.
    let save: StateFile?
    /// What `--resume` loads; nil for an empty list.
    let resume: StateFile?
    /// Beside which a blob is kept that can't be read whole.
    let quarantine: StateFile?
}

extension Storage {
    /// Opens all of it. Paths are inside of the root, which is the daemon's by then.
    init(_ options: Options, loop: EventLoop, log: DaemonLog) throws(StartEnd) {
        save = try Self.open(options.savePath)
        resume = options.resumes ? try Self.open(options.resumePath) : nil
        switch options.backend {
        case .file(let path):
            do throws(BackendFailure) {
                let file = try FileBackend(path: path, isWritten: options.isPersistent, log: log)
                backend = file
                quarantine = options.resumes ? save ?? resume : file.file
            } catch {
                throw .failed("\(path): \(error)")
            }
        case .xapidb(let uuid, let socket):
            backend = XAPIBackend(uuid: uuid, socketPath: socket, loop: loop, log: log)
            quarantine = save ?? resume
        }
    }

    private static func open(_ path: String?) throws(StartEnd) -> StateFile? {
        guard let path else { return nil }
        do throws(BackendFailure) {
            return try StateFile(path: path)
        } catch {
            throw .failed("\(path): \(error)")
        }
    }
}
