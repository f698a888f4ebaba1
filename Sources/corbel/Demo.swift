// `corbel demo`: a Linux guest on real Xen whose serial port is a Swift device model.
import ArgumentParser
import Foundation
import LabKit

struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Boot a Linux guest on real Xen with a Swift device model as its serial port.",
        discussion: "Lines of the guest's log begin with \"guest| \".")

    @Option(help: ArgumentHelp("The device model; by default SerialConsole beside this program.", valueName: "file"))
    var console: String?

    @Option(help: ArgumentHelp("How long all of it may take.", valueName: "seconds"))
    var timeout = 300.0

    @Option(help: ArgumentHelp("Words to add to the guest's kernel command line.", valueName: "text"))
    var append = ""

    @OptionGroup var settings: BootSettings

    func validate() throws {
        // The words go through a configuration of xl's, which knows no way to quote these.
        guard !append.contains(where: { "\"\\\n".contains($0) }) else {
            throw ValidationError("--append takes no quotes, backslashes or line ends")
        }
    }

    func run() throws {
        try settings.recording(run)
    }

    private func run(_ record: RunRecord) throws {
        var options = LabOptions(command: try CommandWords(["sh", "/lab/demo.sh", append]))
        options.files = [LabFile(try device(), at: "/lab/SerialConsole")]
        options.demonstration = true
        options.toolstack = true
        options.guestFiles = true
        try settings.apply(to: &options, timeout: timeout)
        options.logs = record.logs
        let progress = settings.progress
        let interruption = Interruption()
        interruption.listen()
        let guest = GuestLog()
        let result = try Lab(interruption: interruption, progress: progress).run(options) { bytes in
            guest.take(bytes)
            return StandardOutput.write(bytes)
        }
        if result.outcome == .timedOut {
            let last = guest.lines
            complain(last.isEmpty ? "the guest has written nothing" : "the guest's last lines:")
            for line in last { complain(line, prefix: "  ") }
        }
        result.report(to: record.file, progress, timeout: timeout)
        // Not thrown: the run did take place, and its result is recorded.
        do throws(LabError) { try say(split(result)) } catch { complain("\(error)") }
        Corbel.exit(withStatus: result.outcome.exitStatus)
    }

    private func device() throws -> URL {
        if let console { return URL(fileURLWithPath: console) }
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = own.deletingLastPathComponent().appendingPathComponent("SerialConsole")
        guard FileManager.default.isExecutableFile(atPath: beside.path) else {
            throw LabError(
                .badInput, "there is no \(beside.path)",
                remedy: "build it (swift build -c release --product SerialConsole), or name one by --console")
        }
        return beside
    }

    private func split(_ result: LabResult) -> String {
        let parts: [(String, Double?)] = [
            ("boot", result.marks["begin"]), ("domain creation", result.seconds(from: "begin", to: "created")),
            ("guest", result.seconds(from: "serving", to: "gone")), ("total", result.preparation + result.machine),
        ]
        return "-- "
            + parts.map { "\($0.0) \($0.1.map { String(format: "%.1f s", $0) } ?? "not reached")" }
            .joined(separator: ", ")
    }
}
