// Port accesses of a guest that a device model in the same process serves, by XenDeviceModel as it is.

import CSpawn
import HypervisorModel
import SandboxServer
import SystemCalls
import XenABI
import XenDeviceModel
import XenPlatform

/// A register as a device model has dozens of them.
final class Register: RegisterDevice {
    private var value: UInt64 = 0x11

    func read(offset: UInt64, width: AccessWidth) -> UInt64 { value }
    func write(offset: UInt64, width: AccessWidth, value: UInt64) { self.value = value }
}

/// Ends a loop of `serve(until:)`.
private final class Stop: StopSource {
    private let counter: EventCounter
    init() throws(SystemError) { counter = try EventCounter() }
    var descriptor: Int32 { counter.descriptor.rawValue }
    func stop() { try? counter.signal() }
    func drain() { _ = try? counter.drain() }
}

/// A guest and its device model, stepped in two ways: by hand, and as a script whose guest goes on while the device
/// model waits.
final class PortRoundTrip: Subject {
    private static let count: UInt32 = 400_000
    private let sandbox: InProcessSandbox
    private let guest: Domain
    private let server: IOREQServer<ServerState.Serving>
    private let stop: Stop

    init() throws {
        sandbox = try InProcessSandbox()
        guest = try sandbox.createDomain()
        let domain = try sandbox.platform().domain(guest.id, restricted: true)
        server = try domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: Register()).enable()
        stop = try Stop()
    }

    func measure() throws {
        let allocationsBefore = corbel_bench_allocations()
        let stepped = try nanosecondsEach(Int(Self.count)) { try step() }
        report("pio-stepped-ns", stepped)
        report("pio-allocations", Double(corbel_bench_allocations() - allocationsBefore) / Double(Self.count))
        let scriptedBefore = corbel_bench_allocations()
        let scripted = try nanosecondsEach(Int(Self.count)) { try runScript() }
        report("pio-scripted-ns", scripted)
        report("pio-scripted-rate", 1e9 / scripted)
        report("pio-scripted-allocations", Double(corbel_bench_allocations() - scriptedBefore) / Double(Self.count))
    }

    /// The guest's access, the device model's round, the vCPU's going on.
    private func step() throws {
        let vcpu = guest.vcpus[0]
        for _ in 0..<Self.count / 2 {
            guard vcpu.perform(.output(0x100, .four, 7)) == .waiting else { throw BenchmarkError("not claimed") }
            try server.process()
            guard vcpu.resume() == .done(0) else { throw BenchmarkError("no answer") }
            guard vcpu.perform(.input(0x100, .four)) == .waiting else { throw BenchmarkError("not claimed") }
            try server.process()
            guard vcpu.resume() == .done(7) else { throw BenchmarkError("no answer") }
        }
    }

    private func runScript() throws {
        let program = GuestProgram(
            .repeated(Self.count / 2), .access(.output(0x100, .four, 7), expect: nil),
            .access(.input(0x100, .four), expect: 7), .end)
        let runner = Guest(guest, program)
        let stop = stop
        sandbox.whenIdle = {
            if runner.step() { return true }
            if runner.isFinished { stop.stop() }
            return false
        }
        _ = try server.serve(until: stop)
        stop.drain()
        sandbox.whenIdle = nil
        guard runner.isFinished, runner.trace.failureCount == 0 else { throw BenchmarkError("the script failed") }
    }
}
