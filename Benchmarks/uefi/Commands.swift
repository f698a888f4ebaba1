// What a command of a guest costs from its port access to its answer: the device in the sandbox, the model of Xen with
// it. Not for: what deciding costs (main.swift).

import CSpawn
import DaemonShell
import EventLoop
import HypervisorModel
import UEFIVariables
import VariableService
import XenABI
import XenDeviceModel
import XenDeviceModelTesting
import XenPlatform

/// Has nothing to say.
private final class NoLines: LogSink {
    func write(_ level: LogLevel, _ line: String) {}
}

/// Confirms at once, as a file does.
private final class QuickBackend: VariableBackend {
    func write(_ blob: [UInt8], for reason: WriteReason, then: @escaping (BackendOutcome) -> Void) { then(.confirmed) }
    func notifySecureBootFailure(then: @escaping (BackendOutcome) -> Void) { then(.confirmed) }
    func abandon() {}
}

/// A guest with 250 variables, and its device.
struct CommandBench {
    private static let frame = GuestFrame(0x100)
    private let bench: SandboxBench
    private let device: VariableDevice
    /// The guest's buffer.
    private let buffer: CommandBuffer

    init() throws {
        bench = try SandboxBench(DomainShape(.hvm))
        var limits = ServiceLimits.standard
        limits.writeBurst = .max
        device = VariableDevice(
            domain: bench.domain, loop: try EventLoop(), log: DaemonLog(.error, sink: NoLines()), limits: limits)
        try bench.serve(.ports(VariableDevice.ports), by: device)
        device.start(
            .start(nil, policy: VariablePolicy()), NoSignatures(), backend: QuickBackend(), confirmed: nil)
        buffer = CommandBuffer(
            try bench.domain.mapFrames(first: Self.frame, count: 16, access: .readWrite))
        for number in 0..<250 { try run(Self.set(number, .ordinary, 1)) }
    }

    private static func set(_ number: Int, _ attributes: VariableAttributes, _ value: UInt8) -> [UInt8] {
        let data = [UInt8](repeating: value, count: 8)
        return VariableRequest.encodeSet(VariableName("Boot\(1000 + number)"), .global, attributes, data)
    }

    private func run(_ request: [UInt8]) throws {
        buffer.put(request)
        try bench.guest.write(port: 0x100, .doubleWord, Self.frame.rawValue)
    }

    /// Prints a line for each measurement.
    func measure() throws {
        var bytes = [UInt8](repeating: 0, count: 65536)
        report("snapshot-ns", nanosecondsEach(20_000) { for _ in 0..<20_000 { buffer.copyOut(into: &bytes) } })
        let gets = (0..<250).map {
            VariableRequest.encodeGet(VariableName("Boot\(1000 + $0)"), .global, room: 4096)
        }
        // What a volatile variable is given needs no backend.
        let volatile = (0..<2).map { Self.set(1000, .access, UInt8($0)) }
        let kept = (0..<2).map { Self.set(7, .ordinary, UInt8($0)) }
        try run(volatile[1])
        var failure: (any Error)?
        func each(_ requests: [[UInt8]], _ count: Int) -> Double {
            nanosecondsEach(count) {
                do { for number in 0..<count { try run(requests[number % requests.count]) } } catch { failure = error }
            }
        }
        report(
            "window-ns",
            nanosecondsEach(20_000) {
                do {
                    for _ in 0..<20_000 { _ = try bench.guest.read(port: 0x108, .byte) }
                } catch { failure = error }
            })
        _ = each(gets, 1000)
        let heap = corbel_bench_heap_bytes()
        report("command-get-ns", each(gets, 20_000))
        report("command-set-ns", each(volatile, 20_000))
        report("command-growth", Double(Int64(bitPattern: corbel_bench_heap_bytes() &- heap)))
        report("command-set-file-ns", each(kept, 2_000))
        if let failure { throw failure }
    }
}

/// The guest's buffer as the guest has it.
private final class CommandBuffer {
    private let pages: MappedPages

    init(_ pages: consuming MappedPages) { self.pages = pages }

    func put(_ request: [UInt8]) { pages.copyIn(at: 0, from: request.span) }

    func copyOut(into bytes: inout [UInt8]) {
        var span = bytes.mutableSpan
        pages.copyOut(from: 0, into: &span)
    }
}
