// The packets that processes send: bytes, bodies of bytes, and what a process would send that mostly knows what it
// does.
// Not for: what comes back (Session).

@testable import SandboxServer
import SandboxWire
import SystemCalls
import XenABI

extension Session {
    private static let kinds: [WireKind] = [
        .hello, .closing, .dmOp, .restrict, .mapFrames, .mapResource, .resourceSize, .unmapped, .hypercall,
        .bindInterdomain, .bindUnbound, .bindVIRQ, .unbind, .notify, .unmask, .resetEvents, .restrictEvents, .status,
        .stop, .createDomain, .listDomains, .destroyDomain, .runScript, .explain, .trace,
    ]

    private func anyProcess() -> Process? {
        let candidates = processes.filter { !$0.isOver }
        return candidates.isEmpty ? nil : program.pick(candidates)
    }

    private func transmit(_ bytes: [UInt8], from process: Process) {
        guard !bytes.isEmpty, bytes.count <= WireLimits.packetByteCount else { return }
        do throws(SystemError) {
            try process.socket.send(bytes.span, waits: false)
        } catch {
            if error.code != SystemErrorCode.tryAgain { process.isOver = true }
        }
    }

    func sendNoise() {
        guard let process = anyProcess() else { return }
        transmit(program.someBytes(1 + program.number(below: 60)), from: process)
    }

    /// A right header before any bytes.
    func sendRandomBody() {
        guard let process = anyProcess() else { return }
        let kind = program.chance(of: 14) ? program.pick(Self.kinds) : WireKind(rawValue: program.raw16())
        guard kind != .runScript else { return }
        send(kind, from: process) { writer in
            writer.put(program.someBytes(program.number(below: 64)))
        }
    }

    private func send(_ kind: WireKind, from process: Process, _ body: (inout WireWriter) -> Void) {
        var writer = WireWriter()
        process.lastSequence &+= 1
        WireHeader(kind, sequence: process.lastSequence).begin(&writer)
        body(&writer)
        WireHeader.seal(&writer)
        if kind != .unmapped { process.awaited[process.lastSequence] = kind }
        transmit(writer.bytes, from: process)
    }

    private func send(_ kind: WireKind, from process: Process, _ body: some WireBody) {
        send(kind, from: process) { body.encode(into: &$0) }
    }

    func sendHello(_ process: Process) {
        let choice = program.byte()
        var hello = Hello()
        switch choice & 7 {
        case 0: hello = Hello(caller: DomainID(3), privilege: .deviceModel, target: program.domain())
        case 1: hello = Hello(caller: DomainID(2), privilege: .none)
        case 2: hello = Hello(opensNodes: false)
        case 3:
            hello = Hello(
                caller: program.domain(), privilege: Hello.Privilege(rawValue: program.byte() & 3),
                target: program.domain(), opensNodes: program.chance(of: 12))
        default: break
        }
        send(.hello, from: process, hello)
    }

    /// A question of the right form.
    func sendQuestion() {
        guard let process = anyProcess() else { return }
        let choice = program.byte() % 28
        switch choice {
        case 0...8: sendOperation(process)
        case 9...12: sendEventCall(process)
        case 13...16: sendMapping(process)
        case 17: sendHypercall(process)
        case 18: send(.restrict, from: process, DomainArgument(program.domain()))
        case 19: send(.unmapped, from: process, NumberArgument(UInt32(program.byte() & 7)))
        default: sendControl(process)
        }
    }

    private func sendOperation(_ process: Process) {
        var buffers = [
            buffer(program.chance(of: 14) ? program.operation() : program.someBytes(program.number(below: 40)))
        ]
        if program.chance(of: 6) { buffers.append(buffer(program.extents())) }
        for _ in 0..<(program.chance(of: 1) ? program.number(below: 16) : 0) { buffers.append(buffer([0])) }
        tame(&buffers)
        let count = program.chance(of: 15) ? nil : UInt16(program.byte())
        send(.dmOp, from: process, DeviceModelCall(program.domain(), buffers, count: count))
    }

    private func buffer(_ bytes: [UInt8]) -> CallBuffer {
        let isOdd = program.chance(of: 1)
        return CallBuffer(
            address: isOdd ? program.address() : 0x10_0000, byteCount: isOdd ? program.raw64() : UInt64(bytes.count),
            bytes: bytes, isWritable: program.chance(of: 15))
    }

    /// Operations in rounds on billions of frames take minutes, as on Xen: not so many here.
    private func tame(_ buffers: inout [CallBuffer]) {
        guard buffers[0].bytes.count >= 12 else { return }
        switch buffers[0].bytes[0] {
        case 12, 17: buffers[0].bytes[10] = 0; buffers[0].bytes[11] = 0
        case 11 where buffers.count > 1:
            for place in buffers[1].bytes.indices where [1, 2, 3].contains(place & 15) { buffers[1].bytes[place] &= 1 }
        default: break
        }
    }

