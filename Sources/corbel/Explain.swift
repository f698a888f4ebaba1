// `corbel explain`: which ioreq server an access goes to, and by which rule. The rules are HypervisorModel's.
import ArgumentParser
import DaemonShell
import HypervisorModel
import LabKit
import SandboxClient
import SandboxWire
import StatisticsPage
import SystemCalls
import TopKit
import XenABI
import XenLinux

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say which ioreq server gets a guest's access, and by which rule.",
        discussion: """
            On a sandbox the model itself is asked. On live domains the statistics pages tell which program claims \
            what; servers that publish no page, such as QEMU's, are not known, because Xen has no call that lists \
            ranges.

            A port from 0xcfc to 0xcff is a PCI configuration access when port 0xcf8 holds an address (bit 31). \
            --cf8 says what it holds; without it, a sandbox's guest is looked at, and on live domains it is 0. --pci \
            asks for a register of a function at once.

            Examples:
              corbel explain --port 0x3f8 --domain 5
              corbel explain --port 0xcfc --width 4 --cf8 0x80002000 --domain 5
              corbel explain --memory 0xf0000000 --write --domain 5 --hypervisor sandbox:/tmp/sandbox
              corbel explain --pci 00:04.0 --register 0x10 --domain 5

            Without --domain every domain that is known is asked. Exit status: 0, or 2 when it can't be told.
            """)

    @Option(help: ArgumentHelp("An access to this I/O port.", valueName: "port"))
    var port: Number?

    @Option(help: ArgumentHelp("An access to this guest-physical address.", valueName: "address"))
    var memory: Number?

    @Option(
        help: ArgumentHelp("An access to the configuration space of this function.", valueName: "bus:device.function"))
    var pci: String?

    @Option(help: ArgumentHelp("The register of --pci.", valueName: "offset"))
    var register: Number?

    @Option(help: ArgumentHelp("Bytes: 1, 2, 4, or 8 for memory.", valueName: "bytes"))
    var width = Number(value: 4)

    @Flag(help: "A write; otherwise a read.")
    var write = false

    @Option(help: ArgumentHelp("What port 0xcf8 holds.", valueName: "value"))
    var cf8: Number?

    @Option(help: ArgumentHelp("The domain.", valueName: "id"))
    var domain: UInt16?

    @Option(help: ArgumentHelp("xen, or sandbox:PATH (default: $CORBEL_HYPERVISOR, else xen).", valueName: "where"))
    var hypervisor: String?

    @Option(help: ArgumentHelp("The folder of the statistics pages.", valueName: "folder"))
    var directory = StatisticsFolder.standardPath

    func validate() throws {
        guard [port != nil, memory != nil, pci != nil].filter({ $0 }).count == 1 else {
            throw ValidationError("one of --port, --memory and --pci is needed")
        }
        if register != nil, pci == nil { throw ValidationError("--register goes with --pci") }
        if let cf8, cf8.value > UInt64(UInt32.max) { throw ValidationError("--cf8 is a number of 32 bits") }
        _ = try step()
    }

    /// The access as a line of a guest's program, and what that means.
    private func step() throws -> GuestStep {
        do {
            let program = try GuestProgram(script: line)
            guard let step = program.steps.first?.first else { throw ValidationError("no access: \(line)") }
            return step
        } catch let error as GuestScriptError {
            throw ValidationError(error.message)
        }
    }

    private var line: String {
        let tail = " \(width.value)" + (write ? " 0" : "")
        if let port { return "\(write ? "out" : "in") \(port.value)\(tail)" }
        if let memory { return "\(write ? "store" : "load") \(memory.value)\(tail)" }
        return "pci \(write ? "write" : "read") \(pci ?? "") \(register?.value ?? 0)\(tail)"
    }

    func run() throws {
        let choice: HypervisorChoice
        do throws(HypervisorError) {
            choice = try HypervisorChoice.choose(option: hypervisor)
        } catch {
            throw LabError(.badInput, error.description)
        }
        switch choice {
        case .sandbox(let path): try askSandbox(path)
        case .xen: try askPages()
        }
    }

    private func askSandbox(_ path: String) throws {
        do {
            let sandbox = try SandboxControl(path: path)
            let all = try sandbox.listDomains().map(\.id.rawValue)
            let text = (cf8.map { "out 0xcf8 4 \($0.value)\n" } ?? "") + line
            for id in domain.map({ [$0] }) ?? all {
                let answer = try sandbox.explain(text, in: DomainID(id))
                try tell(id, answer.split(separator: "\n").map(String.init))
            }
        } catch let error as SandboxError {
            throw LabError(.failed, error.description)
        }
    }

    private func askPages() throws {
        let pages: [FoundPage]
        do throws(SystemError) {
            pages = try StatisticsFolder.read(directory).pages
        } catch {
            throw LabError(.failed, "no statistics pages: \(directory): \(error)")
        }
        let known = Set(pages.flatMap { $0.page.servers.map(\.record.domain) }).sorted()
        let asked = domain.map { [$0] } ?? known
        guard !asked.isEmpty else { throw LabError(.failed, "no process publishes in \(directory)") }
        for id in asked {
            guard let claims = ClaimExplanation(domain: id, pages: pages) else {
                throw LabError(.failed, "no statistics page has a server of domain \(id)")
            }
            try tell(id, claims.lines(try step(), latched: cf8.map { UInt32($0.value) }) ?? [])
        }
    }

    private func tell(_ id: UInt16, _ lines: [String]) throws {
        try say("domain \(id)")
        for line in lines { try say("  \(line)") }
    }
}

/// A number as people write it: 4, 0x3f8.
struct Number: ExpressibleByArgument {
    var value: UInt64

    init(value: UInt64) { self.value = value }

    init?(argument: String) {
        let isHexadecimal = argument.hasPrefix("0x") || argument.hasPrefix("0X")
        guard let value = isHexadecimal ? UInt64(argument.dropFirst(2), radix: 16) : UInt64(argument) else {
            return nil
        }
        self.value = value
    }
}
