// `corbel top`: what our device models do at this moment. What is shown is TopKit's.
public import ArgumentParser
import DaemonShell
import LabKit
import SystemCalls
public import TopKit

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Show what the device models of this host do, live.",
        discussion: """
            One line for each ioreq server of each process that publishes a statistics page: requests a second, share \
            of reads, mean and 99th percentile of the time from the guest's access to its answer (all since the last \
            look), accesses to nothing, requests that failed, ranges. A process that was killed is shown for as long \
            as one of its servers is left in Xen ("left over"; corbel servers tells how to clear it).

            Keys: q quits; p d r R m 9 u e sort by program, domain, requests, reads, mean, p99, unclaimed, errors; the \
            same key again turns the order round.

            Where stdout is no terminal, it prints one table and ends, as with --once; with --json it prints an object \
            a line until it is stopped. Each tells of the time between two looks, so the first comes after one \
            interval. Exit status: 0, also when nobody publishes; 2 when the folder can't be read.
            """)

    @Option(
        help: ArgumentHelp(
            "Sort by: \(TopOrder.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "key"))
    var sort = TopOrder.requests

    @Option(help: ArgumentHelp("Seconds between two looks, 0.5 to 3600.", valueName: "seconds"))
    var interval = 1.0

    @Flag(help: "As JSON, one object a line.")
    var json = false

    @Flag(help: "Print once and end.")
    var once = false

    @Option(help: ArgumentHelp("The folder of the pages.", valueName: "folder"))
    var directory = StatisticsFolder.standardPath

    func validate() throws {
        guard (0.5...3600).contains(interval) else { throw ValidationError("--interval is 0.5 to 3600 seconds") }
    }

    func run() throws {
        do {
            try look()
        } catch let error as TopFailure {
            throw LabError(.failed, error.description)
        } catch let error as SystemError {
            throw LabError(.failed, "\(error)")
        }
    }

    private func look() throws {
        ignoreBrokenPipes()
        let waiting = try TopWaiting()
        var look = TopLook(folder: directory, order: sort, isThere: serversInXen())
        if !once, !json, let size = TerminalSize(of: 1) {
            var screen = TopScreen(waiting, interval: interval, look)
            Corbel.exit(withStatus: try screen.run(size))
        }
        _ = try look.take()
        repeat {
            if case .signal(let number) = try waiting.wait(seconds: interval) {
                Corbel.exit(withStatus: 128 + number)
            }
            let view = try look.take()
            for line in json ? [view.json(folder: directory, now: look.taken)] : view.lines { try say(line) }
        } while json && !once
    }
}

extension TopOrder: ExpressibleByArgument {}
