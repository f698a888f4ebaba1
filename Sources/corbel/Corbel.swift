// The corbel command: its verbs, and how a run ends as an exit status. What the verbs do is LabKit's.
import ArgumentParser
import Foundation
import LabKit

@main
struct Corbel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corbel",
        abstract: "Xen device models in Swift, and real Xen to try them on.",
        version: "corbel 0.1.0",
        subcommands: [
            LabCommand.self, Demo.self, Top.self, Servers.self, Explain.self, Sandbox.self, Replay.self,
            Conformance.self,
        ])

    /// As ArgumentParser's own, but a wrong command line is status 2, as it is for every other mistake.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as LabError {
            if case .interrupted = error.reason {} else { complain("\(error)") }
            exit(withStatus: error.exitStatus)
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            complain(fullMessage(for: error), prefix: "")
            exit(withStatus: 2)
        }
    }

    static func exit(withStatus status: Int32) -> Never {
        StandardError.drain()
        Foundation.exit(status)
    }
}

/// A line on stdout: what a verb was asked for. Throws when it can't be written; ends the program, as SIGPIPE would
/// have it, when nobody reads it.
func say(_ line: String) throws(LabError) {
    guard !StandardOutput.write(Data("\(line)\n".utf8)) else { return }
    guard let failure = StandardOutput.failure else { Corbel.exit(withStatus: LabOutcome.outputClosed.exitStatus) }
    throw LabError(.failed, failure)
}

/// A line on stderr.
func complain(_ text: String, prefix: String = "corbel: ") {
    StandardError.write("\(prefix)\(text)\n")
}

/// `corbel lab`.
struct LabCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "Boot real Xen with a Linux dom0, in QEMU under emulation.",
        discussion: "No root, no KVM, no disk image; packages come from the distribution and are kept in a cache.",
        subcommands: [LabRun.self, LabShell.self, LabFetch.self, LabDoctor.self, LabClean.self])
}
