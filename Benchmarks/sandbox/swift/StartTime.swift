// From starting a sandbox' process to the first domain in it.

import CSpawn
import SandboxClient
import SandboxServer
import SandboxWire
import SystemCalls

/// The sandbox of another process, until it is told to stop.
func serveAsSandbox(_ path: String) throws {
    let service = try SandboxService(SandboxOptions(socketPath: path))
    try service.run()
    service.close()
}

/// Starts sandboxes one after the other: this program as one, or, where its path is given, `corbel sandbox start`.
func measureStart(rounds: Int, corbel: String?) throws {
    for round in 0..<rounds {
        let path = socketPath("start-\(round)")
        report(
            "start-ms",
            try start(path) { () throws(BenchmarkError) in
                try OtherProcess(OtherProcess.ourselves, ["sandbox", path])
            })
        guard let corbel else { continue }
        report(
            "start-corbel-ms",
            try start(path) { () throws(BenchmarkError) in
                try OtherProcess(corbel, ["sandbox", "start", "--foreground", "--quiet", "--socket", path])
            })
    }
}

/// Milliseconds until a client has made a domain.
private func start(_ path: String, _ launch: () throws(BenchmarkError) -> OtherProcess) throws -> Double {
    let start = corbel_bench_now()
    let process = try launch()
    let control = try connect(path, giveUpAt: start + 5_000_000_000)
    _ = try control.createDomain(DomainRequest())
    let time = corbel_bench_now() - start
    try control.stop()
    guard process.wait() == 0 else { throw BenchmarkError("the sandbox has failed") }
    return Double(time) / 1e6
}

/// Tries again and again while nobody listens, as a script that has just started a sandbox does.
private func connect(_ path: String, giveUpAt end: UInt64) throws -> SandboxControl {
    while true {
        do throws(SandboxError) {
            return try SandboxControl(path: path)
        } catch {
            guard case .nobody = error, corbel_bench_now() < end else { throw error }
        }
        MonotonicTime(nanoseconds: corbel_bench_now() + 100_000).sleep()
    }
}
