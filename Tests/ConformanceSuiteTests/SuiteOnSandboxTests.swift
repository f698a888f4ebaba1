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
    /// Why a sandbox can't be asked, by how the reason begins: what only Linux does, what it has no packets for.
    private static let reasons = [
        "for 4.", "not without the fix of XSA-506", "grants are not modelled", "an unreadable argument is no packet",
        "only Linux checks addresses of mappings", "the sandbox has no ioctls by number",
        "the sandbox has no reads of so few bytes", "the sandbox has no writes of such bytes",
        "the sandbox has no such call of evtchn", "no script of a sandbox has: a gate for",
        "no script of a sandbox has: wait for", "a sandbox runs one script of a domain at a time",
        "a sandbox pauses no guest", "a sandbox has no switch for log-dirty mode",
        "a sandbox has no HVM parameters to be set", "a sandbox does not tell why a domain can't be made",
    ]

    @Test(
        "each row passes, or says why a sandbox can't be asked",
        arguments: Release.Version.allCases.map { Release($0) })
    func passes(release: Release) throws {
        let sandbox = try ServedSandbox(release)
        defer { sandbox.end() }
        var failed: [String] = []
        let tally = ConformanceRunner(try SandboxHost(path: sandbox.path)).run { result in
            switch result.verdict {
            case .passed: break
            case .failed: failed.append(ConformanceReport.line(result))
            case .skipped(let reason):
                if !Self.reasons.contains(where: reason.hasPrefix) { failed.append(ConformanceReport.line(result)) }
            }
        }
        #expect(failed.isEmpty, "\(failed.joined(separator: "\n"))")
        // 4.9.0 has no resources, without which most rows can't do anything.
        #expect(tally.passed >= (release.version < .v4_11 ? 160 : 350), "\(tally)")
    }

    @Test("a sandbox that is not there is told, and no row is run")
    func absent() {
        #expect(throws: HostError.self) { try SandboxHost(path: "/tmp/no-such-sandbox") }
    }
}
