// A sandbox on a thread of its own, and device models on theirs: as three processes are, but in one.

import Foundation
import HypervisorModel
import SandboxClient
import SandboxServer
import SystemCalls
import Synchronization
import Testing
import XenABI
import XenDeviceModel
import XenPlatform

/// A path that nobody else has.
func freshSocketPath() -> String { "/tmp/corbel-sandbox-\(processID)-\(UInt32.random(in: 0...UInt32.max))" }

/// What a sandbox has logged.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    func contains(_ text: String) -> Bool { lines.withLock { $0.contains { $0.contains(text) } } }

    var all: [String] { lines.withLock { $0 } }
}

/// A sandbox that is served by a thread until this object goes.
final class RunningSandbox: Sendable {
    let path = freshSocketPath()
    let log = LogLines()
    private let state = State()

    /// What the thread shares with this object, which it does not keep.
    private final class State: Sendable {
        let shouldEnd = Atomic<Bool>(false)
        let hasEnded = DispatchSemaphore(value: 0)
        let failure = Mutex<String?>(nil)
    }

    init(release: Release = .standard, change: @escaping @Sendable (inout SandboxOptions) -> Void = { _ in }) throws {
        let started = DispatchSemaphore(value: 0)
        Thread { [state, path, log] in
            var options = SandboxOptions(socketPath: path, release: release) { log.add($0) }
            change(&options)
            do {
                let service = try SandboxService(options)
                started.signal()
                while !state.shouldEnd.load(ordering: .acquiring), !service.isStopped {
                    try service.step(milliseconds: 20)
                }
                service.close()
            } catch {
                state.failure.withLock { $0 = "\(error)" }
                started.signal()
            }
            state.hasEnded.signal()
        }.start()
        started.wait()
        if let failure = state.failure.withLock({ $0 }) { throw RunError(failure) }
    }

    deinit { end() }

    /// Ends the sandbox, and waits until it has.
    func end() {
        if state.shouldEnd.exchange(true, ordering: .acquiringAndReleasing) { return }
        state.hasEnded.wait()
    }

    func control() throws -> SandboxControl { try SandboxControl(path: path) }

    func platform() throws -> Platform { try SandboxClient.open(path: path) }

    struct RunError: Error {
        var text: String

        init(_ text: String) { self.text = text }
    }
}

/// A device model on a thread of its own, until this object goes.
final class RunningDevice: Sendable {
    private let shouldEnd: @Sendable () -> Void
    private let state = State()

    /// What the thread shares with this object, which it does not keep.
    private final class State: Sendable {
        let hasEnded = DispatchSemaphore(value: 0)
        let outcome = Mutex<String>("")
    }

    /// Serves 16 bytes of memory at ports 0x100 to 0x10f of a domain.
    convenience init(_ sandbox: RunningSandbox, domain: DomainID, restricted: Bool = true) throws {
        try self.init(path: sandbox.path, domain: domain, restricted: restricted)
    }

    init(path: String, domain: DomainID, restricted: Bool = true) throws {
        let stop = try StopCounter()
        shouldEnd = { stop.signal() }
        let isReady = DispatchSemaphore(value: 0)
        Thread { [state] in
            do {
                let model = try SandboxClient.open(path: path).domain(domain, restricted: restricted)
                let server = try model.makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: Bytes()).enable()
                isReady.signal()
                let end = try server.serve(until: stop)
                state.outcome.withLock { $0 = "\(end)" }
            } catch {
                state.outcome.withLock { $0 = "\(error)" }
                isReady.signal()
            }
            state.hasEnded.signal()
        }.start()
        isReady.wait()
    }

    deinit { shouldEnd() }

    /// How serving has ended, or why it did not begin.
    func end(asking: Bool = true) -> String {
        if asking { shouldEnd() }
        state.hasEnded.wait()
        return state.outcome.withLock { $0 }
    }
}

private final class StopCounter: StopSource, @unchecked Sendable {
    private let counter: EventCounter

    init() throws { counter = try EventCounter() }

    var descriptor: Int32 { counter.descriptor.rawValue }

    func signal() { try? counter.signal() }
}

private final class Bytes: RegisterDevice {
    private var bytes = [UInt8](repeating: 0, count: 16)

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        (0..<width.byteCount).reduce(0) { $0 | UInt64(bytes[Int(offset) + $1]) << UInt64(8 * $1) }
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        for index in 0..<width.byteCount {
            bytes[Int(offset) + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
    }
}

/// Expects that a descriptor of events becomes silent, and stays so for so many milliseconds. The sandbox says first
/// that it rings the bell, and then rings: it may be heard once more, and then there is nothing.
func expectSilence(of events: any EventChannels, milliseconds: Int32) throws {
    for _ in 0..<3 {
        if try waitUntilReadable(events.descriptor, milliseconds: milliseconds) == [] { return }
        #expect(try events.next() == nil)
    }
    Issue.record("the descriptor is readable again and again")
}
