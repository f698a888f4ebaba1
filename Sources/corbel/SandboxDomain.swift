// `corbel sandbox domain`: the guests of a sandbox.
import ArgumentParser
import LabKit
import SandboxClient
import SandboxWire
import XenABI

struct SandboxDomain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain", abstract: "Make, list and destroy the guests of a sandbox.",
        subcommands: [Create.self, List.self, Destroy.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a guest, and print its id.",
            discussion: "Its memory lies from address 0 on. It does nothing until a script is run in it.")

        enum Kind: String, ExpressibleByArgument, CaseIterable {
            case pv, hvm, pvh
        }

        @Option(help: "What kind of guest; pv has no device models.")
        var kind = Kind.pvh

        @Option(help: ArgumentHelp("Its id (default: the next free one).", valueName: "id"))
        var id: UInt16?

        @Option(help: ArgumentHelp("vCPUs.", valueName: "n"))
        var vcpus: UInt32 = 1

        @Option(help: ArgumentHelp("Memory in MiB.", valueName: "MiB"))
        var memory: UInt64 = 16

        @Flag(help: "Shadow paging instead of hardware-assisted paging.")
        var shadow = false

        @Flag(help: "An Arm guest.")
        var arm = false

        @Flag(help: "The guest has an IOMMU.")
        var iommu = false

        @OptionGroup var socket: SandboxSocket

        func validate() throws {
            guard memory <= 1 << 20 else { throw ValidationError("--memory is 1048576 MiB at most") }
        }

        func run() throws {
            let request = DomainRequest(
                kind: kind == .pv ? 0 : kind == .hvm ? 1 : 2, id: id.map { DomainID($0) }, vcpuCount: vcpus,
                frameCount: memory << 8, usesHAP: !shadow, isArm: arm, hasIOMMU: iommu)
            let id = try socket.ask { control throws(SandboxError) in try control.createDomain(request) }
            try say("\(id.rawValue)")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the guests.")

        @OptionGroup var socket: SandboxSocket

        func run() throws {
            let all = try socket.ask { control throws(SandboxError) in try control.listDomains() }
            let kinds = ["pv", "hvm", "pvh"]
            try say("ID     KIND  VCPUS  MEMORY     SERVERS  STATE")
            for entry in all {
                let state = entry.life & 2 != 0 ? "dying" : entry.life & 1 != 0 ? "shut down" : "running"
                let cells: [(String, Int)] = [
                    ("\(entry.id.rawValue)", 7), (kinds[Int(min(entry.kind, 2))], 6), ("\(entry.vcpuCount)", 7),
                    ("\(entry.frameCount >> 8) MiB", 11), ("\(entry.serverCount)", 9), (state, 0),
                ]
                try say(cells.map { $0.0 + String(repeating: " ", count: max(0, $0.1 - $0.0.count)) }.joined())
            }
        }
    }

    struct Destroy: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Destroy a guest. It is dying for as long as a program maps a page of it.")

        @Argument(help: "Its id.")
        var id: UInt16

        @OptionGroup var socket: SandboxSocket

        func run() throws {
            try socket.ask { control throws(SandboxError) in try control.destroyDomain(DomainID(id)) }
        }
    }
}
