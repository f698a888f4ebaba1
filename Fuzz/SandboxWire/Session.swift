// A whole sandbox, and processes that send it anything: by packets, and by the memory that they share with it.
// Not for: what the packets are (Session+Packets).

@testable import HypervisorModel
@testable import SandboxServer
import SandboxWire
import SystemCalls
import XenABI
import XenPlatform

/// A process that is connected.
final class Process {
    let socket: PacketSocket
    /// The memory of its rings, once it has been welcomed.
    var memory: MappedPages?
    var commands = RingWriter(EventLayout.commands)
    var isOver = false
    var lastSequence: UInt32 = 0
    /// Questions that an answer is due to.
    var awaited: [UInt32: WireKind] = [:]

    init(_ socket: consuming PacketSocket) { self.socket = socket }
}

final class Session {
    private static let stepsMax = 120
    private static let processesMax = 4

    let program: Program
    private var service: SandboxService?
    var processes: [Process] = []
    private var incoming = [UInt8](repeating: 0, count: WireLimits.packetByteCount)

    init(_ program: Program) {
        self.program = program
        let flags = program.byte()
        let path = "/tmp/corbel-fuzz-\(SystemCalls.processID).sock"
        var options = SandboxOptions(socketPath: path, release: Release(program.pick(Release.Version.allCases)))
        options.onDisconnect = flags & 1 == 0 ? .keep : .destroy
        if flags & 6 == 6 { options.limits.mappingsPerConnection = 3 }
        if flags & 0x18 == 0x18 { options.limits.commandsPerTurn = 2 }
        if flags & 0x60 == 0x60 { options.limits.queuedBytes = 4096 }
        do throws(SandboxStartError) { service = try SandboxService(options) } catch { hold(false, "\(error)") }
        _ = try? service?.hypervisor.createDomain(DomainShape(.hvm, vcpuCount: 2, frameCount: 64), id: DomainID(1))
        _ = try? service?.hypervisor.createDomain(DomainShape(.pvh, frameCount: 64), id: DomainID(2))
        _ = try? service?.hypervisor.createDomain(DomainShape(.pv), id: DomainID(3))
    }

    func run() {
        var steps = 0
        if program.chance(of: 14) { connect(greets: true) }
        while !program.isOver, steps < Self.stepsMax {
            steps += 1
            step()
            if program.chance(of: 12) { serve() }
        }
        for _ in 0..<4 { serve() }
        for process in processes where !process.isOver {
            // A guest's program may wait for ever.
            let open = process.awaited.values.filter { $0 != .runScript }
            hold(open.isEmpty, "each question is answered: \(open)")
        }
        finish()
    }

    private func step() {
        switch program.byte() & 15 {
        case 0: connect(greets: program.chance(of: 13))
        case 1: if !processes.isEmpty { processes.remove(at: program.number(below: processes.count)) }
        case 2: sendNoise()
        case 3, 4: sendRandomBody()
        case 5, 6: ring()
        case 7: spoilRing()
        default: sendQuestion()
        }
    }

    private func connect(greets: Bool) {
        guard let service, processes.count < Self.processesMax else { return }
        do throws(SystemError) {
            processes.append(Process(try PacketSocket.connected(path: service.options.socketPath)))
        } catch {
            return hold(false, "a sandbox takes connections: \(error.description)")
        }
        guard greets else { return }
        sendHello(processes[processes.count - 1])
        serve()
    }

    /// The sandbox's turns, then everybody reads what has come.
    private func serve() {
        guard let service else { return }
        for _ in 0..<3 {
            do throws(SystemError) { try service.step(milliseconds: 0) } catch { hold(false, error.description) }
        }
        service.hypervisor.checkState()
        checkMappings(service)
        for process in processes { read(process) }
    }

    private func checkMappings(_ service: SandboxService) {
        let kept = service.connections.reduce(0) { sum, connection in
            sum + connection.mappings.values.reduce(0) { $0 + ($1 == nil ? 0 : 1) }
        }
        let counted = service.hypervisor.domains.values.reduce(0) { $0 + $1.mappingCount }
        hold(kept == counted, "pages are mapped while connections keep them: \(kept), \(counted)")
        for connection in service.connections
        where connection.mappings.count > service.options.limits.mappingsPerConnection {
            hold(false, "a connection has as many mappings as it may")
        }
    }

    // MARK: Answers

