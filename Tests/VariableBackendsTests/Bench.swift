// What the tests need around a backend: a folder, a log, a toolstack on the same loop.
// Not for: rows.

import DaemonShell
import EventLoop
import FakeXAPI
import SystemCalls
import Synchronization
import VariableService

@testable import VariableBackends

/// A folder of a test's own, removed with what is in it.
final class TestFolder {
    let path: String
    private static let number = Atomic<Int>(0)

    init() throws {
        path = "/tmp/corbel-backends-\(processID)-\(Self.number.add(1, ordering: .relaxed).newValue)"
        try makeDirectory(path: path)
    }

    deinit {
        for name in names { try? removeFile(path: "\(path)/\(name)") }
        try? removeDirectory(path: path)
    }

    var names: [String] { ((try? directoryNames(path: path, countMax: 1000)) ?? []).sorted() }

    func put(_ name: String, _ bytes: [UInt8]) throws { try replaceFile(path: "\(path)/\(name)", with: bytes.span) }

    func bytes(_ name: String) throws -> [UInt8] {
        let file = try OwnedDescriptor.open(path: "\(path)/\(name)", .read)
        return try file.read(at: 0, byteCount: try file.byteCount())
    }
}

/// Keeps the lines.
final class Lines: LogSink {
    var lines: [String] = []
    func write(_ level: LogLevel, _ line: String) { lines.append("\(level) \(line)") }
}

/// A backend and the toolstack that it speaks to, on one loop.
final class Bench {
    static let uuid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
    let folder: TestFolder
    let loop: EventLoop
    let xapi: FakeXAPI
    let lines = Lines()
    let backend: XAPIBackend

    /// Times are a fiftieth of the daemon's, unless a test says otherwise.
    init(_ change: (inout XAPILimits) -> Void = { _ in }) throws {
        folder = try TestFolder()
        loop = try EventLoop()
        xapi = try FakeXAPI(path: folder.path + "/xapi", loop: loop)
        var limits = XAPILimits()
        limits.callMilliseconds = 100
        limits.writeMilliseconds = 200
        limits.loadMilliseconds = 400
        limits.retryMilliseconds = 5
        limits.marginMilliseconds = 10
        change(&limits)
        backend = XAPIBackend(
            uuid: Self.uuid, socketPath: folder.path + "/xapi", loop: loop, log: DaemonLog(.debug, sink: lines),
            limits: limits)
    }

    /// With times that a right answer never exceeds, however busy the machine is.
    static func patient() throws -> Bench {
        try Bench {
            $0.callMilliseconds = 60_000
            $0.writeMilliseconds = 120_000
            $0.loadMilliseconds = 120_000
        }
    }

    func load() throws -> StoredVariables { try backend.load(shouldStop: { false }) }

    /// Writes, and turns the loop until the outcome.
    func write(_ blob: [UInt8] = [1, 2, 3], for reason: WriteReason = .ordinary) throws -> BackendOutcome? {
        try outcome { self.backend.write(blob, for: reason, then: $0) }
    }

    func notify() throws -> BackendOutcome? { try outcome { self.backend.notifySecureBootFailure(then: $0) } }

    /// The outcome; nil when there is none within a time that is beyond all deadlines.
    private func outcome(_ begin: (@escaping (BackendOutcome) -> Void) -> Void) throws -> BackendOutcome? {
        var outcomes: [BackendOutcome] = []
        begin { outcomes.append($0) }
        let end = MonotonicTime.now.advanced(byMilliseconds: 180_000)
        while outcomes.isEmpty, MonotonicTime.now < end { try loop.turn(milliseconds: 1000) }
        return outcomes.first
    }

    /// Turns the loop until something holds.
    func turn(until holds: () -> Bool) throws {
        let end = MonotonicTime.now.advanced(byMilliseconds: 60_000)
        while !holds(), MonotonicTime.now < end { try loop.turn(milliseconds: 10) }
    }
}
