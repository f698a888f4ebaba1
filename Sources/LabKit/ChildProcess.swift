// Child processes: started in a group of their own, killed with us, output captured or piped. Not a shell: words go as
// they are. Foundation's Process, because it starts children on the calling thread: the kernel's "kill me when my
// parent dies" is about the thread that made the child, and ours is the main thread, which lasts.
import Dispatch
import Foundation
import Synchronization

/// A started child process.
final class ChildProcess: Sendable {
    private let process: Process
    private let ended = DispatchSemaphore(value: 0)
    private let interruption: Interruption
    private let group: pid_t

    /// Starts `words`, the first of which is a path or found in PATH; nil for a stream means /dev/null.
    init(
        _ words: [String], in folder: URL? = nil, environment: [String: String] = [:], input: FileHandle? = nil,
        output: Any? = nil, errors: Any? = nil, interruption: Interruption, onEnd: (@Sendable () -> Void)? = nil
    ) throws(LabError) {
        try interruption.check()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments = ["--pdeathsig", "KILL", "--"] + words
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = input ?? FileHandle.nullDevice
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = errors ?? FileHandle.nullDevice
        process.terminationHandler = { [ended] _ in
            ended.signal()
            onEnd?()
        }
        do { try process.run() } catch {
            throw LabError(.failed, "cannot start \(words.first ?? "nothing"): \(error)")
        }
        self.process = process
        self.interruption = interruption
        group = process.processIdentifier
        interruption.adopt(group)
    }

    /// Waits for the end; returns the exit status, or 128 plus the signal that ended it.
    func wait() -> Int32 {
        ended.wait()
        interruption.release(group)
        return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }

    /// Kills the child and all of its group; fine when it has ended already.
    func kill() {
        if process.isRunning { killGroup(group) }
    }
}

/// What a finished child left behind.
struct ChildOutput {
    var status: Int32
    var output: Data
    var errors: String
}

extension ChildProcess {
    /// Runs `words` to the end, capturing both outputs, or writing stdout to the file `output`.
    static func run(
        _ words: [String], in folder: URL? = nil, environment: [String: String] = [:], input: FileHandle? = nil,
        output: FileHandle? = nil, interruption: Interruption
    ) throws(LabError) -> ChildOutput {
        let (outputPipe, errorPipe) = (Pipe(), Pipe())
        let child = try ChildProcess(
            words, in: folder, environment: environment, input: input, output: output ?? outputPipe,
            errors: errorPipe, interruption: interruption)
        let errors = Reader(errorPipe.fileHandleForReading)
        if output != nil { try? outputPipe.fileHandleForWriting.close() }
        let captured = output == nil ? outputPipe.fileHandleForReading.readDataToEndOfFile() : Data()
        let said = errors.all()
        let status = child.wait()
        try interruption.check()
        return ChildOutput(status: status, output: captured, errors: String(decoding: said, as: UTF8.self))
    }

    /// As `run`, and a status other than 0 is an error that quotes what the child said.
    @discardableResult
    static func runChecked(
        _ words: [String], in folder: URL? = nil, environment: [String: String] = [:], input: FileHandle? = nil,
        output: FileHandle? = nil, interruption: Interruption
    ) throws(LabError) -> Data {
        let result = try run(
            words, in: folder, environment: environment, input: input, output: output, interruption: interruption)
        guard result.status != 0 else { return result.output }
        throw failure(words, result)
    }

    static func failure(_ words: [String], _ result: ChildOutput) -> LabError {
        if result.errors.contains("No space left on device") { return .diskFull() }
        let said = result.errors.trimmingCharacters(in: .whitespacesAndNewlines)
        return LabError(.failed, "\(words.first ?? "") failed with status \(result.status): \(said)")
    }
}

/// Reads a stream to its end on a thread of its own, so that two streams of a child can't block each other.
private final class Reader: Sendable {
    private let data = Mutex(Data())
    private let done = DispatchSemaphore(value: 0)

    init(_ handle: FileHandle) {
        Thread.detachNewThread { [self] in
            let all = handle.readDataToEndOfFile()
            data.withLock { $0 = all }
            done.signal()
        }
    }

    func all() -> Data {
        done.wait()
        return data.withLock { $0 }
    }
}
