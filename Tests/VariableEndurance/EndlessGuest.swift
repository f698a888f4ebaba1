// A guest of two vCPUs that sets variables and reads them back for ever, over a backend that now and then takes its
// time. Not for: what a guest should not do (VariableServiceTests has that).

import DaemonShell
import EventLoop
import HypervisorModel
import SystemCalls
import UEFIVariables
import VariableService
import XenABI
import XenDeviceModel
import XenDeviceModelTesting
import XenPlatform

/// Keeps nothing.
private final class NoLines: LogSink {
    func write(_ level: LogLevel, _ line: String) {}
}

/// No signature is made here.
private final class NoSignatures: VariableAuthenticator {
    let verificationCount = 0
    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict { .refused }
    func certificateByteCount(_ entry: [UInt8]) -> Int? { nil }
}

/// Confirms one write within the call, fails the next, and keeps the third waiting.
private final class ChangingBackend: VariableBackend {
    var writes = 0
    var last: [UInt8] = []
    private var open: (then: (BackendOutcome) -> Void, blob: [UInt8])?

    func write(_ blob: [UInt8], for reason: WriteReason, then: @escaping (BackendOutcome) -> Void) {
        writes += 1
        switch writes % 3 {
        case 0: open = (then, blob)
        case 1: then(.failed("as it must"))
        default:
            last = blob
            then(.confirmed)
        }
    }

    func notifySecureBootFailure(then: @escaping (BackendOutcome) -> Void) { then(.confirmed) }

    func abandon() { open = nil }

    func finish() {
        guard let (then, blob) = open else { return }
        open = nil
        last = blob
        then(.confirmed)
    }
}

/// Sets and gets, and knows what must come of it.
final class EndlessGuest {
    private let bench: SandboxBench
    private let loop: EventLoop
    private let device: VariableDevice
    private let server: TestServer
    private let backend = ChangingBackend()
    private var buffers: [GuestPages] = []
    /// What each variable begins with; nil: it is not there.
    private var values = [UInt8?](repeating: nil, count: 64)
    private var round: UInt64 = 0
    private(set) var begun: UInt64 = 0
    private(set) var wrong = 0

    init() throws {
        bench = try SandboxBench(DomainShape(.hvm, vcpuCount: 2))
        loop = try EventLoop()
        var limits = ServiceLimits.standard
        limits.writeBurst = .max
        limits.retryFirst = 1
        limits.retryMax = 1
        device = VariableDevice(
            domain: bench.domain, loop: loop, log: DaemonLog(.error, sink: NoLines()), limits: limits)
        server = try bench.serve(.ports(VariableDevice.ports), by: device)
        device.start(.start(nil, policy: VariablePolicy()), NoSignatures(), backend: backend, confirmed: nil)
        for vcpu in 0..<2 {
            let first = GuestFrame(0x100 + 16 * UInt64(vcpu))
            buffers.append(GuestPages(try bench.domain.mapFrames(first: first, count: 16, access: .readWrite)))
        }
    }

    var answers: UInt64 { server.statistics.answers }
    var writes: Int { backend.writes }

    /// Whether the last confirmed blob is of the variables as they are, once the last retry has been.
    var isCurrent: Bool {
        for _ in 0..<1000 where backend.last != device.services?.backendBlob() {
            _ = try? loop.turn(milliseconds: 10)
            backend.finish()
        }
        return backend.last == device.services?.backendBlob()
    }

    func run(_ commands: UInt64) throws {
        let end = begun + commands
        while begun < end { try turn() }
    }

    private func name(_ number: Int) -> VariableName { VariableName("Boot\(1000 + number)") }

    private func begin(_ request: [UInt8], vcpu: Int) throws -> PendingAccess {
        begun += 1
        buffers[vcpu].put(request)
        let access = try bench.guest.begin(.output(0x100, .four, 0x100 + 16 * UInt64(vcpu)), vcpu: vcpu)
        try bench.process()
        return access
    }

    /// Sets a variable, while another vCPU reads it; then reads it back.
    private func turn() throws {
        round += 1
        let number = Int(round % 64)
        let value = UInt8(truncatingIfNeeded: round >> 6)
        // Every fourth is volatile, of another name; lengths change too.
        let attributes: VariableAttributes = number % 4 == 0 ? .access : .ordinary
        let data = [value] + [UInt8](repeating: value, count: Int(round % 7))
        let set = try begin(
            VariableRequest.encodeSet(name(number), .global, attributes, data), vcpu: 0)
        let get = VariableRequest.encodeGet(name(number), .global, room: 64)
        if !set.isOver {
            try begin(get, vcpu: 1).finish()
            check(values[number])
            backend.finish()
        }
        try set.finish()
        if buffers[0].byte(0) == 0 { values[number] = value } else if buffers[0].byte(0) != 7 { wrong += 1 }
        try begin(get, vcpu: 1).finish()
        check(values[number])
        if round % 64 == 0 {
            try loop.turn(milliseconds: 0)
            backend.finish()
        }
    }

    /// What vCPU 1 has got.
    private func check(_ value: UInt8?) {
        let isRight = value.map { buffers[1].byte(0) == 0 && buffers[1].byte(20) == $0 } ?? (buffers[1].byte(0) == 0x0E)
        if !isRight { wrong += 1 }
    }
}

/// Frames as the guest has them.
private final class GuestPages {
    private let pages: MappedPages

    init(_ pages: consuming MappedPages) { self.pages = pages }

    func put(_ request: [UInt8]) { pages.copyIn(at: 0, from: request.span) }

    func byte(_ offset: Int) -> UInt8 { UInt8(pages.load(byteCount: 1, at: offset)) }
}
