// One guest's life, as the bytes of an input say. Not for: what must hold of variables (Fuzz/UEFIRules).

import DaemonShell
import EventLoop
import HypervisorModel
import SystemCalls
import UEFIVariables
import VariableService
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

/// A loop for all runs: its descriptors are made once.
nonisolated(unsafe) private let sharedLoop = try? EventLoop()

/// A device, two vCPUs, and the input that moves them.
struct DeviceRun {
    private static let names = ["T", "PK", "db", "PPIBuffer", "Tcg2PhysicalPresenceFlags", "SecureBoot"]
    private static let guids: [VendorGUID] = [.global, .imageSecurity, .ppi, .morControl]

    private let bench: SandboxBench
    private let loop: EventLoop
    private let device: VariableDevice
    private let server: TestServer
    private let backend = ScriptedBackend()
    private var input: ArraySlice<UInt8>
    private var open: [Int: PendingAccess] = [:]
    private var isStopping = false
    private var ends = EndCounter()

    init(_ bytes: [UInt8]) throws {
        input = bytes[...]
        bench = try SandboxBench(DomainShape(.hvm, vcpuCount: 2, frameCount: 64))
        guard let sharedLoop = unsafe sharedLoop else { fatalError("no loop") }
        loop = sharedLoop
        var limits = ServiceLimits.standard
        limits.writeDeadline = 1
        limits.writeBurst = 8
        limits.writeInterval = 50_000
        limits.verificationBurst = 4
        limits.verificationInterval = 50_000
        limits.coalescing = 0
        limits.retryFirst = 0
        limits.retryMax = 1
        device = VariableDevice(
            domain: bench.domain, loop: loop, log: DaemonLog(.debug, sink: NoLines()), limits: limits)
        server = try bench.serve(.ports(VariableDevice.ports), by: device)
    }

    private mutating func next() -> UInt8 { input.popFirst() ?? 0 }

    mutating func run() throws {
        if next() & 1 == 0 { start() }
        while !input.isEmpty { try step() }
        if device.services == nil { start() }
        try settle()
    }

    private func start() {
        let services = VariableServices.start(nil, policy: VariablePolicy(persistent: true))
        device.start(services, AnySignature(), backend: backend, confirmed: nil)
    }

    private mutating func step() throws {
        open = open.filter { !$0.value.isOver }
        let action = next()
        switch action & 15 {
        case 0: backend.behaviour = action >> 4 & 3
        case 1: backend.finish(isKept: action & 16 == 0)
        case 2: backend.repeatLast()
        case 3: try loop.turn(milliseconds: 0)
        case 4: start()
        case 5 where action >> 4 == 15: stop()
        case 6:
            // Behind the device's back, between two looks at its buffer.
            bench.guest.poke(UInt64(next()) << 8, [next(), next(), next(), next()])
        default: try access(vcpu: Int(action >> 4 & 1), kind: action & 15)
        }
        try bench.process()
    }

    private mutating func access(vcpu: Int, kind: UInt8) throws {
        if open[vcpu] != nil { return }
        let access: GuestAccess
        switch kind {
        case 7: access = .output(0x100 + UInt16(next() % 12), .four, UInt64(next()) << 2)
        case 8: access = .input(0x100 + UInt16(next() % 12), [.one, .two, .four][Int(next() % 3)])
        case 9: access = .repeatedOutput(0x100, .four, count: UInt32(next()), from: UInt64(next()) << 8)
        case 10: access = .output(0x104, .four, UInt64(next()) + UInt64(next() & 1) * 64)
        case 11: access = .output(0x108, .one, UInt64(next()))
        default:
            // One buffer for both vCPUs, now and then.
            let frame: UInt64 = kind == 12 ? 16 : 16 + 16 * UInt64(vcpu)
            bench.guest.poke(frame << 12, request())
            access = .output(0x100, .four, frame)
        }
        open[vcpu] = try bench.guest.begin(access, vcpu: vcpu)
    }

    private mutating func request() -> [UInt8] {
        let (kind, what) = (next(), next())
        let name = VariableName(Self.names[Int(what & 7) % Self.names.count])
        let guid = Self.guids[Int(what >> 3) & 3]
        var request: [UInt8]
        switch kind & 7 {
        case 0: request = VariableRequest.encodeGet(name, guid, room: UInt64(next()), atRuntime: kind == 0xF0)
        case 1: request = VariableRequest.encodeNext(after: name, guid, room: UInt64(next()), atRuntime: kind == 0xF1)
        case 2: request = VariableRequest.encodeQuery(VariableAttributes(UInt32(next())))
        case 3: request = VariableRequest.encodeNotify()
        default:
            let count = Int(next()) * (kind & 0x80 == 0 ? 1 : 200)
            let usual: [UInt8] = [7, 6, 7, 0x27, 0x47, 3, 7]
            let attributes = VariableAttributes(UInt32(what >> 5 == 0 ? next() : usual[Int(what >> 5) - 1]))
            request = VariableRequest.encodeSet(name, guid, attributes, [UInt8](repeating: next(), count: count))
        }
        if kind & 0x40 != 0 { request[Int(next()) % request.count] = next() }
        return request
    }

    private mutating func stop() {
        isStopping = true
        ends.asked += 1
        let ends = ends
        device.stop(by: MonotonicTime.now.advanced(byMilliseconds: 1)) { ends.come += 1 }
    }

    /// Everything comes to its end, and each access was answered once.
    private mutating func settle() throws {
        backend.behaviour = 0
        backend.finish(isKept: true)
        stop()
        let limit = MonotonicTime.now.advanced(byMilliseconds: 5000)
        while ends.come < ends.asked || open.contains(where: { !$0.value.isOver }) {
            hold(MonotonicTime.now < limit, "it comes to an end")
            try loop.turn(milliseconds: 1)
            try bench.process()
        }
        hold(ends.come == ends.asked, "who asks for the end is called back once")
        let statistics = server.statistics
        hold(statistics.answers == statistics.requests, "each access is answered once")
        hold(bench.log.misuses.isEmpty, "no rule of ioreq slots is broken")
        guard let store = device.services?.store else { return }
        hold(store.chargeSum == store.records.reduce(0) { $0 + $1.charge }, "the sum of charges is right")
    }
}

/// Ends that were asked for, and that came.
private final class EndCounter {
    var asked = 0
    var come = 0
}
