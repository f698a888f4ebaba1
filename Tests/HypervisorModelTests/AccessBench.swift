// A guest, and device models that do with their pages exactly what a test says.

import Testing
import XenABI
import XenPlatform

@testable import HypervisorModel

/// A hypervisor with one guest. It is dom0's kernel too: which local ports have fired.
final class AccessBench {
    let xen: Hypervisor
    let guest: Domain
    var servers: [TestServer] = []
    var misuses: [String] = []
    var fired: [EventPort] = []

    init(_ shape: DomainShape = DomainShape(), release: Release = .standard) throws {
        xen = Hypervisor(release: release)
        guest = try xen.createDomain(shape)
        xen.observer = self
        xen.domain(DomainID(0))?.eventSink = self
    }

    /// The guest of the rows B: A, B and P.
    static func rows(vcpus: Int = 1, kind: DomainShape.Kind = .pvh) throws -> (
        AccessBench, a: TestServer, b: TestServer, p: TestServer
    ) {
        let bench = try AccessBench(DomainShape(kind, vcpuCount: vcpus))
        let a = try bench.add(
            ports: [0x200...0x203, 0x300...0x30f, 0xcf8...0xcff],
            memory: [0xf000_0000...0xf000_0fff, 0xf000_4000...0xf000_4003, 0xf000_4004...0xf000_4007])
        let b = try bench.add(ports: [0x204...0x207, 0x300...0x30f], memory: [0xf000_1000...0xf000_1fff])
        let p = try bench.add(pci: [0x10...0x10])
        return (bench, a, b, p)
    }

    var vcpu: VirtualCPU { guest.vcpus[0] }

    func add(
        _ handling: BufferedHandling = .off, ports: [ClosedRange<UInt64>] = [], memory: [ClosedRange<UInt64>] = [],
        pci: [ClosedRange<UInt64>] = [], pages: Bool = true, enabled: Bool = true
    ) throws -> TestServer {
        var payload = DMOP.CreateIOREQServer(handling: handling)
        try call(&payload)
        let server = try TestServer(payload.id, self)
        for (type, ranges) in [(IORangeType.port, ports), (.memory, memory), (.pci, pci)] {
            for range in ranges { try server.map(type, range) }
        }
        if pages { try server.takePages() }
        if enabled { try server.enable(true) }
        servers.append(server)
        return server
    }

    /// An operation of dom0's on the guest.
    func call<P: DMOPPayload>(_ payload: inout P) throws(Refusal) {
        var bytes: [UInt8] = [UInt8(P.opcode.rawValue), 0, 0, 0, 0, 0, 0, 0] + payload.encodedBytes
        var none: [UInt8] = []
        var first = bytes.mutableSpan
        var second = none.mutableSpan
        try xen.dmOp(by: .control, on: guest.id, bufferCount: 1, &first, &second)
        payload = P(trusting: bytes.span.extracting(droppingFirst: 8))
    }

    func call<P: DMOPPayload>(once payload: P) throws(Refusal) {
        var payload = payload
        try call(&payload)
    }

    /// Does an access on vCPU 0, every request answered as `answer` says; what came, in order.
    func run(_ access: GuestAccess, answer: (IOREQ) -> UInt64 = { _ in 0 }) -> (outcome: AccessOutcome, seen: [Seen]) {
        var seen: [Seen] = []
        var outcome = vcpu.perform(access)
        while case .waiting = outcome {
            guard let server = servers.first(where: { $0.isAsked(VCPUID(0)) }) else { break }
            let request = server.slot()
            seen.append(Seen(server.id, request))
            server.answer(answer(request))
            outcome = vcpu.resume()
        }
        return (outcome, seen)
    }
}

extension AccessBench: EventSink, ModelObserver {
    func portFired(_ port: EventPort) { fired.append(port) }
    func refused(_ call: StaticString, by refusal: Refusal, caller: DomainID, target: DomainID?) {}
    func misuse(_ what: StaticString, domain: DomainID, vcpu: VCPUID) { misuses.append("\(what)") }
}

/// A request, and who got it.
struct Seen: Equatable, CustomStringConvertible {
    var server: IOREQServerID
    var address: UInt64
    var size: UInt32
    var count: UInt32
    /// The guest-physical address of the data; nil: the data is in the request.
    var memory: UInt64?
    var data: UInt64
    var isRead: Bool
    var type: IOREQType
    var descending: Bool

