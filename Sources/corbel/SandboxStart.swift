// `corbel sandbox start`: the sandbox in this process, or in one of its own that this one waits for.
import ArgumentParser
import EventLoop
import Foundation
import HypervisorModel
import LabKit
import SandboxServer
import ServerCalls
import SystemCalls

struct SandboxStart: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start a sandbox.",
        discussion: """
            It goes on in the background until corbel sandbox stop; with --foreground until SIGTERM, SIGINT or SIGHUP. \
            Its log, refused calls with the rule that refused them among it, goes to --log FILE; without it to the \
            socket's path with .log, or in the foreground to standard error.

            Releases: \(Release.Version.allCases.map(\.name).joined(separator: ", ")); with +xsa506 or -xsa506 behind \
            it with or without that fix.

            Exit status: 0 when it listens (--foreground: when it has ended), 2 when it can't be started.
            """)

    @OptionGroup var socket: SandboxSocket

    @Option(help: ArgumentHelp("Which Xen it is.", valueName: "version"))
    var release = Release.standard.description

    @Option(
        name: .customLong("on-disconnect"),
        help: "The ioreq servers of a program that goes: keep them, as Xen does, or destroy them.")
    var onDisconnect = Fate.keep

    @Option(help: ArgumentHelp("Look at the rings for so long before sleeping.", valueName: "microseconds"))
    var spin: UInt32 = 0

    @Option(help: ArgumentHelp("Chooses whose turn it is among vCPUs.", valueName: "number"))
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Append the log to a file.", valueName: "file"))
    var log: String?

    @Flag(help: "Stay in the foreground.")
    var foreground = false

    @Flag(name: .shortAndLong, help: "Log nothing.")
    var quiet = false

    @Flag(help: .hidden)
    var detached = false

    enum Fate: String, ExpressibleByArgument, CaseIterable {
        case keep, destroy
    }

    func validate() throws {
        guard Release(release) != nil else { throw ValidationError("there is no release \(release) to imitate") }
    }

    func run() throws {
        if foreground || detached { try serve() } else { try startInBackground() }
    }

    // MARK: In this process

    private func serve() throws {
        if detached { _ = setsid() }
        // Each connection has several.
        raiseDescriptorLimit()
        // Before the socket is there: a signal from here on removes it.
        let stop = try SandboxStopping()
        let service: SandboxService
        let options = options(try writer())
        do throws(SandboxStartError) {
            service = try SandboxService(options)
        } catch {
            throw LabError(.failed, error.description)
        }
        do {
            try stop.watch(service)
            try say("sandbox: Xen \(release), listening at \(socket.path)")
            if detached { leaveStandardStreams() }
            try service.run()
        } catch let error as SystemError {
            service.close()
            throw LabError(.failed, "the sandbox: \(error)")
        }
        service.close()
    }

    private func options(_ log: @escaping (String) -> Void) -> SandboxOptions {
        var options = SandboxOptions(socketPath: socket.path, release: Release(release) ?? .standard, log: log)
        options.onDisconnect = onDisconnect == .keep ? .keep : .destroy
        options.spinMicroseconds = spin
        options.seed = seed
        return options
    }

    /// Where the log goes. A log that can't be written does not stop the sandbox.
    private func writer() throws -> (String) -> Void {
        if quiet { return { _ in } }
        guard let path = log ?? (detached ? socket.path + ".log" : nil) else {
            return { StandardError.write($0 + "\n") }
        }
        do throws(SystemError) {
            let file = try LogFile(path, followsLinks: log != nil)
            return { file.add($0) }
        } catch {
            throw LabError(.badInput, "\(path) can't be written: \(error)")
        }
    }

    // MARK: In a process of its own

    private func startInBackground() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments =
            [
                "sandbox", "start", "--detached", "--socket", socket.path, "--release", release, "--on-disconnect",
                onDisconnect.rawValue, "--spin", "\(spin)", "--seed", "\(seed)",
            ] + (log.map { ["--log", $0] } ?? []) + (quiet ? ["--quiet"] : [])
        let output = Foundation.Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        do { try process.run() } catch { throw LabError(.failed, "the sandbox can't be started: \(error)") }
        // Ends when it listens, or when it has given up, which it says by itself on our standard error.
        let line = try output.fileHandleForReading.readToEnd() ?? Data()
        guard line.starts(with: Data("sandbox: ".utf8)) else {
            process.waitUntilExit()
            Corbel.exit(withStatus: process.terminationStatus == 0 ? 2 : process.terminationStatus)
        }
        try say(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .newlines))
    }
}

/// Ends when a signal says so.
private final class SandboxStopping: DescriptorHandler {
    private let signals: SignalDescriptor
    private weak var service: SandboxService?

    init() throws {
        ignoreBrokenPipes()
        do throws(SystemError) {
            signals = try SignalDescriptor([.terminate, .interrupt, .hangUp])
        } catch {
            throw LabError(.failed, "signals: \(error)")
        }
    }

    func watch(_ service: SandboxService) throws(SystemError) {
        self.service = service
        _ = try service.loop.watch(signals.descriptor.rawValue, self)
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        if (try? signals.next()) != nil { service?.stop() }
    }
}

/// Who has started us must not wait for more, and its terminal is not ours.
private func leaveStandardStreams() {
    guard let nothing = try? OwnedDescriptor.open(path: "/dev/null", .readWrite) else { return }
    for number in 0...2 as ClosedRange<Int32> { dup2(nothing.rawValue, number) }
}

/// The log, to whose end lines are added. Where nobody has named it, not by way of a symbolic link: the folder may be
/// everybody's.
private final class LogFile {
    private let file: OwnedDescriptor

    init(_ path: String, followsLinks: Bool) throws(SystemError) {
        file = try OwnedDescriptor.open(
            path: path, .write, followsLinks ? [.create, .append] : [.create, .append, .noFollow])
    }

    func add(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        try? file.writeAll(bytes.span)
    }
}
