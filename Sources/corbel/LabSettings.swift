// Options that every boot has, and what is printed when one is over.
import ArgumentParser
import Foundation
import LabKit

/// Options of a boot.
struct BootSettings: ParsableArguments {
    @Option(help: ArgumentHelp("The Xen release: 4.14, 4.17 or 4.20.", valueName: "release"))
    var xen = Release.xen4_17

    @Option(
        help: ArgumentHelp(
            "Who serves the Xenstore of the toolstack: the xenstored beside this program, or the release's own.",
            valueName: "ours|c|ocaml"))
    var xenstored = XenstoreDaemon.ours

    @OptionGroup var source: PackageSource

    @Option(help: ArgumentHelp("Memory of the machine.", valueName: "MiB"))
    var memory: Int?

    @Option(name: .customLong("dom0-memory"), help: ArgumentHelp("dom0's part of it.", valueName: "MiB"))
    var dom0Memory: Int?

    @Option(help: ArgumentHelp("Processors of the machine; dom0 has one of them.", valueName: "count"))
    var vcpus = 1

    @Flag(help: "Show the console of Xen and dom0, with seconds since the start, on stderr.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Show nothing on stderr but errors.")
    var quiet = false

    @Option(help: ArgumentHelp("Write how it ended and how long its parts took, as JSON.", valueName: "file"))
    var json: String?

    @Option(
        help: ArgumentHelp(
            "Keep the logs there whatever the end: console.log, output, qemu.err, result.json.", valueName: "folder"))
    var logs: String?

    func validate() throws {
        guard !(verbose && quiet) else { throw ValidationError("--verbose and --quiet exclude each other") }
        guard (1...32).contains(vcpus) else { throw ValidationError("--vcpus is 1 to 32") }
    }

    var progress: ProgressLine { ProgressLine(verbose ? .verbose : quiet ? .quiet : .normal) }

    /// Runs `body`, which gets the places that --json and --logs name, open and without what a former run left there.
    /// When it throws, that is in them too.
    func recording(_ body: (RunRecord) throws -> Void) throws {
        var record = RunRecord(file: try json.map { path throws(LabError) in try ResultFile(path) })
        do {
            record.logs = try logs.map { path throws(LabError) in try RunLogs(path) }
            try body(record)
        } catch let error as LabError {
            record.notStarted(error)
            throw error
        } catch let error as ValidationError {
            record.notStarted(LabError(.badInput, error.message))
            throw error
        }
    }

    func apply(to options: inout LabOptions, timeout: Double) throws {
        guard timeout > 0, timeout.isFinite else { throw ValidationError("--timeout is more than 0 seconds") }
        options.timeout = timeout
        options.release = xen
        options.xenstored = xenstored
        options.mirrors = try source.choice()
        options.memory = memory
        options.dom0Memory = dom0Memory
        options.processors = vcpus
    }
}

/// Where a run's end is written to, besides stderr.
struct RunRecord {
    let file: ResultFile?
    var logs: RunLogs?

    /// A place that can't be written then is told, and changes nothing else.
    fileprivate func notStarted(_ error: LabError) {
        let result = RunNotStarted(error)
        do throws(LabError) { try file?.write(result) } catch { complain("\(error)") }
        do throws(LabError) { try logs?.add(result) } catch { complain("\(error)") }
    }
}

extension LabResult {
    /// Says on stderr what the exit status alone does not, and writes the JSON file. A file that can't be written
    /// then is told, and changes nothing else.
    func report(to file: ResultFile?, _ progress: ProgressLine, timeout: Double, summary isWanted: Bool = true) {
        switch outcome {
        case .timedOut where marks["not-serving"] != nil:
            complain("timeout: the command did not serve its guest within the seconds of --ready-timeout")
        case .timedOut:
            complain("timeout: the command did not end within \(timeout.formatted()) s")
        case .exited(let status) where status == 124 || status == 125:
            complain("the command itself ended with status \(status)")
        case .exited, .crashed, .failed, .interrupted, .outputClosed, .left: break
        }
        for text in complaints { complain(text) }
        if logFolder != nil, !consoleTail.isEmpty {
            complain("the last lines of the console:")
            for line in consoleTail { complain(line, prefix: "  ") }
        }
        if progress.speaks, isWanted { complain(summary) }
        do throws(LabError) { try file?.write(self) } catch { complain("\(error)") }
        if let logFolder { complain("logs: \(logFolder.path)") }
        StandardError.drain()
    }
}
