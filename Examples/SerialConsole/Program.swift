// The program: options in, a served serial port out.
// Not for: serving (see Service).

internal import SystemCalls

/// Why the program can't do its work, as a sentence.
struct Failure: Error {
    let sentence: String

    init(_ sentence: String) { self.sentence = sentence }
}

@main
enum Program {
    /// What is left to be written at the end may take this long, in milliseconds.
    static let finalFlushMilliseconds: Int32 = 2000

    static func main() {
        // First of all, so that their numbers are theirs.
        let messages = Messages()
        let standardOutput = DescriptorSink.standard(1)
        exitProgram(run(Array(CommandLine.arguments.dropFirst()), standardOutput, messages))
    }

    private static func run(_ arguments: [String], _ standardOutput: DescriptorSink?, _ messages: Messages) -> Int32 {
        let command: Command
        do throws(UsageError) {
            command = try Options.parse(arguments)
        } catch {
            messages.say(error.message)
            messages.show("Try 'SerialConsole --help'.\n")
            return 2
        }
        switch command {
        case .help:
            _ = standardOutput?.write(Array(Options.help.utf8).span)
        case .version:
            _ = standardOutput?.write(Array("SerialConsole \(version)\n".utf8).span)
        case .serve(let options):
            do throws(Failure) {
                let run = try ConsoleRun(options, standardOutput ?? NoSink(), messages)
                try run.serve()
            } catch {
                messages.say(error.sentence)
                return 1
            }
        }
        return 0
    }
}
