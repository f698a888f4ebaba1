// `corbel demo`: a Linux guest on real Xen whose serial port is a Swift device model; then a guest's firmware with its
// variables in varstored.
import ArgumentParser
import Foundation
import LabKit

struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Boot a Linux guest on real Xen with a Swift device model as its serial port.",
        discussion: """
            Lines of the guest's log begin with "guest| ". With --firmware a second guest follows, which keeps UEFI \
            variables in varstored through two boots: lines of "firmware| " and "varstored| ".
            """)

    @Option(help: ArgumentHelp("The device model; by default SerialConsole beside this program.", valueName: "file"))
    var console: String?

    @Option(
        help: ArgumentHelp("The firmware guest (Guests/build makes it); without it there is none.", valueName: "file"))
    var firmware: String?

    @Option(help: ArgumentHelp("Its variable daemon; by default varstored beside this program.", valueName: "file"))
    var varstored: String?

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
        options.files = [LabFile(try program("SerialConsole", named: console, "console"), at: "/lab/SerialConsole")]
        if let firmware {
            options.files.append(LabFile(try LabFile(firmware).source, at: "/lab/firmware.elf"))
            options.files.append(
                LabFile(try program("varstored", named: varstored, "varstored"), at: "/lab/varstored"))
        }
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

    /// A program that goes into dom0: the one that was named by an option, or the one beside this program.
    private func program(_ name: String, named file: String?, _ option: String) throws -> URL {
        if let file { return URL(fileURLWithPath: file) }
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = own.deletingLastPathComponent().appendingPathComponent(name)
        guard FileManager.default.isExecutableFile(atPath: beside.path) else {
            throw LabError(
                .badInput, "there is no \(beside.path)",
                remedy: "build it (swift build -c release --product \(name)), or name one by --\(option)")
        }
        return beside
    }

    private func split(_ result: LabResult) -> String {
        var parts: [(String, Double?)] = [
            ("boot", result.marks["begin"]), ("domain creation", result.seconds(from: "begin", to: "created")),
            ("guest", result.seconds(from: "serving", to: "gone")),
        ]
        if firmware != nil { parts.append(("variables", result.seconds(from: "firmware", to: "variables"))) }
        parts.append(("total", result.preparation + result.machine))
        return "-- "
            + parts.map { "\($0.0) \($0.1.map { String(format: "%.1f s", $0) } ?? "not reached")" }
            .joined(separator: ", ")
    }
}
