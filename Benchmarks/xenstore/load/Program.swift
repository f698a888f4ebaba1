// Load for a Xenstore server: measured shapes, and clients that behave badly.
//     xenstore-load SOCKET [--pid PID] [--seconds S] SHAPE...     lines of a name and a number; `all`: every shape
//     xenstore-load SOCKET --pid PID bad DAY...|all               TAP rows
//     xenstore-load SOCKET ask|hold|end-of-file|without-socket|descriptors     for Tests/Xenstored/check
// Not for: rules of the protocol (the core's tests), guests (they have no sockets).

internal import ServerCalls
internal import SystemCalls
internal import XenstoreClient

@main
enum Program {
    static func main() {
        var words = Array(CommandLine.arguments.dropFirst())
        var server: ServerProcess?
        var seconds = 2.0
        guard !words.isEmpty else { usage() }
        let path = words.removeFirst()
        while let option = words.first, option.hasPrefix("--"), words.count >= 2 {
            guard let value = Double(words[1]), value > 0 else { usage() }
            switch option {
            case "--pid": server = ServerProcess(number: Int(value))
            case "--seconds": seconds = value
            default: usage()
            }
            words.removeFirst(2)
        }
        guard let first = words.first else { usage() }
        do {
            raiseDescriptorLimit()
            if first == "bad", words.count > 1, let server {
                try BadDays(path, server).play(words[1] == "all" ? BadDays.names : Array(words.dropFirst()))
            } else if Stages.names.contains(first) {
                try Stages.play(first, path)
            } else {
                try measure(path, server, seconds, words == ["all"] ? Shapes.names : words)
            }
        } catch {
            complain("\(error)")
            exitProgram(1)
        }
        exitProgram(0)
    }

    private static func measure(_ path: String, _ server: ServerProcess?, _ seconds: Double, _ names: [String]) throws {
        for name in names {
            let run = try LoadRun(path, server)
            try Shapes(run, seconds: seconds).measure(name)
        }
    }

    private static func usage() -> Never {
        complain("usage: xenstore-load SOCKET [--pid PID] [--seconds S] SHAPE...|all|bad DAY...|STAGE")
        exitProgram(64)
    }

    static func complain(_ text: String) { try? StandardStream.error.write("xenstore-load: \(text)\n") }
}
