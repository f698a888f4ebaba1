// Options of a run's Linux guest.
import ArgumentParser
import Foundation
import LabKit

/// Which guest a command is to have.
struct GuestSettings: ParsableArguments {
    enum Choice: String, ExpressibleByArgument, CaseIterable { case pvh, hvm, none }

    @Option(
        help: ArgumentHelp(
            "Make a Linux guest for the command; pvh is meant when a word of it is @guest.", valueName: "pvh|hvm|none"))
    var guest: Choice?

    @Option(
        name: .customLong("guest-script"),
        help: ArgumentHelp("What the guest runs, by busybox's sh; its status counts.", valueName: "FILE"))
    var script: String?

    @Option(
        name: .customLong("guest-with"), parsing: .singleValue,
        help: ArgumentHelp("Put a file into the guest, as --with does into dom0.", valueName: "FILE[=DEST]"))
    var files: [String] = []

    @Option(
        name: .customLong("guest-append"),
        help: ArgumentHelp("Words to add to the guest's kernel command line.", valueName: "text"))
    var append: String?

    @Option(name: .customLong("guest-vcpus"), help: ArgumentHelp("Its processors (default: 1).", valueName: "count"))
    var vcpus: Int?

    @Option(
        name: .customLong("guest-memory"),
        help: ArgumentHelp("Its memory (default: 128, and more when its files need it).", valueName: "MiB"))
    var memory: Int?

    @Option(help: ArgumentHelp("Run the guest when a line of the command's output has this text.", valueName: "text"))
    var ready: String?

    @Flag(help: "Leave it to the command to run the guest: xl unpause \"$CORBEL_GUEST\".")
    var paused = false

    @Option(
        name: .customLong("ready-timeout"),
        help: ArgumentHelp("How long the command may take to serve (default: 60).", valueName: "seconds"))
    var readyTimeout: Int?

    func validate() throws {
        guard !(paused && (ready != nil || readyTimeout != nil)) else {
            throw ValidationError("--paused excludes --ready and --ready-timeout")
        }
        guard ready?.isEmpty != true, ready?.contains("\n") != true else {
            throw ValidationError("--ready takes the text of a line")
        }
        guard (1...86400).contains(readyTimeout ?? 60) else {
            throw ValidationError("--ready-timeout is 1 to 86400 seconds")
        }
        guard (1...32).contains(vcpus ?? 1) else { throw ValidationError("--guest-vcpus is 1 to 32") }
        guard (96...4096).contains(memory ?? 128) else { throw ValidationError("--guest-memory is 96 to 4096 MiB") }
    }

    /// The guest for `command`; nil for none.
    func options(for command: CommandWords) throws -> GuestOptions? {
        let choice = guest ?? (command.namesGuest ? .pvh : .none)
        guard let kind = GuestOptions.Kind(rawValue: choice.rawValue) else {
            guard !command.namesGuest else { throw ValidationError("there is no @guest with --guest none") }
            guard isDefault else { throw ValidationError("name the guest: --guest pvh, or @guest in the command") }
            return nil
        }
        var options = try GuestOptions(kind, append: append ?? "")
        options.vcpus = vcpus ?? options.vcpus
        options.memory = memory
        options.script = try script.map { path throws(LabError) in try LabFile(path).source }
        options.files = try files.map { text throws(LabError) in try LabFile(text) }
        options.start = paused ? .byCommand : ready.map { .afterOutput($0) } ?? .whenServed
        options.startTimeout = readyTimeout ?? options.startTimeout
        return options
    }

    /// Whether nothing is asked of a guest.
    private var isDefault: Bool {
        script == nil && files.isEmpty && append == nil && vcpus == nil && memory == nil && ready == nil && !paused
            && readyTimeout == nil
    }
}
