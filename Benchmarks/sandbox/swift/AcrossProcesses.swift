// A guest's access in the sandbox' process, served by a device model in another one; and beside it two processes that
// do nothing but wake each other.

import CSpawn
import HypervisorModel
import SandboxClient
import SandboxServer
import SystemCalls
import XenABI
import XenDeviceModel
import XenPlatform

/// Round trips between a sandbox in this process and a device model in another, sleeping or spinning.
final class IOREQRoundTrip {
    private static let spinMicroseconds: UInt32 = 20_000
    private let service: SandboxService
    private let guest: Domain
    private let model: OtherProcess
    private let path: String

    /// Starts both, and waits until the device model serves.
    init(isSpinning: Bool) throws {
        path = socketPath(isSpinning ? "spinning" : "sleeping")
        var options = SandboxOptions(socketPath: path)
        options.spinMicroseconds = isSpinning ? Self.spinMicroseconds : 0
        service = try SandboxService(options)
        guest = try service.hypervisor.createDomain(DomainShape())
        model = try OtherProcess(
            OtherProcess.ourselves, ["model", path, "\(guest.id.rawValue)"],
            variable: isSpinning ? "CORBEL_SANDBOX_SPIN=\(Self.spinMicroseconds)" : nil)
        let end = MonotonicTime.now.advanced(byMilliseconds: 5000)
        while guest.server(IOREQServerID(0))?.isEnabled != true {
            if MonotonicTime.now > end { throw BenchmarkError("the device model does not come up") }
            try service.step(milliseconds: 100)
        }
        _ = try measure(100)
    }

    /// Nanoseconds of each of so many accesses.
    func measure(_ count: Int) throws -> [UInt64] {
        let vcpu = guest.vcpus[0]
        var times: [UInt64] = []
        times.reserveCapacity(count)
        for _ in 0..<count {
            let start = corbel_bench_now()
            var outcome = vcpu.perform(.input(0x100, .four))
            while outcome == .waiting {
                try service.step(milliseconds: 1000)
                outcome = vcpu.resume()
                if corbel_bench_now() - start > 5_000_000_000 { throw BenchmarkError("the device model hangs") }
            }
            times.append(corbel_bench_now() - start)
            guard outcome == .done(0x11) else { throw BenchmarkError("a wrong answer: \(outcome)") }
        }
        return times
    }

    /// The sandbox goes, and the device model sees that it has gone.
    func close() {
        service.close()
        _ = model.wait()
    }
}

/// The device model of another process: serves until the sandbox has gone.
func serveAsModel(_ path: String, _ id: DomainID) throws {
    let platform = try SandboxClient.open(path: path)
    let server = try platform.domain(id, restricted: true).makeIOREQServer().mapPages()
        .claim(.ports(0x100...0x10F), for: Register()).enable()
    _ = try? server.serve(until: try Never())
}

/// A stop that does not come.
private final class Never: StopSource {
    private let counter: EventCounter
    init() throws(SystemError) { counter = try EventCounter() }
    var descriptor: Int32 { counter.descriptor.rawValue }
}

/// Nanoseconds of round trips of two bare processes, made by one of CSpawn's functions.
private func bare(
    _ count: Int, _ function: (UnsafeMutablePointer<UInt64>?, Int32) -> Int32
) throws(BenchmarkError) -> [UInt64] {
    var times = [UInt64](repeating: 0, count: count)
    // SAFETY: the function writes as many numbers as there are places.
    let code = unsafe times.withUnsafeMutableBufferPointer { unsafe function($0.baseAddress, Int32(count)) }
    if code != 0 { throw BenchmarkError("two processes: \(SystemError(code, "eventfd"))") }
    return times
}

/// Each of the subjects in turns. The ratio is of neighbours, which the machine's moods meet alike.
func measureAcross(rounds: Int) throws {
    let sleeping = try IOREQRoundTrip(isSpinning: false)
    for _ in 0..<rounds {
        let peer = try unsafe bare(3000, corbel_bench_ping_pong)
        let times = try sleeping.measure(3000)
        let polled = try unsafe bare(3000, corbel_bench_polled_ping_pong)
        describe("eventfd", peer)
        describe("eventfd-polled", polled)
        describe("ioreq", times)
        report("ioreq-ratio", Double(times.quantile(500)) / Double(peer.quantile(500)))
    }
    sleeping.close()
    let spinning = try IOREQRoundTrip(isSpinning: true)
    for _ in 0..<rounds {
        describe("words", try unsafe bare(20_000, corbel_bench_spinning_ping_pong))
        describe("ioreq-spinning", try spinning.measure(20_000))
    }
    spinning.close()
}

private func describe(_ name: String, _ times: [UInt64]) {
    report("\(name)-ns", Double(times.quantile(500)))
    report("\(name)-p99-ns", Double(times.quantile(990)))
}
