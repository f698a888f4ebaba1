// How many port accesses a second a sandbox in one process serves, through XenDeviceModel as it is.

import HypervisorModel
import SandboxServer
import SystemCalls
import XenABI
import XenDeviceModel
import XenPlatform

/// The smallest device.
final class Register: RegisterDevice {
    var value: UInt64 = 0
    func read(offset: UInt64, width: AccessWidth) -> UInt64 { value }
    func write(offset: UInt64, width: AccessWidth, value: UInt64) { self.value = value }
}

/// Ends a loop of `serve(until:)`.
final class Stop: StopSource {
    private let counter: EventCounter
    init() throws(SystemError) { counter = try EventCounter() }
    var descriptor: Int32 { counter.descriptor.rawValue }
    func stop() { try? counter.signal() }
}

@main struct RoundTrip {
    static let rounds: UInt32 = 2_000_000

    static func main() throws {
        let sandbox = try InProcessSandbox()
        let guest = try sandbox.createDomain()
        let domain = try sandbox.platform().domain(guest.id, restricted: true)
        let server = try domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: Register()).enable()
        try measure("stepped: access, process, resume") {
            let vcpu = guest.vcpus[0]
            for round in 0..<rounds {
                guard vcpu.perform(.output(0x100, .four, UInt64(round))) == .waiting else { return print("unclaimed") }
                try domain.process()
                guard vcpu.resume() == .done(0) else { return print("unanswered") }
            }
        }
        let program = GuestProgram(
            .repeated(rounds), .access(.output(0x100, .four, 7), expect: nil), .end)
        let runner = Guest(guest, program)
        let stop = try Stop()
        sandbox.whenIdle = {
            if runner.step() { return true }
            if runner.isFinished { stop.stop() }
            return false
        }
        try measure("scripted: serve(until:) and a guest that goes on while it waits") {
            _ = try server.serve(until: stop)
        }
        print("requests:", server.statistics.requests)
    }

    static func measure(_ name: String, _ body: () throws -> Void) throws {
        let start = MonotonicTime.now.nanoseconds
        try body()
        let nanoseconds = MonotonicTime.now.nanoseconds - start
        print("\(name): \(nanoseconds / UInt64(rounds)) ns, \(UInt64(rounds) * 1_000_000_000 / nanoseconds) a second")
    }
}
