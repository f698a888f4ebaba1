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
    init(isSpinning: Bool, processor: Int32) throws {
        path = socketPath("\(isSpinning ? "spinning" : "sleeping")-\(processor)")
        var options = SandboxOptions(socketPath: path)
        options.spinMicroseconds = isSpinning ? Self.spinMicroseconds : 0
        service = try SandboxService(options)
        guest = try service.hypervisor.createDomain(DomainShape())
        model = try OtherProcess(
            OtherProcess.ourselves, ["model", path, "\(guest.id.rawValue)", "\(processor + 1)"],
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
        corbel_bench_alarm(60)
        defer { corbel_bench_alarm(0) }
        var times: [UInt64] = []
        times.reserveCapacity(count)
        for _ in 0..<count {
            let start = corbel_bench_now()
            var outcome = vcpu.perform(.input(0x100, .four))
            while outcome == .waiting {
                // For as long as it takes, as the sandbox' own program does: the alarm ends what hangs.
                try service.step(milliseconds: nil)
                outcome = vcpu.resume()
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

/// Nanoseconds of round trips of two bare processes, the other one on that processor.
private func bare(_ bell: corbel_bench_bell, _ processor: Int32, _ count: Int) throws(BenchmarkError) -> [UInt64] {
    var times = [UInt64](repeating: 0, count: count)
    // SAFETY: the function writes as many numbers as there are places.
    let code = unsafe times.withUnsafeMutableBufferPointer {
        unsafe corbel_bench_ping_pong(bell.rawValue, processor, $0.baseAddress, Int32(count))
    }
    if code != 0 { throw BenchmarkError("two processes: \(SystemError(code, "eventfd"))") }
    return times
}

/// This process on the first processor, the other one there too, then on a second one where there is one: the scheduler
/// would choose, and not for both subjects alike. The ratio is of neighbours, which the machine's moods meet alike.
func measureAcross(rounds: Int) throws {
    let processors = corbel_bench_processors()
    corbel_bench_pin(0)
    for other in 0..<min(2, processors) {
        let place = other == 0 ? "same" : "two"
        let sleeping = try IOREQRoundTrip(isSpinning: false, processor: other)
        for _ in 0..<rounds {
            let peer = try bare(corbel_bench_eventfd, other, 3000)
            let times = try sleeping.measure(3000)
            describe("\(place)-eventfd", peer)
            describe("\(place)-polled", try bare(corbel_bench_polled, other, 3000))
            describe("\(place)-ioreq", times)
            report("\(place)-ioreq-ratio", Double(times.quantile(500)) / Double(peer.quantile(500)))
        }
        sleeping.close()
    }
    guard processors > 1 else { return }
    let spinning = try IOREQRoundTrip(isSpinning: true, processor: 1)
    for _ in 0..<rounds {
        describe("words", try bare(corbel_bench_words, 1, 20_000))
        describe("ioreq-spinning", try spinning.measure(20_000))
    }
    spinning.close()
}

private func describe(_ name: String, _ times: [UInt64]) {
    report("\(name)-ns", Double(times.quantile(500)))
    report("\(name)-p99-ns", Double(times.quantile(990)))
}
