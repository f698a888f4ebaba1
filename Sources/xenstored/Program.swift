// The Xenstore daemon: options in, one store served. Source: xenstored.md 14.
// Not for: any rule of the store (XenstoreCore), serving (XenstoreServer), the order of a start (Start.swift).

internal import DaemonCalls
internal import DaemonConfinement
internal import DaemonShell
internal import ServerCalls
internal import SystemCalls

@main
enum Program {
    static func main() { exitProgram(run(Array(CommandLine.arguments.dropFirst()))) }

    /// The whole program, as a status: 0 or 1.
    private static func run(_ arguments: [String]) -> Int32 {
        let command: Command
        do throws(OptionError) {
            command = try Options.parse(arguments)
        } catch {
            return complain("\(error.sentence)\nTry 'xenstored --help'.")
        }
        switch command {
        case .help: return say(Options.usage)
        case .version: return say("xenstored (Corbel) \(version)\n")
        case .checkState(let options, let path): return checkState(options, path)
        case .serve(let options): return serve(options, arguments)
        }
    }

    private static func serve(_ options: Options, _ arguments: [String]) -> Int32 {
        let parent: ParentProcess
        do throws(SystemError) {
            // No file of ours gets the number of a stream; none of anybody else's stays, but live update hands on what
            // it needs.
            try occupyStandardStreams()
            if !options.isLiveUpdate { try closeDescriptors() }
            // Before anything that a second process would share: threads, locks, descriptors.
            parent = try ParentProcess(options)
        } catch {
            return complain("\(error)")
        }
        // What was a large store goes back (17.1, rule 5).
        returnFreedMemory()
        ignoreBrokenPipes()
        ignoreFileLimits()
        let log = DaemonLog(.information, sink: options.logSink(isInJournal: Options.isInJournal))
        do throws(StartEnd) {
            let daemon = try Start(options, StorePaths.own, parent, log).run()
            return daemon.run()
        } catch {
            switch error {
            case .alreadyRunning(let sentence):
                log.write(.information, "xenstored", "not started: \(sentence)")
                if parent.isWaiting { try? StandardStream.error.write("xenstored: \(sentence)\n") }
                parent.end(status: 0)
                return 0
            case .failed(let sentence):
                log.write(.error, "xenstored", "the start has failed: \(sentence)")
                if parent.isWaiting { _ = complain(sentence) }
                parent.end(status: 1)
                return 1
            }
        }
    }

    private static func complain(_ sentence: String) -> Int32 {
        // Who has closed standard error does not want to be told.
        try? StandardStream.error.write("xenstored: \(sentence)\n")
        return 1
    }

    static func say(_ text: String) -> Int32 {
        do throws(SystemError) {
            try StandardStream.output.write(text)
            return 0
        } catch {
            return complain("standard output: \(error)")
        }
    }
}

/// The process that was started, while it waits for this one to be ready.
final class ParentProcess {
    private var report: StartReport?

    /// Leaves for the background, unless the options say not to. A live update has left already.
    init(_ options: Options) throws(SystemError) {
        if options.staysInForeground || options.isLiveUpdate { return }
        report = try becomeBackground(complaint: "xenstored: ended before it was ready; the system log may say why\n")
    }

    /// Whether it waits, and standard error is its own still.
    var isWaiting: Bool { report != nil }

    /// Lets it end. The streams are its own no longer.
    func end(status: UInt8) {
        guard let report = report.take() else { return }
        // It may have been killed meanwhile.
        try? report.end(status: status)
    }
}

/// Why a start ends before it serves.
enum StartEnd: Error, Equatable {
    /// Another process has locked the pid file: status 0 (xenstored.md 14.1).
    case alreadyRunning(String)
    /// It can't: a sentence, status 1.
    case failed(String)
}
