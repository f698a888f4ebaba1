// xen-fence: runs a program and reads every system call that it makes, in every thread and child; whatever is not on
// the list of stable calls fails the test. For dom0 of the lab; x86-64. A report and TAP when the program is gone.
// Not for: containing anybody. The program is ours, and not trying to deceive.

import FenceRules
import SystemCalls

@main
enum Fence {
    static let usage = """
        usage: xen-fence [OPTION...] -- PROGRAM [ARGUMENT...]
          --list FILE     the list, in place of the one that is built in (Tests/RealXen/FenceRules/stable-list)
          --also FILE     another list, beside it; may be given again
          --name NAME     what the rows call the program
          --output FILE   for report and rows; else standard output
          --status N      what the program is to end with, 128 + N for signal N; else 0
        Status: 0 all rows hold, 1 not all, 2 wrong use, or a program that can't be traced.

        """

    static func main() {
        let options: Options
        do throws(UsageError) {
            options = try Options(Array(CommandLine.arguments.dropFirst()))
        } catch {
            say("xen-fence: \(error.message)\n\(usage)")
            exitProgram(2)
        }
        do throws(Failure) {
            let list = try readLists(options)
            let trace = try run(options, list)
            let report = Report(options, list, trace)
            try write(report.text, to: options.output)
            exitProgram(report.holds ? 0 : 1)
        } catch {
            say("xen-fence: \(error.sentence)\n")
            exitProgram(2)
        }
    }

    private static func run(_ options: Options, _ list: StableList) throws(Failure) -> Trace {
        do throws(SystemError) {
            return try Tracer(options.command, list).run()
        } catch {
            throw Failure("\(options.command[0]) can't be traced: \(error)")
        }
    }

    private static func readLists(_ options: Options) throws(Failure) -> StableList {
        var list = StableList()
        do throws(ListError) {
            if options.list == nil { list = try StableList.builtIn() }
        } catch {
            throw Failure("stable-list: \(error)")
        }
        for path in [options.list].compactMap({ $0 }) + options.also {
            let text = try read(path)
            do throws(ListError) { try list.add(text) } catch { throw Failure("\(path): \(error)") }
        }
        return list
    }

    private static func read(_ path: String) throws(Failure) -> String {
        do throws(SystemError) {
            let file = try OwnedDescriptor.open(path: path, .read)
            var text: [UInt8] = []
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                var span = bytes.mutableSpan
                let count = try file.read(into: &span)
                if count == 0 { return String(decoding: text, as: UTF8.self) }
                text += bytes[..<count]
            }
        } catch {
            throw Failure("\(path): \(error)")
        }
    }

    private static func write(_ text: String, to path: String?) throws(Failure) {
        do throws(SystemError) {
            guard let path else { return try StandardStream.output.write(text) }
            let file = try OwnedDescriptor.open(path: path, .write, [.create, .truncate], permissions: 0o644)
            try file.writeAll(Array(text.utf8).span)
        } catch {
            throw Failure("\(path ?? "standard output"): \(error)")
        }
    }

    private static func say(_ text: String) {
        do throws(SystemError) { try StandardStream.error.write(text) } catch { exitProgram(2) }
    }
}

/// Why there is no verdict, as a sentence.
struct Failure: Error {
    let sentence: String

    init(_ sentence: String) { self.sentence = sentence }
}
