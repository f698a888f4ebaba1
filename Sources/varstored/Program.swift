// The program: options in, one guest's variables served. Source: varstored.md 12.
// Not for: the order of a start (Start.swift), serving (Serving.swift).

internal import DaemonConfinement
internal import DaemonShell
internal import SystemCalls
internal import XenLinux

@main
enum Program {
    static func main() {
        exitProgram(run(Array(CommandLine.arguments.dropFirst())))
    }

    /// The whole program, as a status: 0, 1 or 2 (varstored.md 12.1).
    private static func run(_ arguments: [String]) -> Int32 {
        do throws(SystemError) {
            // First of all: no file of ours gets the number of a stream, and none of anybody else's stays (12.5).
            try occupyStandardStreams()
            try closeDescriptors()
        } catch {
            return complain(.failed("descriptors: \(error)"))
        }
        // The lock lives as long as the process.
        var pidFiles: [PIDFileOwner] = []
        defer { withExtendedLifetime(pidFiles) {} }
        let command: Command
        do throws(OptionError) {
            command = try Options.parse(arguments) { path throws(OptionError) in
                do throws(PIDFileError) {
                    pidFiles.append(PIDFileOwner(try PIDFile.made(path: path)))
                } catch {
                    throw .failed("--pidfile: \(error)")
                }
            }
        } catch {
            return complain(error)
        }
        switch command {
        case .help: return say(Options.usage)
        case .version: return say("varstored \(version)\n")
        case .serve(let options): return serve(options, arguments)
        }
    }

    private static func serve(_ options: Options, _ arguments: [String]) -> Int32 {
        // From here on a signal ends what is done in order.
        let stop = StopSignals()
        ignoreBrokenPipes()
        let log = DaemonLog(options.logLevel, sink: StandardLogSink())
        log.write(
            .information, "varstored", "starts",
            [("version", version), ("pid", "\(processID)"), ("options", arguments.joined(separator: " "))])
        for sentence in options.warnings(logIsFile: Options.logIsFile) {
            log.write(.warning, "varstored", sentence)
        }
        do throws(StartEnd) {
            let start = try Start(options, stop, log)
            return try start.run().run()
        } catch {
            switch error {
            case .stopped:
                log.write(.information, "varstored", "stopped before it served; nothing is saved")
                return 0
            case .failed(let sentence):
                log.write(.error, "varstored", "the start has failed: \(sentence)")
                return 1
            }
        }
    }

    private static func complain(_ error: OptionError) -> Int32 {
        // Who has closed standard error does not want to be told.
        switch error {
        case .usage(let sentence):
            try? StandardStream.error.write("varstored: \(sentence)\n\n\(Options.usage)")
            return 2
        case .failed(let sentence):
            try? StandardStream.error.write("varstored: \(sentence)\n")
            return 1
        }
    }

    private static func say(_ text: String) -> Int32 {
        do throws(SystemError) {
            try StandardStream.output.write(text)
            return 0
        } catch {
            return complain(.failed("standard output: \(error)"))
        }
    }
}

/// A pid file, to be kept in a list: the option may be given twice.
private final class PIDFileOwner {
    private let file: PIDFile

    init(_ file: consuming PIDFile) { self.file = file }
}
