// A guest that does anything at all, on several vCPUs, over a backend that does what it likes.
// Not for: single rules.

import EventLoop
import HypervisorModel
import SystemCalls
import Testing
import UEFIVariables
import VariableService
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@Suite struct HostileTests {
    @Test("Random accesses are all answered, in every width, as strings too", arguments: [1, 2, 3] as [UInt64])
    func accesses(seed: UInt64) throws {
        let bench = try ServiceBench()
        var guest = HostileGuest(seed: seed)
        for vcpu in 0..<2 {
            try guest.attack(.ports(VariableDevice.ports), of: bench.guest, vcpu: vcpu, steps: 1_500)
        }
        #expect(bench.server.statistics.answers == bench.server.statistics.requests)
        #expect(bench.bench.log.misuses.isEmpty)
        #expect(bench.lines.all.count < 10_000)
    }

    @Test(
        "Random commands of four vCPUs over a fickle backend: each is answered once, and what is kept is published",
        arguments: [1, 2, 3, 4] as [UInt64])
    func commands(seed: UInt64) throws {
        var limits = ServiceLimits.standard
        limits.writeBurst = 1_000_000
        limits.coalescing = 1
        limits.retryFirst = 1
        limits.retryMax = 2
        limits.writeDeadline = 5
        limits.verificationBurst = 4
        limits.verificationInterval = 100_000
        var storm = Storm(seed: seed, try ServiceBench(vcpus: 4, limits: limits))
        for _ in 0..<2_500 { try storm.step() }
        try storm.settle()
        let bench = storm.bench
        #expect(storm.begun > 500 && bench.server.statistics.requests >= storm.begun)
        #expect(bench.server.statistics.answers == bench.server.statistics.requests)
        #expect(bench.backend.overlaps == 0)
        #expect(bench.bench.log.misuses.isEmpty)
        let store = try bench.services.store
        #expect(store.chargeSum == store.records.reduce(0) { $0 + $1.charge })
        #expect(store.chargeSum <= VariableStore.chargeMax)
        try bench.wait { try bench.backend.writes.last?.blob == bench.services.backendBlob() }
    }
}

/// Steps of a guest, a backend and a loop in any order.
private struct Storm {
    let bench: ServiceBench
    var random: HostileGuest
    var open: [Int: PendingAccess] = [:]
    var begun: UInt64 = 0

    init(seed: UInt64, _ bench: ServiceBench) {
        self.bench = bench
        random = HostileGuest(seed: seed)
    }

    mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    mutating func step() throws {
        open = open.filter { !$0.value.isOver }
        let vcpu = below(4)
        switch below(8) {
        case 0: bench.backend.behaviour = [.confirms, .confirms, .fails, .waits][below(4)]
        case 1: bench.backend.finish(below(4) == 0 ? .failed("storm") : .confirmed)
        case 2: bench.backend.late?(.confirmed)
        case 3: try bench.loop.turn(milliseconds: 0)
        case 4: bench.guest.poke(ServiceBench.address(vcpu) + UInt64(below(64)), [UInt8(below(256))])
        default: if open[vcpu] == nil { try begin(vcpu) }
        }
        try bench.bench.process()
    }

    private mutating func begin(_ vcpu: Int) throws {
        begun += 1
        // Now and then another vCPU's buffer, or one that lies half outside of the memory.
        let frame = ServiceBench.frame(below(8) == 0 ? below(4) : vcpu)
        if below(4) != 0 { bench.guest.poke(ServiceBench.address(vcpu), command()) }
        let access: GuestAccess =
            switch below(16) {
            case 0: .output(0x104, .four, UInt64(below(310)))
            case 1: .output(0x108, .one, UInt64(below(256)))
            case 2: .input(0x108, .four)
            case 3: .output(0x100, .four, UInt64(below(2000)))
            case 4: .repeatedOutput(0x100, .four, count: 3, from: 0x8000)
            default: .output(0x100, .four, frame)
            }
        open[vcpu] = try bench.guest.begin(access, vcpu: vcpu)
    }

    private mutating func command() -> [UInt8] {
        let name = VariableName(["T", "U", "PPIBuffer", "PK", "db"][below(5)])
        let guid = [VendorGUID.t, .global, .imageSecurity, .ppi][below(4)]
        let attributes = VariableAttributes([7, 7, 6, 0x27, 0x47, 0x67, 3, 0][below(8)])
        let data = [UInt8](repeating: UInt8(below(256)), count: [0, 1, 48, 300, 5_000][below(5)])
        var request =
            switch below(8) {
            case 0: VariableRequest.encodeGet(name, guid, room: UInt64(below(100)))
            case 1: VariableRequest.encodeNext(after: name, guid, room: 100)
            case 2: VariableRequest.encodeQuery(attributes)
            case 3: VariableRequest.encodeNotify()
            case 4: setSigned("\(below(9))", "A", day: UInt8(1 + below(28)))
            default: VariableRequest.encodeSet(name, guid, attributes, data, atRuntime: below(200) == 0)
            }
        if below(4) == 0 { request[below(request.count)] = UInt8(below(256)) }
        return request
    }

    /// Lets everything come to its end.
    mutating func settle() throws {
        bench.backend.behaviour = .confirms
        bench.backend.finish()
        let waiting = Array(open.values)
        try bench.wait { waiting.allSatisfy { $0.isOver } }
        // The last write is of the current state.
        try bench.guest.write(port: 0x104, .doubleWord, 256)
        for value in 1...2 as ClosedRange<UInt64> { try bench.guest.write(port: 0x108, .byte, value) }
    }
}
