// `corbel lab run`: one command in dom0, its output, its status.
import ArgumentParser
import Foundation
import LabKit

struct LabRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a command in dom0.",
        discussion: """
            The command runs as root in /lab, with no input; PATH is /lab:/bin:/sbin:/usr/lib/xen/bin. Its words \
            arrive exactly as given. Its output, stderr included, comes to stdout as it is written; to \
            the command it is a terminal (TERM=dumb). It may call "lab-mark NAME" to put a point in time into --json.

            Exit status: the command's own; 124 when the time is up; 125 when Xen, dom0 or QEMU died; 2 when something \
            is missing or wrong before the boot; 130 after Ctrl-C. When the command's own status is 124 or 125, stderr \
            says so.

            A word @guest in the command is the domain id of a Linux guest, which runs when the command serves it; its \
            console comes to stdout as lines that begin with "guest| ". With a guest the status is also 1 when the \
            guest failed, and 124 when the command never served. Documentation/testing-in-ci.md has all of it.

            Examples:
              corbel lab run -- uname -r
              corbel lab run --toolstack -- xl info
              corbel lab run --with my-test --with x.bin=/data/x -- my-test -v
              corbel lab run --guest-script poke --with my-device-model -- my-device-model --domain @guest
            """)

    @Option(
        name: .customLong("with"), parsing: .singleValue,
        help: ArgumentHelp(
            "Put a file into dom0, at /lab/<name> or at DEST; programs bring their shared libraries.",
            valueName: "FILE[=DEST]"))
    var files: [String] = []

    @Flag(help: "Start xenstored, xen-init-dom0 and xenconsoled first, so that xl works.")
    var toolstack = false

    @OptionGroup(title: "Guest options") var guest: GuestSettings

    @Flag(
        name: .customLong("guest-files"),
        help: "Put what a Linux guest is made of into dom0: /lab/guest/{bzImage,vmlinux,initrd}.")
    var guestFiles = false

    @Option(
        help: ArgumentHelp(
            "How long boot and command may take (default: 180, with a pvh guest 300, with hvm 600).",
            valueName: "seconds"))
    var timeout: Double?

    @OptionGroup var settings: BootSettings

    @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.")
    var command: [String] = []

    func validate() throws {
        if command.isEmpty { throw ValidationError("name the command to run after --, as in: corbel lab run -- ls") }
    }

    func run() throws {
        try settings.recording(run)
    }

    private func run(_ record: RunRecord) throws {
        var options = LabOptions(command: try CommandWords(command))
        options.files = try files.map { text throws(LabError) in try LabFile(text) }
        options.guest = try guest.options(for: options.command)
        options.guestFiles = guestFiles
        options.toolstack = toolstack || options.guest != nil
        let timeout = timeout ?? options.guest?.usualTimeout ?? 180
        try settings.apply(to: &options, timeout: timeout)
        options.logs = record.logs
        let progress = settings.progress
        let interruption = Interruption()
        interruption.listen()
        let result = try Lab(interruption: interruption, progress: progress).run(options, output: StandardOutput.write)
        result.report(to: record.file, progress, timeout: timeout)
        Corbel.exit(withStatus: result.outcome.exitStatus)
    }
}

extension GuestOptions {
    /// QEMU hands a kernel over in 7 to 30 s, on a quiet machine.
    fileprivate var usualTimeout: Double { kind == .hvm ? 600 : 300 }
}
