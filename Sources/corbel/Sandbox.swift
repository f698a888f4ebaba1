// `corbel sandbox`: a model of Xen that programs attach to instead of /dev/xen. What it does is SandboxServer's.
import ArgumentParser
import Foundation
import LabKit
import SandboxClient
import SandboxWire
import XenABI

struct Sandbox: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Run device models against a model of Xen: no Xen, no root, no boot.",
        discussion: """
            Programs attach to it by --hypervisor sandbox:PATH, or by CORBEL_HYPERVISOR=sandbox:PATH, and run as they \
            do on Xen, without being built anew. Guests are scripts.

            Example:
              corbel sandbox start
              export CORBEL_HYPERVISOR=sandbox:$(corbel sandbox path)
              corbel sandbox domain create
              PortScratch 1 &
              printf 'out 0x100 1 0x42\\nin 0x100 1 expect 0x42\\n' | corbel sandbox run -
              corbel explain --port 0x100 --width 1
              corbel sandbox stop

            The socket: --socket, else the path in CORBEL_HYPERVISOR, else $XDG_RUNTIME_DIR/corbel-sandbox, else \
            /run/corbel-sandbox for root and /tmp/corbel-sandbox-UID for others. Only root and the user who started it \
            may connect.
            """,
        subcommands: [
            SandboxStart.self, SandboxStatus.self, SandboxStop.self, SandboxDomain.self, SandboxRun.self,
            SandboxPath.self,
        ])
}

/// Which sandbox.
struct SandboxSocket: ParsableArguments {
    @Option(help: ArgumentHelp("The sandbox' socket.", valueName: "path"))
    var socket: String?

    /// The path that was said, or that programs go by.
    var path: String {
        if let socket { return socket }
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["CORBEL_HYPERVISOR"], named.hasPrefix("sandbox:") {
            return String(named.dropFirst("sandbox:".count))
        }
        if let folder = environment["XDG_RUNTIME_DIR"], !folder.isEmpty { return folder + "/corbel-sandbox" }
        // Root's is nowhere where others could have put something before.
        return getuid() == 0 ? "/run/corbel-sandbox" : "/tmp/corbel-sandbox-\(getuid())"
    }

    /// Connects, or says why not.
    func connect() throws -> SandboxControl {
        do throws(SandboxError) {
            return try SandboxControl(path: path)
        } catch {
            throw LabError(.failed, error.description)
        }
    }

    /// Asks something of it.
    func ask<Answer>(_ question: (SandboxControl) throws(SandboxError) -> Answer) throws -> Answer {
        let control = try connect()
        do throws(SandboxError) {
            return try question(control)
        } catch {
            throw LabError(.failed, error.description)
        }
    }
}

struct SandboxStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say what is going on in a sandbox.")

    @OptionGroup var socket: SandboxSocket

    func run() throws {
        let control = try socket.connect()
        try say("process \(control.processID)")
        do throws(SandboxError) {
            let text = try control.status()
            for line in text.split(separator: "\n") { try? say(String(line)) }
        } catch {
            throw LabError(.failed, error.description)
        }
    }
}

struct SandboxStop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End a sandbox; programs that are attached to it are told.")

    @OptionGroup var socket: SandboxSocket

    func run() throws { try socket.ask { control throws(SandboxError) in try control.stop() } }
}

struct SandboxPath: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path", abstract: "Print the path of the socket, for --hypervisor sandbox:PATH.")

    @OptionGroup var socket: SandboxSocket

    func run() throws { try say(socket.path) }
}

struct SandboxRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Have a guest do what a script says, and show what came of each step.",
        discussion: """
            One step a line; # begins a comment. Steps: in, out, load, store, rep ins, rep outs, rep movs, pci read, \
            pci write, write, fill, expect memory, wait interrupt, wait event, clock, invalidate, balloon, \
            repeat ... end, vcpu, note, shutdown. Numbers as 4 or 0x10. An example:

              out 0x3fb 1 0x03
              in 0x3fd 1 expect 0x60
              vcpu 1
              rep outs 0x200 4 count 16 from 0x8000

            Exit status: 0; 1 when an expectation was not met; 2 when the script can't be run.
            """)

    @Argument(help: "A file, or - for stdin.")
    var script: String

    @Option(help: ArgumentHelp("The domain (default: the only one).", valueName: "id"))
    var domain: UInt16?

    @OptionGroup var socket: SandboxSocket

    func run() throws {
        let text = try read()
        let id = try domain ?? onlyDomain()
        let trace = try socket.ask { control throws(SandboxError) in try control.runScript(text, in: DomainID(id)) }
        for line in trace.split(separator: "\n") { try say(String(line)) }
        if trace.hasSuffix("expectations were not met") { Corbel.exit(withStatus: 1) }
    }

    private func read() throws -> String {
        let file = script == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: script)
        guard let file, let bytes = try? file.readToEnd() ?? Data() else {
            throw LabError(.badInput, "\(script) can't be read")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func onlyDomain() throws -> UInt16 {
        let all = try socket.ask { control throws(SandboxError) in try control.listDomains() }
        guard all.count == 1, let only = all.first else {
            throw LabError(
                .badInput, all.isEmpty ? "the sandbox has no domain" : "the sandbox has \(all.count) domains",
                remedy: all.isEmpty ? "make one: corbel sandbox domain create" : "say which: --domain ID")
        }
        return only.id.rawValue
    }
}
