// `corbel replay`: does in a sandbox what a recorded guest did, against the same device model, and compares answers.
// The recording's form, its cut into scripts and the comparison are TraceKit's.
import ArgumentParser
import Foundation
import LabKit
import SandboxClient
import SandboxWire
import TraceKit
import XenABI

struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Ask a device model what a recorded guest has asked, and compare its answers.",
        discussion: """
            A recording is made by any device model, on Xen or on a sandbox, with CORBEL_RECORD=FILE in its \
            environment: all requests, in order, of which vCPU, and the answers. It is done again in a sandbox that \
            listens: a guest is made, PROGRAM is started for it (the word @guest, or a word's end =@guest, stands for \
            its id), and it does the same accesses in the same order. Whatever else the device model goes by, its \
            input or its files, is not in a recording: give it the same.

            Example:
              corbel lab run --with PortScratch --guest pvh -- env CORBEL_RECORD=/tmp/it PortScratch @guest
              corbel sandbox start
              corbel replay it -- PortScratch @guest
              corbel sandbox stop

            With --domain ID no program is started: the one that serves the domain is asked.

            Exit status: 0 when every answer was the recorded one, 1 when one was not, 2 when it can't be told.
            """)

    /// How long a program may take to serve, and to end when it is told to.
    private static let patience = 20.0
    /// Differences that are shown.
    private static let shownMax = 50

    @Argument(help: "A recording.")
    var file: String

    @Option(help: ArgumentHelp("A domain that is there and served.", valueName: "id"))
    var domain: UInt16?

    @Option(help: "What kind of guest.")
    var kind = SandboxDomain.Create.Kind.pvh

    @OptionGroup var socket: SandboxSocket

    @Argument(parsing: .postTerminator, help: "The device model, for @guest.")
    var program: [String] = []

    func validate() throws {
        guard (domain == nil) != program.isEmpty else {
            throw ValidationError("name the device model (-- PROGRAM @guest), or a domain that is served (--domain ID)")
        }
    }

    func run() throws {
        let recording = try read()
        let rounds = ReplayRound.all(of: recording)
        guard !rounds.isEmpty else { throw LabError(.badInput, "\(file) has no request that can be done again") }
        // A sandbox that is sent a longer text hangs up, and the guest would be left behind.
        guard rounds.allSatisfy({ $0.script.utf8.count <= WireLimits.textByteCount }) else {
            throw LabError(.badInput, "\(file): more requests were under way at once than a sandbox takes")
        }
        let control = try socket.connect()
        let differences: [ReplayDifference]
        if let domain {
            differences = try replay(rounds, of: recording, in: DomainID(domain), by: control)
        } else {
            differences = try replayWithProgram(rounds, of: recording, by: control)
        }
        try report(recording, differences)
        if !differences.isEmpty { Corbel.exit(withStatus: 1) }
    }

    private func read() throws -> Recording {
        // A byte more than it may have tells that it has too many.
        guard let handle = FileHandle(forReadingAtPath: file),
            let bytes = try? handle.read(upToCount: Recording.bytesMax + 1) ?? Data()
        else { throw LabError(.badInput, "\(file) can't be read") }
        do throws(RecordingError) {
            return try Recording([UInt8](bytes))
        } catch {
            throw LabError(.badInput, "\(file): \(error)")
        }
    }

    // MARK: The guest and its device model

    private func replayWithProgram(
        _ rounds: [ReplayRound], of recording: Recording, by control: SandboxControl
    ) throws -> [ReplayDifference] {
        let mebibytes = max(16, (recording.bufferEnd >> 20) + 1)
        guard mebibytes <= 4096 else { throw LabError(.badInput, "\(file): its guest had buffers beyond 4 GiB") }
        let request = DomainRequest(
            kind: kind == .hvm ? 1 : 2, id: nil, vcpuCount: recording.vcpuCount, frameCount: mebibytes << 8,
            usesHAP: true, isArm: false, hasIOMMU: false)
        let domain = try ask { () throws(SandboxError) in try control.createDomain(request) }
        defer { try? control.destroyDomain(domain) }
        let process = try start(for: domain)
        defer { end(process) }
        if let access = rounds.first?.firstAccess { try awaitService(of: access, in: domain, process, control) }
        return try replay(rounds, of: recording, in: domain, by: control)
    }

    private func start(for domain: DomainID) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = program.map { word in
            word == "@guest" || word.hasSuffix("=@guest") ? word.dropLast(6) + "\(domain.rawValue)" : word
        }
        var environment = ProcessInfo.processInfo.environment
        environment["CORBEL_HYPERVISOR"] = "sandbox:" + socket.path
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        do { try process.run() } catch { throw LabError(.failed, "\(program[0]) can't be started: \(error)") }
        return process
    }

    private func end(_ process: Process) {
        process.terminate()
        let end = Date(timeIntervalSinceNow: Self.patience)
        while process.isRunning, Date() < end { usleep(10_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// Until somebody gets the first access.
    private func awaitService(
        of access: String, in domain: DomainID, _ process: Process, _ control: SandboxControl
    ) throws {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while Date() < end {
            let text = try ask { () throws(SandboxError) in try control.explain(access, in: domain) }
            if text.contains(", by ") || text.contains("which holds") { return }
            guard process.isRunning else {
                throw LabError(.failed, "\(program[0]) has ended with status \(process.terminationStatus)")
            }
            usleep(20_000)
        }
        throw LabError(.failed, "\(program[0]) does not serve \(access)")
    }

    // MARK: The requests

    private func replay(
        _ rounds: [ReplayRound], of recording: Recording, in domain: DomainID, by control: SandboxControl
    ) throws -> [ReplayDifference] {
        var all: [ReplayDifference] = []
        for round in rounds {
            let trace = try ask { () throws(SandboxError) in try control.runScript(round.script, in: domain) }
            do throws(ReplayError) {
                all += try round.differences(in: trace, of: recording)
            } catch {
                throw LabError(.failed, "the sandbox' trace does not fit: \(error)")
            }
        }
        return all
    }

    private func ask<Answer>(_ question: () throws(SandboxError) -> Answer) throws -> Answer {
        do throws(SandboxError) { return try question() } catch { throw LabError(.failed, error.description) }
    }

    private func report(_ recording: Recording, _ differences: [ReplayDifference]) throws {
        for difference in differences.prefix(Self.shownMax) { try say("\(difference)") }
        if differences.count > Self.shownMax { try say("and \(differences.count - Self.shownMax) more") }
        let done = recording.requests.count { $0.isReplayable }
        let left = recording.requests.count - done
        try say(
            "\(done) requests, \(differences.count) answered otherwise"
                + (left == 0 ? "" : "; \(left) left out, which no guest of a sandbox can do or nobody answered")
                + (recording.isFull ? "; the recorder was full before the end" : ""))
    }
}