    private func read(_ process: Process) {
        var descriptors = ReceivedDescriptors()
        // Taken out, because a span of a variable of ours can't outlive one access to it.
        var bytes = incoming
        incoming = []
        defer { incoming = bytes }
        while !process.isOver {
            var span = bytes.mutableSpan
            do throws(SystemError) {
                let count = try process.socket.receive(into: &span, &descriptors, waits: false)
                if count == 0 {
                    process.isOver = true
                } else {
                    take(WireReader(bytes, 0..<count), process, &descriptors)
                }
            } catch {
                if error.code != SystemErrorCode.tryAgain { process.isOver = true }
                return
            }
        }
    }

    /// An answer is well-formed, and to a question.
    private func take(_ packet: WireReader, _ process: Process, _ descriptors: inout ReceivedDescriptors) {
        var reader = packet
        do throws(WireError) {
            let header = try WireHeader(from: &reader)
            if header.kind == .closing {
                _ = try TextAnswer(whole: reader)
                process.isOver = true
                return
            }
            hold(header.flags & WireHeader.answer != 0 && header.flags <= 3, "an answer says that it is one")
            guard let kind = process.awaited[header.sequence] else { return hold(false, "an answer to no question") }
            hold(kind == header.kind, "an answer has its question's kind")
            if header.flags & WireHeader.more == 0 { process.awaited[header.sequence] = nil }
            let result = try WireResult(from: &reader)
            try checkBody(header, result, reader, descriptors.count)
            if header.kind == .hello, result.isSuccess, descriptors.count == 3, let file = descriptors.take(0) {
                let mapped = try? MappedMemory(
                    sharing: file, byteCount: EventLayout.byteCount, access: .readWrite)
                if let mapped { process.memory = MappedPages(mapped, keeping: nil) }
            }
        } catch {
            hold(false, "an answer is malformed: \(error.description)")
        }
    }

    private func checkBody(
        _ header: WireHeader, _ result: WireResult, _ body: WireReader, _ descriptorCount: Int
    ) throws(WireError) {
        hold(result.isSuccess == (result.origin == .none), "a refusal is somebody's")
        let isControl = header.kind.rawValue >= 64
        guard result.isSuccess else {
            if isControl || header.kind == .hello { _ = try TextAnswer(whole: body) }
            return
        }
        switch header.kind {
        case .hello: _ = try Welcome(whole: body)
        case .dmOp: _ = try DeviceModelAnswer(whole: body)
        case .hypercall: _ = try HypercallAnswer(whole: body)
        case .mapFrames, .mapResource:
            let pieces = try MappedPieces(whole: body)
            hold(Int(pieces.fileCount) == descriptorCount, "as many descriptors as files")
        case .resourceSize, .bindInterdomain, .bindUnbound, .bindVIRQ, .createDomain: _ = try NumberAnswer(whole: body)
        case .listDomains: _ = try DomainList(whole: body)
        case _ where isControl: _ = try TextAnswer(whole: body)
        default: _ = try NoBody(whole: body)
        }
    }

    // MARK: Rings

    private func ring() {
        guard let process = greeted() else { return }
        let command: EventCommand =
            program.chance(of: 8) ? .notify(port: program.port().rawValue) : .unmask(port: program.port().rawValue)
        let word = program.chance(of: 15) ? command.word : program.raw32()
        if let memory = process.memory.take() {
            _ = process.commands.push(word, to: memory)
            process.memory = consume memory
        }
    }

    /// Anything in the first page, or anywhere.
    private func spoilRing() {
        guard let process = greeted(), let memory = process.memory.take() else { return }
        let offset = program.chance(of: 12) ? 64 * program.number(below: 7) : Int(program.raw16()) % 20476
        let value = program.chance(of: 8) ? UInt64(program.byte()) : UInt64(program.raw32())
        memory.store(value, byteCount: 4, at: offset)
        process.memory = consume memory
    }

    private func greeted() -> Process? {
        let candidates = processes.filter { $0.memory != nil && !$0.isOver }
        return candidates.isEmpty ? nil : program.pick(candidates)
    }

    /// All go; what is left in the model is the servers that stay.
    private func finish() {
        processes = []
        guard let service else { return }
        for _ in 0..<8 where !service.connections.isEmpty {
            do throws(SystemError) { try service.step(milliseconds: 0) } catch { hold(false, error.description) }
        }
        hold(service.connections.isEmpty, "who has gone is noticed")
        service.hypervisor.checkState()
        for (_, domain) in service.hypervisor.domains {
            hold(domain.mappingCount == 0, "who has gone maps nothing")
            for port in domain.ports.used {
                if case .interdomain = domain.ports[port].state { hold(false, "who has gone has no ports") }
            }
        }
        service.close()
        self.service = nil
    }
}
