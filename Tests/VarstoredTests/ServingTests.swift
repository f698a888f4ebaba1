// The loop and its ends, with a guest in this process (varstored.md 12.4, 11.5).

import DaemonShell
import EventLoop
import HypervisorModel
import SystemCalls
import Testing
import UEFIVariables
import VariableBackends
import VariableService
import XenABI
import XenDeviceModel
import XenDeviceModelTesting
import XenLinux
import XenPlatform

@testable import varstored

/// Event channels whose descriptor has hung up.
private final class BrokenEvents: EventChannels {
    private let real: any EventChannels
    private let end: OwnedDescriptor

    init(_ real: any EventChannels) throws {
        self.real = real
        // Its other end is closed at once.
        end = try Pipe().reading.duplicate()
    }

    func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort {
        try real.bindInterdomain(domain, port: port)
    }
    func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort { try real.bindUnbound(domain) }
    func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort { try real.bindVIRQ(virq) }
    func notify(_ port: EventPort) throws(XenError) { try real.notify(port) }
    func unmask(_ port: EventPort) throws(XenError) { try real.unmask(port) }
    func next() throws(XenError) -> EventPort? { try real.next() }
    func restrict(to domain: DomainID) throws(XenError) { try real.restrict(to: domain) }
    var descriptor: Int32 { end.rawValue }
    func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome {
        try real.wait(orReadable: other, milliseconds: milliseconds)
    }
}

/// A daemon after its start, and its guest.
private final class Daemon {
    let bench: SandboxBench
    let folder: ScratchFolder
    let sink = KeptLog()
    let backend = FakeBackend(nil)
    let stop = StopSignals()
    let serving: Serving

    init(savePath: String? = "save", isBroken: Bool = false) throws {
        bench = try SandboxBench(DomainShape(.hvm, vcpuCount: 2))
        folder = try ScratchFolder()
        let log = DaemonLog(.debug, sink: sink)
        let loop = try EventLoop()
        var domain = bench.domain
        if isBroken {
            let platform = bench.platform
            domain = try Platform(
                calls: platform.calls, memory: platform.memory, events: BrokenEvents(platform.events),
                states: platform.states
            ).domain(bench.target.id, restricted: false)
        }
        let device = VariableDevice(domain: domain, loop: loop, log: log)
        let server = try domain.makeIOREQServer().mapPages().claim(.ports(VariableDevice.ports), for: device).enable()
        let services = VariableServices.start(nil, policy: VariablePolicy())
        device.start(services, Lenient(), backend: backend, confirmed: nil)
        let path = folder.path
        let save = try savePath.map { try StateFile(path: "\(path)/\($0)") }
        serving = Serving(server, device: device, stop: stop, loop: loop, log: log, save: save)
    }

    /// Serves to the end. The signal is taken, so that no other test of this thread finds it.
    func run() -> Int32 {
        defer { _ = stop.received }
        return serving.run()
    }

    /// A guest that sets T, and does not look at the answer yet.
    func setT() throws -> PendingAccess {
        let request = VariableRequest.encodeSet(VariableName("T"), .t, .ordinary, Array("abc".utf8))
        bench.guest.poke(0x10_0000, request)
        return try bench.guest.begin(.output(0x100, .four, 0x100))
    }

    func saved() throws -> VariableBlob { try VariableBlob.read(try folder.read("save")).blob }
}

@Suite(.serialized) struct ServingTests {
    @Test("190: SIGTERM in the loop: what the guest asked is done, everything is saved, status 0")
    func terminated() throws {
        let daemon = try Daemon()
        let access = try daemon.setT()
        Signal.terminate.raise()
        #expect(daemon.run() == 0)
        #expect(access.isOver)
        #expect(daemon.backend.writes.count == 1)
        let saved = try daemon.saved()
        #expect(saved.records.first == .named("T"))
        #expect(saved.records.count == 10 && saved.latched == false)
        #expect(daemon.folder.names == ["save"])
        #expect(try daemon.bench.domain.ioreqServerIDs().isEmpty)
    }

    @Test("without a save path nothing is saved, and that is no failure")
    func noSave() throws {
        let daemon = try Daemon(savePath: nil)
        Signal.hangUp.raise()
        #expect(daemon.run() == 0)
        #expect(daemon.folder.names.isEmpty)
    }

