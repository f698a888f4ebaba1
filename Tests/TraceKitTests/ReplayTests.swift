// Recordings done again: the cut into rounds, and the whole way from one model to another.

import HypervisorModel
import SandboxServer
import Testing
import XenABI
import XenDeviceModel
import XenPlatform

@testable import TraceKit

/// Registers that count: each read gives another answer.
private final class Counter: RegisterDevice {
    var value: UInt64 = 0
    var step: UInt64 = 1

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        value += step
        return value
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) { self.value = value }
}

/// A guest of two vCPUs with a device model for it, in this process.
private struct Machine {
    let sandbox: InProcessSandbox
    let guest: HypervisorModel.Domain
    let domain: DeviceModelDomain
    let server: TestedServer

    init(_ device: Counter, observer: (any RequestObserver)? = nil) throws {
        sandbox = try InProcessSandbox(release: .standard)
        guest = try sandbox.createDomain(DomainShape(.pvh, vcpuCount: 2))
        var platform = sandbox.platform()
        platform.observer = observer
        domain = try platform.domain(guest.id, restricted: true)
        let server = try domain.makeIOREQServer().mapPages()
            .claim(.ports(0x200...0x20f), for: device)
            .claim(.memory(0xf000_0000...0xf000_ffff), for: device)
            .claim(.pci(PCIAddress(bus: 0, device: 4)), for: device)
            .enable()
        self.server = TestedServer(server)
    }

    /// Does a script to its end; the trace as a sandbox tells it.
    func run(_ script: String) throws -> String {
        let program = try GuestProgram(script: script)
        let guest = Guest(self.guest, program, seed: 1)
        for _ in 0..<10_000 where !guest.isFinished {
            guest.runUntilIdle()
            try domain.process()
        }
        #expect(guest.isFinished)
        return guest.trace.lines(of: program).joined(separator: "\n")
    }
}

/// Keeps a server that is a value.
private final class TestedServer {
    let server: IOREQServer<ServerState.Serving>

    init(_ server: consuming IOREQServer<ServerState.Serving>) { self.server = server }
}

@Suite("A replay") struct ReplayTests {
    static let script = """
        in 0x200 4
        out 0x204 2 0x1234
        in 0x200 4
        load 0xf0000008 8
        store 0xf0000008 8 0x1122334455667788
        load 0xf0000ff8 8
        write 0x8000 01 02 03 04 05 06 07 08 09 0a 0b 0c
        rep outs 0x200 4 count 3 from 0x8000
        rep ins 0x200 2 count 5 to 0x9000
        rep ins 0x200 2 count 5 to 0x9010 down
        rep movs 0xf0000100 4 count 3 from 0x8000
        rep movs 0xa000 4 count 3 from 0xf0000100
        rep movs 0xa020 4 count 3 from 0xf0000120 down
        pci read 00:04.0 0x10 4
        pci write 00:04.0 0x10 2 0x9999
        pci read 00:04.0 0x12 2
        vcpu 1
        in 0x208 1
        out 0x208 1 0x77
        in 0x208 1
        """

    private func recorded(step: UInt64 = 1) throws -> Recording {
        let sink = Kept()
        let device = Counter()
        device.step = step
        let machine = try Machine(device, observer: RequestRecorder(sink))
        _ = try machine.run(Self.script)
        return try Recording(sink.bytes)
    }

    private func differences(_ recording: Recording, _ machine: Machine) throws -> [ReplayDifference] {
        var all: [ReplayDifference] = []
        for round in ReplayRound.all(of: recording) {
            all += try round.differences(in: machine.run(round.script), of: recording)
        }
        return all
    }

    @Test("of a recording gives the same device the same answers") func equal() throws {
        let recording = try recorded()
        #expect(recording.requests.count == 18)
        #expect(recording.requests.filter { !$0.isReplayable } == [])
        #expect(try differences(recording, Machine(Counter())) == [])
    }

    @Test("records again what was recorded") func again() throws {
        let recording = try recorded()
        let sink = Kept()
        let machine = try Machine(Counter(), observer: RequestRecorder(sink))
        _ = try differences(recording, machine)
        let second = try Recording(sink.bytes)
        #expect(second.requests.map(\.request) == recording.requests.map(\.request))
        #expect(second.requests.map(\.answer) == recording.requests.map(\.answer))
    }

    @Test("of a device that answers otherwise tells each answer that is another one, with its line") func other() throws
    {
        let recording = try recorded()
        let device = Counter()
        device.step = 2
        let found = try differences(recording, Machine(device))
        let reads = recording.requests.filter(\.request.isRead)
        #expect(found.map(\.line) == reads.map(\.line))
        #expect(found.first?.description == "line 2: vCPU 0, port read 0x200, 4 bytes: recorded 0x1, now 0x2")
    }

    @Test("keeps the order among vCPUs: a change of the vCPU begins another round") func order() throws {
        let recording = try read(
            "> 0 port read 0x200 4", "< 0 0x1", "> 0 port read 0x200 4", "< 0 0x2", "> 1 port read 0x200 4", "< 1 0x3",
            "> 0 port read 0x200 4", "< 0 0x4")
        let rounds = ReplayRound.all(of: recording)
        #expect(
            rounds.map(\.script) == [
                "vcpu 0\nin 0x200 4\nin 0x200 4\n", "vcpu 1\nin 0x200 4\n", "vcpu 0\nin 0x200 4\n",
            ])
        #expect(try differences(recording, Machine(Counter())) == [])
    }

    @Test("has requests under way at once that were so when they were recorded") func overlapping() throws {
        let recording = try read(
            "> 1 port read 0x200 4", "> 0 port read 0x204 4", "< 0 0x1", "> 0 port read 0x204 4", "< 0 0x2", "< 1 0x3",
            "> 0 port read 0x200 4", "< 0 0x4", "> 1 port read 0x200 4")
        #expect(
            ReplayRound.all(of: recording).map(\.script) == [
                "vcpu 0\nin 0x204 4\nin 0x204 4\nvcpu 1\nin 0x200 4\n", "vcpu 0\nin 0x200 4\n",
            ])
    }

    @Test("leaves out what no guest of a sandbox can do, and what was not answered") func leftOut() throws {
        let recording = try read(
            "> 0 port read 0x200 4", "> 1 memory read 0xf0000000 1 5000 up 0x8000", "< 1",
            "> 1 pci read 0x2000000010 8", "< 1 0x0", "> 1 memory write 0xf0000000 1 2 up 0x8000", "< 1")
        #expect(recording.requests.map(\.isReplayable) == [false, false, false, false])
        #expect(ReplayRound.all(of: recording) == [])
    }

    @Test("whose trace has not all steps, or others, is no verdict") func traces() throws {
        let recording = try read("> 0 port read 0x200 4", "< 0 0x1")
        let round = try #require(ReplayRound.all(of: recording).first)
        #expect(throws: ReplayError.endsEarly) { try round.differences(in: "", of: recording) }
        #expect(throws: ReplayError.strange(line: "vcpu 1: in 0x200 4 -> 0x1")) {
            try round.differences(in: "vcpu 1: in 0x200 4 -> 0x1", of: recording)
        }
        let stopped = try round.differences(in: "vcpu 0: in 0x200 4 -> the domain has stopped", of: recording)
        #expect(stopped.count == 1)
    }
}
