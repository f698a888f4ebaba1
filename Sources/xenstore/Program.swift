// xenstore: one program for the store, by its own name with a mode, or by the names of the C tools (`xenstore-ls`).
// Not for: serving (xenstored).

internal import SystemCalls

@main
enum Program {
    static let version = "0.1.0"

    static func main() { exitProgram(run(commandLine())) }

    /// The whole program, as an exit status.
    private static func run(_ words: [[UInt8]]) -> Int32 {
        let console = Console(name: Array(programName.utf8))
        switch Invocation(words) {
        case .tool(let mode, let call): return ToolRun(mode: mode, call: call, console: console).run()
        case .control(let call): return ControlCommand(call: call, console: console).run()
        case .top(let call): return TopCommand(call: call, console: console).run()
        case .version: return say("xenstore \(version)\n", console)
        case .help: return say(ToolUsage.text, console)
        case .noMode(let name):
            console.warn(Array("Usage: ".utf8) + name + Array(" <mode> [-h] [...]".utf8))
        case .unknownMode(let mode):
            console.warn(Array("unknown mode ".utf8) + mode + Array("\n".utf8))
        }
        return 1
    }

    private static func say(_ text: String, _ console: Console) -> Int32 {
        console.write(Array(text.utf8))
        console.flush()
        return 0
    }

    /// The arguments as bytes. Swift mends what is no UTF-8; then they are asked for anew.
    private static func commandLine() -> [[UInt8]] {
        let words = CommandLine.arguments
        let bytes = words.map { Array($0.utf8) }
        if words.allSatisfy({ !$0.unicodeScalars.contains("\u{FFFD}") }) { return bytes }
        guard let file = try? OwnedDescriptor.open(path: "/proc/self/cmdline", .read) else { return bytes }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var room = buffer.mutableSpan
            guard let count = try? file.read(into: &room), count > 0 else { break }
            text += buffer[..<count]
        }
        let raw = text.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
        return raw.count == bytes.count ? raw : bytes
    }
}

/// What `xenstore --help` says.
enum ToolUsage {
    static let text = """
        Usage: xenstore MODE [OPTION]... [OPERAND]...
           or: xenstore-MODE [OPTION]... [OPERAND]...   by a link of that name

        Modes:
          read [-pR] KEY...              print values
          write [-R] KEY VALUE...        set values, several in one transaction
          list [-p] KEY...               print the names of children
          ls [-fp] [KEY]...              print trees
          rm [-t] KEY...                 remove keys and all below them
          exists KEY...                  say by the exit status whether keys are there
          chmod [-ru] KEY PERMISSION...  set permissions
          watch [-n COUNT] KEY...        print keys when they change
          control COMMAND [ARGUMENT]...  give the server a command
          top [-b] [-d SECONDS] [-n ROUNDS]
                                         show what the server does for whom, live

        Options:
          -f  whole paths           -p  the key before each value; of ls: permissions
          -R  values as they are    -r  what is below, too
          -u  what is above, too    -t  parents that are left empty, too
          -s  by a socket, never by the kernel's device

          --help     print this and end
          --version  print the version and end

        The store is at $XENSTORED_PATH, else $XENSTORED_RUNDIR/socket, else /run/xenstored/socket, else by the kernel's
        device. xenstore(1) tells more.

        """
}
