// What the program is asked to be, by its own name or by its first argument, and which options each mode takes.
// Not for: doing it.

/// One of the C tools.
enum ToolMode: String, CaseIterable, Equatable {
    case read, write, list, ls, rm, exists, chmod, watch

    /// The options it takes, by letters; all take `h`, which says how to call it.
    var letters: String {
        switch self {
        case .read: "psR"
        case .write: "sR"
        case .list: "ps"
        case .ls: "fps"
        case .rm: "st"
        case .exists: "s"
        case .chmod: "rsu"
        case .watch: "ns"
        }
    }

    /// How to call it, behind its name. As the C tools say it, and not always what they do.
    var usage: String {
        switch self {
        case .read: "[-h] [-p] [-s] [-R] key [...]"
        case .write: "[-h] [-s] [-R] key value [...]"
        case .list, .exists: "[-h] [-p] [-s] key [...]"
        case .ls: "[-h] [-f] [-p] [-s] [path]"
        case .rm: "[-h] [-s] [-t] key [...]"
        case .chmod: "[-h] [-u] [-r] [-s] key <mode [modes...]>"
        case .watch: "[-h] [-n NR] key"
        }
    }

    /// Whether it may be called with so many operands.
    func takes(operandCount count: Int) -> Bool {
        switch self {
        case .ls: true
        case .write: count > 0 && count % 2 == 0
        default: count > 0
        }
    }
}

/// A call of the program, by its arguments.
enum Invocation: Equatable {
    /// One of the C tools' modes, with what is behind its name.
    case tool(ToolMode, ToolCall)
    /// `xenstore-control`, with its words.
    case control(ToolCall)
    /// `xenstore top`, with its options.
    case top(ToolCall)
    /// `xenstore --version`.
    case version
    /// `xenstore --help`.
    case help
    /// A call without a mode.
    case noMode(usageName: [UInt8])
    /// A mode that there is not.
    case unknownMode([UInt8])

    /// Reads a command line; the first argument is the program's own name.
    init(_ commandLine: [[UInt8]]) {
        let own = commandLine.first ?? []
        let base = Array(own[(own.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...])
        let link = Array("xenstore-".utf8)
        let mode: [UInt8]
        var call = ToolCall(usageName: own, optionName: own, arguments: Array(commandLine.dropFirst()))
        if base.starts(with: link) {
            mode = Array(base[link.count...])
        } else if let word = call.arguments.first {
            mode = word
            call = ToolCall(
                usageName: own + [UInt8(ascii: " ")] + word, optionName: word, arguments: Array(call.arguments[1...]))
        } else {
            self = .noMode(usageName: own)
            return
        }
        switch String(decoding: mode, as: UTF8.self) {
        case "control": self = .control(call)
        case "top": self = .top(call)
        case "--version" where !base.starts(with: link): self = .version
        case "--help" where !base.starts(with: link): self = .help
        case let word:
            if let tool = ToolMode(rawValue: word) { self = .tool(tool, call) } else { self = .unknownMode(mode) }
        }
    }
}

/// What a mode is called with.
struct ToolCall: Equatable {
    /// What stands before how to call it: the program's name as it was given, and the mode when it was an argument.
    var usageName: [UInt8]
    /// What stands before complaints about options.
    var optionName: [UInt8]
    /// What is behind the mode.
    var arguments: [[UInt8]]
}