    private func sendEventCall(_ process: Process) {
        let domain = UInt32(program.domain().rawValue)
        switch program.byte() & 15 {
        case 0...4:
            send(.bindInterdomain, from: process, BindInterdomain(domain: domain, port: program.port().rawValue))
        case 5: send(.bindUnbound, from: process, NumberArgument(domain))
        case 6: send(.bindVIRQ, from: process, NumberArgument(UInt32(program.byte() & 31)))
        case 7, 8: send(.unbind, from: process, NumberArgument(program.port().rawValue))
        case 9, 10: send(.notify, from: process, NumberArgument(program.port().rawValue))
        case 11, 12: send(.unmask, from: process, NumberArgument(program.port().rawValue))
        case 13: send(.resetEvents, from: process, NoBody())
        default: send(.restrictEvents, from: process, DomainArgument(program.domain()))
        }
    }

    private func sendMapping(_ process: Process) {
        let domain = program.domain()
        if program.chance(of: 8) {
            let frames = (0..<program.number(below: 9)).map { _ in program.frame() }
            return send(
                .mapFrames, from: process, FrameMapping(domain, isWritable: program.chance(of: 8), frames))
        }
        let isOdd = program.chance(of: 2)
        let body = ResourceMapping(
            domain, ResourceType(rawValue: isOdd ? program.raw32() : 0), id: UInt32(program.server().rawValue),
            firstFrame: isOdd ? program.raw32() : UInt32(program.byte() & 1),
            count: isOdd ? program.raw64() : UInt64(program.byte() & 3))
        send(program.chance(of: 12) ? .mapResource : .resourceSize, from: process, body)
    }

    private func sendHypercall(_ process: Process) {
        let call = program.hypercall(0x1000)
        // What a dm_op's descriptors lead to is Fuzz/Audit's.
        let memory = CallBuffer(address: 0x1000, byteCount: 64, bytes: fitted(program.question(), 64))
        let request = HypercallRequest(
            number: call.number,
            arguments: [call.argument0, call.argument1, call.argument2, call.argument3, call.argument4],
            memory: [memory])
        send(.hypercall, from: process, request)
    }

    private func fitted(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        Array((bytes + [UInt8](repeating: 0, count: count)).prefix(count))
    }

    // MARK: Control

    private func sendControl(_ process: Process) {
        switch program.byte() & 15 {
        case 0: send(.status, from: process, NoBody())
        case 1: send(.listDomains, from: process, NoBody())
        case 2, 3: send(.destroyDomain, from: process, DomainArgument(program.domain()))
        case 4, 5:
            let request = DomainRequest(
                kind: program.byte() % 3, id: program.chance(of: 12) ? program.domain() : nil,
                vcpuCount: program.chance(of: 14) ? UInt32(program.byte() & 3) : program.raw32(),
                frameCount: program.chance(of: 14) ? UInt64(program.byte()) : program.raw64(),
                usesHAP: program.chance(of: 8), isArm: program.chance(of: 3))
            send(.createDomain, from: process, request)
        case 6...9: send(.runScript, from: process, TextRequest(program.domain(), script()))
        case 10, 11: send(.explain, from: process, TextRequest(program.domain(), line()))
        case 12: send(.trace, from: process, DomainArgument(program.domain()))
        case 13: if program.chance(of: 1) { send(.stop, from: process, NoBody()) }
        default: send(.status, from: process, NoBody())
        }
    }

    private func script() -> String { (0..<1 + program.number(below: 12)).map { _ in line() }.joined(separator: "\n") }

    /// A step, with numbers of the program's; or nearly one.
    private func line() -> String {
        let size = program.pick([1, 2, 4, 8, 3])
        let address = "0x" + String(program.address(), radix: 16)
        let port = "0x" + String(program.address() & 0xffff, radix: 16)
        let count = program.byte() & 31
        let down = program.chance(of: 4) ? " down" : ""
        switch program.byte() % 24 {
        case 0, 1: return "in \(port) \(size)"
        case 2: return "out \(port) \(size) \(program.byte())"
        case 3, 4: return "load \(address) \(size) expect 5"
        case 5: return "store \(address) \(size) 5"
        case 6: return "rep ins \(port) \(size) count \(count) to \(address)\(down)"
        case 7: return "rep outs \(port) \(size) count \(count) from \(address)\(down)"
        case 8: return "rep movs \(address) \(size) count \(count) from 0x1000\(down)"
        case 9: return "pci read 00:0\(count & 7).0 0x10 4"
        case 10: return "pci write 00:0\(count & 7).0 0x10 4 7"
        case 11: return "write \(address) 01 02 03"
        case 12: return "fill \(address) \(count) 0xaa"
        case 13: return "expect memory \(address) 01 02"
        case 14: return "wait interrupt \(count)"
        case 15: return "wait event"
        case 16: return "clock -\(count)"
        case 17: return "invalidate"
        case 18: return "balloon \(program.frame() & 0xffff) \(count)"
        case 19: return "handle faults"
        case 20: return "repeat \(count & 7)"
        case 21: return "end"
        case 22: return program.chance(of: 8) ? "vcpu \(count & 3)" : "shutdown \(count)"
        default: return String(decoding: program.someBytes(program.number(below: 20)), as: UTF8.self)
        }
    }
}
