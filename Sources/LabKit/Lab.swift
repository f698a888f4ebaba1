// A run of the lab from beginning to end: tools, packages, initramfs, boot, result.
import Dispatch
public import Foundation
import Glibc
import Synchronization

/// Runs commands on real Xen.
public struct Lab: Sendable {
    private let interruption: Interruption
    private let progress: ProgressLine

    /// A lab that stops at an interruption and reports to `progress`.
    public init(interruption: Interruption, progress: ProgressLine) {
        self.interruption = interruption
        self.progress = progress
    }

    /// Boots, runs the command, and hands every byte of its output to `output`, which returns false when it can't
    /// take any more. Throws when the boot can't even begin.
    public func run(_ options: LabOptions, output: @escaping @Sendable (Data) -> Bool) throws(LabError) -> LabResult {
        let begun = ContinuousClock.now
        defer { progress.clear() }
        try HostTools().check()
        let store = ReleaseStore(
            options.cache, mirrors: options.mirrors, interruption: interruption, progress: progress)
        let files = try store.files(
            options.release, hvmGuest: options.hvmGuest, guestKernel: options.linuxGuest,
            ocaml: options.toolstack && options.xenstored == .ocaml)
        defer { files.release() }
        let run = try RunFolder(in: options.cache, interruption: interruption)
        var keep = false
        defer {
            if !keep { run.folder.remove() }
            run.close()
        }
        progress.stage("assembling the initramfs")
        let overlay = try Initramfs(files: files, options: options, interruption: interruption).write(to: run)
        let plan = try options.memoryPlan(overlayBytes: overlay.bytes, guestMemory: overlay.guestMemory)
        let boot = Boot(
            key: Boot.freshKey(), memory: plan.machine, dom0Memory: plan.dom0, processors: options.processors,
            toolstack: options.toolstack ? options.xenstored : nil, linuxGuest: options.linuxGuest,
            verbose: progress.verbosity == .verbose,
            input: options.input != .nothing)
        try link(files, run)
        files.release()
        progress.stage("booting \(options.release)")
        let preparation = (ContinuousClock.now - begun).seconds
        var result = try start(boot, run, options, output)
        result.preparation = preparation
        keep = keepLogs(of: run, options.logs, &result)
        return result
    }

    /// Whether the run's own folder is to stay, with the logs.
    private func keepLogs(of run: RunFolder, _ place: RunLogs?, _ result: inout LabResult) -> Bool {
        var isKept = false
        switch result.outcome {
        case .timedOut, .crashed, .failed: isKept = true
        case .exited, .interrupted, .outputClosed, .left: break
        }
        if let place {
            do throws(LabError) {
                try place.take(from: run)
                try place.add(result)
                if isKept { result.logFolder = place.folder }
                return false
            } catch { StandardError.write("corbel: \(error)\n") }
        }
        guard isKept else { return false }
        run.keepLogs()
        result.logFolder = run.folder
        return true
    }

    private func link(_ files: ReleaseFiles, _ run: RunFolder) throws(LabError) {
        for (name, target) in [(Boot.hypervisor, files.hypervisor), (Boot.kernel, files.kernel)] {
            try target.link(at: run.folder.appendingPathComponent(name))
        }
    }

    private func start(
        _ boot: Boot, _ run: RunFolder, _ options: LabOptions, _ output: @escaping @Sendable (Data) -> Bool
    ) throws(LabError) -> LabResult {
        let log = try FileHandle.creating(run.consoleLog)
        defer { try? log.close() }
        let errors = try FileHandle.creating(run.machineErrors)
        defer { try? errors.close() }
        let heartbeat = Heartbeat()
        let output = try OutputFollower(run.output, take: options.guest.telling(heartbeat, of: output))
        let input = boot.input ? try ShellInput(options.input, in: run) : nil
        defer { input?.end() }
        let watch = BootWatch(key: boot.key, log: log, progress: progress) { [interruption] watch in
            input?.begin(onEscape: { watch.left() }, onHangup: { interruption.interrupt(signal: SIGHUP) })
        }
        let console = Pipe()
        interruption.whenInterrupted { watch.interrupted($0) }
        defer { interruption.whenInterrupted(nil) }
        let machine = try ChildProcess(
            boot.command, in: run.folder, input: heartbeat.input, output: console, errors: errors,
            interruption: interruption,
            onEnd: { watch.machineEnded() })
        heartbeat.start()
        defer { heartbeat.stop() }
        let reader = Pump(console) { watch.console($0) }
        output.start(onRefusal: { watch.outputClosed() })
        let timeout = options.timeout
        let full = "the disk of \(run.folder.path) is full"
        watch.waitForEnd(timeout: timeout) { run.diskFillsUp ? full : nil }
        let elapsed = watch.elapsed
        machine.kill()
        let status = machine.wait()
        reader.wait()
        let ending = watch.outcome(timedOut: elapsed >= timeout, machineStatus: status)
        input?.end(ended: ending)  // from here on Ctrl-C is ours again, should the rest of the output find no reader
        output.finish(within: ending.patience, unless: interruption)
        var outcome = watch.outcome(timedOut: elapsed >= timeout, machineStatus: status)
        if let failure = StandardOutput.failure, outcome.needsOutput { outcome = .failed(failure) }
        if case .exited = outcome, run.diskIsFull { outcome = .failed("\(full): output may be lost") }
        let facts = watch.now
        return LabResult(
            outcome: outcome, preparation: 0, machine: elapsed, marks: facts.marks,
            consoleTail: facts.tail + machineErrors(run, outcome), shortages: facts.shortages)
    }

    /// What QEMU itself said, when that may be the reason.
    private func machineErrors(_ run: RunFolder, _ outcome: LabOutcome) -> [String] {
        guard case .failed = outcome, let text = try? String(contentsOf: run.machineErrors, encoding: .utf8) else {
            return []
        }
        return text.split(separator: "\n").filter { !$0.contains("TCG doesn't support") }.map(String.init)
    }
}

extension LabOutcome {
    /// How many seconds the reader of our output may take for the rest of it. What a command wrote before its end is
    /// delivered, however slow the reader.
    fileprivate var patience: Double {
        switch self {
        case .interrupted, .outputClosed, .left: 0
        case .timedOut: 2
        case .exited, .crashed, .failed: .infinity
        }
    }

    /// Whether it is another one when the output could not be written.
    fileprivate var needsOutput: Bool {
        switch self {
        case .exited, .outputClosed: true
        case .interrupted, .left, .timedOut, .crashed, .failed: false
        }
    }
}

extension GuestOptions? {
    /// The taker of a command's output; it has Lab/guest-run told when the text is there that the guest waits for.
    fileprivate func telling(
        _ heartbeat: Heartbeat, of output: @escaping @Sendable (Data) -> Bool
    ) -> @Sendable (Data) -> Bool {
        guard case .afterOutput(let text) = self?.start else { return output }
        let search = Mutex(TextSearch(text))
        return { bytes in
            if search.withLock({ $0.feed(bytes) }) { heartbeat.tellReady() }
            return output(bytes)
        }
    }
}

/// Hands a pipe's bytes on as they come, on a thread of its own; an empty piece is the end.
private final class Pump: Sendable {
    private let ended = DispatchSemaphore(value: 0)

    init(_ pipe: Pipe, _ take: @escaping @Sendable (Data) -> Void) {
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [ended] in
            while true {
                let bytes = handle.availableData
                take(bytes)
                if bytes.isEmpty { break }
            }
            ended.signal()
        }
    }

    func wait() { ended.wait() }
}