    init(_ server: IOREQServerID, _ request: IOREQ) {
        self.server = server
        (address, size, count, isRead) = (request.address, request.size, request.count, request.isRead)
        memory = request.dataIsPointer ? request.data : nil
        data = request.dataIsPointer || request.isRead ? 0 : request.data
        type = request.type
        descending = request.descending
    }

    /// `A 0xf0000ffe/2`, `x4` for elements, `@` the RAM.
    var description: String {
        let elements = memory.map { " x\(count) @\($0.hexadecimal)" } ?? ""
        return "\(server.rawValue) \(address.hexadecimal)/\(size)\(elements)\(descending ? " down" : "")"
    }
}

/// A device model's server, with nothing done by itself.
final class TestServer {
    let id: IOREQServerID
    let record: IOREQServerRecord
    unowned let bench: AccessBench
    private(set) var run: PageRun?
    private(set) var ports: [EventPort] = []
    private(set) var ringPort: EventPort?

    init(_ id: IOREQServerID, _ bench: AccessBench) throws {
        self.id = id
        self.bench = bench
        record = try #require(bench.guest.server(id))
        let dom0 = try #require(bench.xen.domain(DomainID(0)))
        for port in record.vcpuPorts {
            ports.append(try bench.xen.bindInterdomain(dom0, remote: bench.guest.id, remotePort: port))
        }
        if let port = record.bufferedPort {
            ringPort = try bench.xen.bindInterdomain(dom0, remote: bench.guest.id, remotePort: port)
        }
        bench.fired = []
    }

    func map(_ type: IORangeType, _ range: ClosedRange<UInt64>) throws {
        try bench.call(
            once: DMOP.MapIORange(id: id, type: type, start: range.lowerBound, end: range.upperBound))
    }

    func unmap(_ type: IORangeType, _ range: ClosedRange<UInt64>) throws {
        try bench.call(
            once: DMOP.UnmapIORange(id: id, type: type, start: range.lowerBound, end: range.upperBound))
    }

    func takePages() throws {
        let frames = try bench.xen.acquireResource(
            by: .control, on: bench.guest.id, type: .ioreqServer, id: UInt32(id.rawValue), first: 1, count: 1)
        run = frames.first?.0
    }

    func enable(_ isEnabled: Bool) throws {
        try bench.call(once: DMOP.SetIOREQServerState(id: id, enabled: isEnabled))
    }

    func destroy() throws { try bench.call(once: DMOP.DestroyIOREQServer(id: id)) }

    private func start(_ vcpu: VCPUID) -> Int { 4096 + Int(vcpu.rawValue) * 32 }

    func slot(_ vcpu: VCPUID = VCPUID(0)) -> IOREQ {
        guard let run else { return IOREQ(address: 0, size: 0, isRead: false, type: .copy) }
        return IOREQ(words: run.pages.copyOut32(from: start(vcpu)))
    }

    func isAsked(_ vcpu: VCPUID) -> Bool { slot(vcpu).state == .ready }

    func put(_ value: UInt64, byteCount: Int, at offset: Int, _ vcpu: VCPUID = VCPUID(0)) {
        run?.pages.store(value, byteCount: byteCount, at: start(vcpu) + offset)
    }

    func setState(_ state: UInt8, _ vcpu: VCPUID = VCPUID(0)) {
        guard let run else { return }
        let byte = UInt8(run.pages.load(byteCount: 1, at: start(vcpu) + 30))
        put(UInt64(byte & 0xf0 | state), byteCount: 1, at: 30, vcpu)
    }

    func notify(_ vcpu: VCPUID = VCPUID(0)) {
        guard let dom0 = bench.xen.domain(DomainID(0)) else { return }
        bench.xen.send(dom0, ports[Int(vcpu.rawValue)])
    }

    func answer(_ value: UInt64, _ vcpu: VCPUID = VCPUID(0)) {
        put(value, byteCount: 8, at: 8, vcpu)
        setState(3, vcpu)
        notify(vcpu)
    }

    // MARK: The ring

    var pointers: (read: UInt32, write: UInt32) {
        guard let run else { return (0, 0) }
        return (UInt32(run.pages.load(byteCount: 4, at: 0)), UInt32(run.pages.load(byteCount: 4, at: 4)))
    }

    func setPointers(_ read: UInt32, _ write: UInt32) {
        run?.pages.store(UInt64(write) << 32 | UInt64(read), byteCount: 8, at: 0)
    }

    func entry(_ pointer: UInt32) -> BufferedIOREQ {
        BufferedIOREQ(word: run?.pages.load(byteCount: 8, at: 8 + Int(pointer % 511) * 8) ?? 0)
    }
}
