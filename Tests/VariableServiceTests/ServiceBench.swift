// A guest, a device and a backend that does what the test says, in one process: what the tests of this folder use.
// Not for: what they prove.

import DaemonShell
import EventLoop
import HypervisorModel
import SystemCalls
import Testing
import UEFIVariables
import VariableService
import XenABI
import XenDeviceModel
import XenDeviceModelTesting
import XenPlatform

/// A guest of two vCPUs, or more, whose buffers lie from frame 0x100 on.
final class ServiceBench {
    let bench: SandboxBench
    let loop: EventLoop
    let lines = KeptLines()
    let backend = FakeBackend()
    let authenticator = FakeAuthenticator()
    let memory: CountedMemory
    /// The domain as the device sees it: for mappings and their modifications.
    let mapped: DeviceModelDomain
    let device: VariableDevice
    let server: TestServer
    var guest: TestGuest { bench.guest }

    init(
        vcpus: Int = 2, _ policy: VariablePolicy = VariablePolicy(), limits: ServiceLimits = .standard,
        isStarted: Bool = true
    ) throws {
        bench = try SandboxBench(DomainShape(.hvm, vcpuCount: vcpus, frameCount: max(1024, Self.frame(vcpus))))
        loop = try EventLoop()
        let platform = bench.platform
        memory = CountedMemory(platform.memory)
        mapped = try Platform(
            calls: platform.calls, memory: memory, events: platform.events, states: platform.states
        ).domain(bench.target.id, restricted: false)
        device = VariableDevice(domain: mapped, loop: loop, log: DaemonLog(.debug, sink: lines), limits: limits)
        server = try bench.serve(.ports(VariableDevice.ports), by: device)
        if isStarted { start(policy) }
    }

    func start(_ policy: VariablePolicy = VariablePolicy()) {
        let services = VariableServices.start(nil, policy: policy)
        device.start(services, authenticator, backend: backend, confirmed: services.backendBlob())
    }

    /// As after a resume: nobody knows what the backend holds.
    func startAnew() {
        let services = VariableServices.resume(nil, policy: VariablePolicy())
        device.start(services, authenticator, backend: backend, confirmed: nil, mayDiffer: true)
    }

    /// The published variables.
    var services: VariableServices {
        get throws { try #require(device.services) }
    }

    func data(_ name: String = "T", _ guid: VendorGUID = .t) throws -> String? {
        try services.store.record(VariableName(name), guid).map { String(decoding: $0.data, as: UTF8.self) }
    }

    // MARK: Commands

    static func frame(_ vcpu: Int) -> UInt64 { 0x100 + 16 * UInt64(vcpu) }

    static func address(_ vcpu: Int) -> UInt64 { frame(vcpu) * 4096 }

    /// Begins a command, and serves what has come in once.
    func begin(_ request: [UInt8], vcpu: Int = 0) throws -> PendingAccess {
        guest.poke(Self.address(vcpu), request)
        let access = try guest.begin(.output(0x100, .four, Self.frame(vcpu)), vcpu: vcpu)
        try bench.process()
        return access
    }

    /// A command that is answered at once: the first bytes of its buffer afterwards.
    func send(_ request: [UInt8], vcpu: Int = 0) throws -> [UInt8] {
        try begin(request, vcpu: vcpu).finish()
        return guest.peek(Self.address(vcpu), 256)
    }

    /// The status in a vCPU's buffer, without the top bit.
    func status(vcpu: Int = 0) -> UInt64 {
        guest.peek(Self.address(vcpu), 8).enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * $1.offset) }
            & ~(1 << 63)
    }

    /// The status of a command that is answered at once.
    func status(_ request: [UInt8], vcpu: Int = 0) throws -> UInt64 {
        _ = try send(request, vcpu: vcpu)
        return status(vcpu: vcpu)
    }

    // MARK: Time

    /// Lets the loop turn until it is so; fails after ten seconds, or as many as are given.
    func wait(_ seconds: Int32 = 10, until isSo: () throws -> Bool) throws {
        let limit = MonotonicTime.now.advanced(byMilliseconds: seconds * 1000)
        while try !isSo() {
            try #require(MonotonicTime.now < limit, "it never came")
            try loop.turn(milliseconds: 20)
            try bench.process()
        }
    }

    /// Lets that many milliseconds pass.
    func pass(_ milliseconds: Int32) throws {
        let limit = MonotonicTime.now.advanced(byMilliseconds: milliseconds)
        try wait { MonotonicTime.now >= limit }
    }
}

extension VendorGUID {
    /// The GUID of most variables of these tests.
    static var t: VendorGUID { VendorGUID(0x0011_2233, 0x4455, 0x6677, 0x8899_AABB_CCDD_EEFF) }
}

/// SetVariable of a text.
func set(_ text: String, _ name: String = "T", _ attributes: UInt32 = 7) -> [UInt8] {
    VariableRequest.encodeSet(VariableName(name), .t, VariableAttributes(attributes), Array(text.utf8))
}

/// SetVariable of a private variable with a signature that the fake authenticator takes.
func setSigned(_ text: String, _ name: String = "A", day: UInt8 = 1) -> [UInt8] {
    let time: [UInt8] = [0xE9, 7, 7, day, 14, 22] + [UInt8](repeating: 0, count: 10)
    let descriptor = time + [25, 0, 0, 0, 0, 2, 0xF1, 0x0E] + VendorGUID.pkcs7.bytes + [0x53]
    return VariableRequest.encodeSet(VariableName(name), .t, .key, descriptor + Array(text.utf8))
}

/// GetVariable.
func get(_ name: String = "T") -> [UInt8] {
    VariableRequest.encodeGet(VariableName(name), .t, room: 65536)
}

/// Keeps what is logged.
final class KeptLines: LogSink {
    private(set) var all: [String] = []
    func write(_ level: LogLevel, _ line: String) { all.append(line) }
    func count(of text: String) -> Int { all.filter { $0.contains(text) }.count }
}

/// Accepts what it is shown, and says that it was work.
final class FakeAuthenticator: VariableAuthenticator {
    private(set) var verificationCount = 0
    /// What a signature costs.
    var cost = 1
    /// Called while a decision is made.
    var whileVerifying: () -> Void = {}

    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict {
        verificationCount += cost
        whileVerifying()
        return .accepted
    }

    func certificateByteCount(_ entry: [UInt8]) -> Int? { nil }
}
