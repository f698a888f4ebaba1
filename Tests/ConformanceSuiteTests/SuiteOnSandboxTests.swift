// The suite on a sandbox that runs on a thread: each row passes there, or is one that a sandbox can't be asked.

import ConformanceSuite
import HypervisorModel
import SandboxServer
import ServerCalls
import Synchronization
import SystemCalls
import Testing

/// A sandbox on a thread of its own, until it is told to end.
private final class ServedSandbox: Sendable {
    let path = "/tmp/corbel-conformance-\(processID)-\(UInt32.random(in: 0...UInt32.max))"
    private let shouldEnd = Atomic<Bool>(false)
    private let state = Atomic<Int>(0)

    init(_ release: Release) throws {
        _ = try PlainThread { [self] in
            do {
                let service = try SandboxService(SandboxOptions(socketPath: path, release: release))
                state.store(1, ordering: .releasing)
                while !shouldEnd.load(ordering: .acquiring) { try service.step(milliseconds: 20) }
                service.close()
            } catch {
                state.store(2, ordering: .releasing)
            }
            state.store(2, ordering: .releasing)
        }
        while state.load(ordering: .acquiring) == 0 { yieldProcessor() }
    }

    func end() {
        shouldEnd.store(true, ordering: .releasing)
        while state.load(ordering: .acquiring) != 2 { yieldProcessor() }
    }
}

@Suite("The suite on a sandbox", .serialized) struct SuiteOnSandboxTests {
    @Test("each row passes, or says why a sandbox can't be asked", arguments: [Release.standard])
    func passes(release: Release) throws {
        let sandbox = try ServedSandbox(release)
        defer { sandbox.end() }
        var failed: [String] = []
        let tally = ConformanceRunner(try SandboxHost(path: sandbox.path)).run { result in
            if case .failed = result.verdict { failed.append(ConformanceReport.line(result)) }
        }
        #expect(failed.isEmpty, "\(failed.joined(separator: "\n"))")
        // What only Linux checks is skipped, and not much else.
        #expect(tally.passed > tally.skipped)
    }

    @Test("a sandbox that is not there is told, and no row is run")
    func absent() {
        #expect(throws: HostError.self) { try SandboxHost(path: "/tmp/no-such-sandbox") }
    }
}