    @Test("192: a save that is refused: status 1, and what lay there before is whole")
    func refusedSave() throws {
        let daemon = try Daemon(savePath: "folder")
        // No file can take the place of a folder.
        try makeDirectory(path: "\(daemon.folder.path)/folder")
        defer { try? removeDirectory(path: "\(daemon.folder.path)/folder") }
        Signal.interrupt.raise()
        #expect(daemon.run() == 1)
        #expect(daemon.folder.names == ["folder"])
        #expect(daemon.sink.lines.contains { $0.hasPrefix("ERROR varstored: the variables can't be saved") })
        #expect(try daemon.bench.domain.ioreqServerIDs().isEmpty)
    }

    @Test("the end of the domain ends the loop as a signal does")
    func domainGone() throws {
        let daemon = try Daemon()
        try daemon.bench.destroyGuest()
        #expect(daemon.run() == 0)
        #expect(try daemon.saved().records.count == 9)
        #expect(daemon.sink.lines.contains("INFO varstored: stopping: the domain is gone"))
        #expect(daemon.sink.count("ERROR") == 0)
    }

    @Test("an event channel that has hung up: everything is saved, status 1")
    func brokenEvents() throws {
        let daemon = try Daemon(isBroken: true)
        #expect(daemon.run() == 1)
        #expect(try daemon.saved().records.count == 9)
    }
}

@Suite struct StorageTests {
    @Test("193: a second daemon on the same file fails its start; the first's end gives the file back")
    func secondDaemon() throws {
        let folder = try ScratchFolder()
        let options = Options(domain: 1, backend: .file(path: "\(folder.path)/blob"))
        let log = DaemonLog(.debug, sink: KeptLog())
        let loop = try EventLoop()
        var first: Storage? = try Storage(options, loop: loop, log: log)
        #expect(first != nil)
        do throws(StartEnd) {
            _ = try Storage(options, loop: loop, log: log)
            Issue.record("two daemons on one file")
        } catch {
            #expect("\(error)".contains("is locked by another process"))
        }
        first = nil
        _ = try Storage(options, loop: loop, log: log)
    }

    @Test("a folder that is not there fails the start before anything is served")
    func noFolder() throws {
        var options = Options(domain: 1, backend: .xapidb(uuid: "U", socket: "/nowhere"))
        options.savePath = "/nowhere/save"
        let log = DaemonLog(.debug, sink: KeptLog())
        let loop = try EventLoop()
        #expect(throws: StartEnd.self) { try Storage(options, loop: loop, log: log) }
    }
}

@Suite(.serialized) struct StartWriteTests {
    /// Answers when it is told to, or never.
    private final class SlowBackend: VariableBackend {
        var then: ((BackendOutcome) -> Void)?
        private(set) var isAbandoned = false
        func write(_ blob: [UInt8], for reason: WriteReason, then: @escaping (BackendOutcome) -> Void) {
            self.then = then
        }
        func notifySecureBootFailure(then: @escaping (BackendOutcome) -> Void) {}
        func abandon() { isAbandoned = true }
    }

    private final class Later: TimerHandler {
        let action: () -> Void
        init(_ action: @escaping () -> Void) { self.action = action }
        func fired(_ timer: LoopTimer, on loop: EventLoop) { action() }
    }

    private func outcome(
        _ backend: any VariableBackend, milliseconds: Int32 = 10000, prepare: (EventLoop) -> Void = { _ in }
    ) throws -> StartWrite.Outcome {
        let loop = try EventLoop()
        let stop = StopSignals()
        prepare(loop)
        let outcome = StartWrite(loop).run([1], .keysChanged, backend, stop, milliseconds: milliseconds)
        // Taken, so that no other test of this thread finds it.
        _ = stop.received
        return outcome
    }

    @Test("a write that is confirmed or refused at once, or later, is waited for")
    func answers() throws {
        #expect(try outcome(FakeBackend(nil)) == .confirmed)
        for (answer, expected) in [
            (BackendOutcome.confirmed, StartWrite.Outcome.confirmed), (.failed("no"), .failed("no")),
        ] {
            let backend = SlowBackend()
            let result = try outcome(backend) { loop in
                _ = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: 1), Later { backend.then?(answer) })
            }
            #expect(result == expected)
        }
    }

    @Test("a backend that says nothing fails the start in time, and is let go")
    func silence() throws {
        let backend = SlowBackend()
        #expect(try outcome(backend, milliseconds: 20) == .failed("no answer in time"))
        #expect(backend.isAbandoned)
    }

    @Test("191: SIGTERM while the start waits for its write: it stops")
    func terminated() throws {
        let backend = SlowBackend()
        #expect(try outcome(backend) { _ in Signal.terminate.raise() } == .stopped)
        #expect(backend.isAbandoned)
    }
}
