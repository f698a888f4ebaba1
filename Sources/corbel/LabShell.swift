// `corbel lab shell`: an interactive dom0 on the user's terminal, or a script in it.
import ArgumentParser
import Foundation
import LabKit

struct LabShell: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Open a shell in dom0.",
        discussion: """
            On a terminal: a root shell in /lab, with a README there. exit, Ctrl-D or poweroff leaves with the shell's \
            status; Ctrl-] leaves at once, with status 0, whatever hangs. All other keys, Ctrl-C too, go to \
            the programs in dom0. The size of the terminal is followed.

            When stdin is no terminal, the shell reads its commands from there, without a prompt, and ends with them.

            Everything in dom0 is gone afterwards. Exit status: as of corbel lab run.

            Examples:
              corbel lab shell --guest pvh
              corbel lab shell --with my-device-model
              echo 'xl info' | corbel lab shell
            """)

    @Option(
        name: .customLong("with"), parsing: .singleValue,
        help: ArgumentHelp(
            "Put a file into dom0, at /lab/<name> or at DEST; programs bring their shared libraries.",
            valueName: "FILE[=DEST]"))
    var files: [String] = []

    @Flag(inversion: .prefixedNo, help: "Start xenstored, xen-init-dom0 and xenconsoled first, so that xl works.")
    var toolstack = true

    @Option(
        help: ArgumentHelp(
            "Put a Linux guest's files there, and its configuration: xl create -p guest.cfg", valueName: "pvh|hvm|none")
    )
    var guest = GuestSettings.Choice.none

    @Flag(
        name: .customLong("guest-files"),
        help: "Put what a Linux guest is made of into dom0: /lab/guest/{bzImage,vmlinux,initrd}.")
    var guestFiles = false

    @Option(help: ArgumentHelp("How long boot and shell may take; without it, for ever.", valueName: "seconds"))
    var timeout: Double?

    @OptionGroup var settings: BootSettings

    func run() throws {
        try settings.recording(run)
    }

    private func run(_ record: RunRecord) throws {
        var options = LabOptions(command: try CommandWords(["sh"]))
        options.input = .ofShell
        options.files = try files.map { text throws(LabError) in try LabFile(text) }
        options.toolstack = toolstack
        options.guest = try GuestOptions.Kind(rawValue: guest.rawValue).map { kind throws(LabError) in
            try GuestOptions(kind)
        }
        options.guestFiles = guestFiles
        try settings.apply(to: &options, timeout: timeout ?? Double.greatestFiniteMagnitude)
        options.logs = record.logs
        let progress = settings.progress
        let interruption = Interruption()
        interruption.listen()
        let result = try Lab(interruption: interruption, progress: progress).run(options, output: StandardOutput.write)
        result.report(to: record.file, progress, timeout: options.timeout, summary: false)
        Corbel.exit(withStatus: result.outcome.exitStatus)
    }
}
