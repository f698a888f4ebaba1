// `corbel conformance`: the rules of the device-model ABI as rows, run on a Xen or on the model. The rows and what they
// run on are ConformanceSuite's.
import ArgumentParser
import ConformanceSuite
import Foundation
import HypervisorModel
import LabKit

struct Conformance: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance", abstract: "Run the conformance suite of Xen's device-model ABI.",
        discussion: """
            Each row is a rule of the ABI as steps with answers, per release of Xen. Without options it runs on the \
            Xen that we are on, or, where there is no /dev/xen, on the model in this process; --hypervisor \
            sandbox:PATH runs it on a sandbox.

            On real Xen it needs root in dom0. Rows about guests need corbel-domains, a small program that is built \
            for one release of Xen (Lab/conformance in the sources), and some need the exerciser guest; without them \
            they are skipped, and say so. Guests of its own are all that it touches. Rows that could take down a host \
            that others use run with --all only.

            Examples:
              corbel conformance --hypervisor model --release 4.14
              corbel conformance --list --only R5
              corbel conformance --hypervisor xen --domains ./corbel-domains --exerciser ./exerciser.elf --json

            One line a row: ok, not ok, or skip with the reason. Exit status: 0; 1 when a row has failed; 2 when it \
            can't be run.
            """)

    @Option(
        help: ArgumentHelp(
            "xen, model, or sandbox:PATH (default: $CORBEL_HYPERVISOR, else xen where there is one, else model).",
            valueName: "where"))
    var hypervisor: String?

    @Option(
        help: ArgumentHelp(
            "The release to imitate, or, on real Xen, whose answers to expect: 4.17, 4.20+xsa506, 4.17-xsa506.",
            valueName: "release"))
    var release: String?

    @Flag(help: "Print the rows and run none.")
    var list = false

    @Option(parsing: .singleValue, help: ArgumentHelp("Only this row; may be given several times.", valueName: "id"))
    var only: [String] = []

    @Flag(help: "As JSON, one object a line.")
    var json = false

    @Flag(help: "Also rows that could take down a host that others use.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "The program that makes domains (default: $CORBEL_DOMAINS, else in PATH).", valueName: "path"))
    var domains: String?

    @Option(help: ArgumentHelp("The exerciser guest, exerciser.elf (default: $CORBEL_EXERCISER).", valueName: "path"))
    var exerciser: String?

    private var selection: RowSelection {
        var selection = RowSelection()
        selection.only = only.isEmpty ? nil : Set(only)
        selection.withDangerous = all
        return selection
    }

    func validate() throws {
        let known = Set(ConformanceSuite.rows.map(\.id))
        let unknown = only.filter { !known.contains($0) }
        guard unknown.isEmpty else { throw ValidationError("there is no row \(unknown.joined(separator: ", "))") }
        if let release, Release(release) == nil {
            let names = Release.Version.allCases.map(\.name).joined(separator: ", ")
            throw ValidationError("no such release: \(release) (\(names), each with +xsa506 or -xsa506)")
        }
        if hypervisor?.hasPrefix("sandbox:") == true, release != nil {
            throw ValidationError("a sandbox has its release from corbel sandbox start --release")
        }
        // Otherwise nearly all rows would be skipped, and the status would be 0.
        if let domains, !FileManager.default.isExecutableFile(atPath: domains) {
            throw ValidationError("--domains \(domains): there is no such program")
        }
        if let exerciser, !FileManager.default.isReadableFile(atPath: exerciser) {
            throw ValidationError("--exerciser \(exerciser) can't be read")
        }
    }

    func run() throws {
        if list {
            for line in ConformanceReport.list(ConformanceSuite.blocks, selection) { try say(line) }
            return
        }
        let host = try openHost()
        var failure: (any Error)?
        let tally = ConformanceRunner(host, selection).run { result in
            guard failure == nil else { return }
            do {
                try say(json ? ConformanceReport.json(result, on: host) : ConformanceReport.line(result))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        try say(json ? ConformanceReport.json(tally) : ConformanceReport.summary(tally))
        if tally.failed > 0 { Corbel.exit(withStatus: 1) }
    }

    // MARK: What it runs on

    private func openHost() throws -> any ConformanceHost {
        let environment = ProcessInfo.processInfo.environment
        let isXenHere = FileManager.default.fileExists(atPath: "/dev/xen/privcmd")
        let named = hypervisor ?? environment["CORBEL_HYPERVISOR"].flatMap { $0.isEmpty ? nil : $0 }
        let release = release.flatMap { Release($0) }
        do throws(HostError) {
            switch named ?? (isXenHere ? "xen" : "model") {
            case "model": return try ModelHost(release ?? .standard)
            case "xen": return try XenHost(release: release, domains: domainsProgram(environment))
            case let name where name.hasPrefix("sandbox:"):
                return try SandboxHost(path: String(name.dropFirst("sandbox:".count)))
            case let name: throw .broken("no such hypervisor: \"\(name)\" (say xen, model or sandbox:PATH)")
            }
        } catch {
            switch error {
            case .broken(let reason), .unavailable(let reason): throw LabError(.failed, reason)
            }
        }
    }

    /// The program that makes domains, where it is; nil: nowhere.
    private func domainsProgram(_ environment: [String: String]) -> DomainsProgram? {
        let folders = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/corbel-domains" }
        let candidates = [domains ?? environment["CORBEL_DOMAINS"]].compactMap { $0 } + (domains == nil ? folders : [])
        guard let path = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            return nil
        }
        let image = exerciser ?? environment["CORBEL_EXERCISER"]
        return DomainsProgram(exerciser: image) { words in
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = words
            process.standardOutput = output
            guard (try? process.run()) != nil else { return nil }
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            let line = text.hasSuffix("\n") ? String(text.dropLast()) : text
            return DomainsProgram.Run(status: process.terminationStatus, output: line)
        }
    }
}
