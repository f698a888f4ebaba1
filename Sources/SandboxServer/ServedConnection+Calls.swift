// What a process asks of privcmd, by packets. dmop.md section 9.
// Not for: the checks, which are the model's.

internal import HypervisorModel
internal import SandboxWire
internal import XenABI

extension ServedConnection {
    /// A packet for privcmd.
    func call(_ header: WireHeader, _ body: WireReader) throws(WireError) {
        if header.kind == .unmapped { return try drop(try NumberArgument(whole: body)) }
        guard let file = nodes?.privcmd else { return answer(header, .noNodes, NoBody()) }
        switch header.kind {
        case .dmOp: dmOp(header, file, try DeviceModelCall(whole: body))
        case .hypercall: hypercall(header, file, try HypercallRequest(whole: body))
        case .restrict:
            let argument = try DomainArgument(whole: body)
            attempt(header) { () throws(Refusal) in
                try file.restrict(to: argument.domain)
                return NoBody()
            }
        case .mapFrames:
            let request = try FrameMapping(whole: body)
            map(header) { () throws(Refusal) in
                try file.mapFrames(request.domain, request.frames.map { GuestFrame($0) })
            }
        case .mapResource:
            let request = try ResourceMapping(whole: body)
            map(header) { () throws(Refusal) in
                // More than an answer could hold are refused as one frame more is: no resource has so many.
                let count = min(request.count, UInt64(WireLimits.framesPerPacket) + 1)
                return try file.mapResource(
                    request.domain, request.type, id: request.id, firstFrame: request.firstFrame, count: Int(count))
            }
        case .resourceSize:
            let request = try ResourceMapping(whole: body)
            attempt(header) { () throws(Refusal) in
                NumberAnswer(try file.resourceSize(request.domain, request.type, id: request.id))
            }
        default: throw WireError("a packet of no known kind", at: 4)
        }
    }

    /// The only packet that is never answered.
    private func drop(_ mapping: NumberArgument) throws(WireError) {
        if mappings.removeValue(forKey: mapping.number) == nil { throw WireError("no such mapping", at: 16) }
    }

    private func attempt<Body: WireBody>(_ header: WireHeader, _ body: () throws(Refusal) -> Body) {
        do throws(Refusal) {
            answer(header, .success, try body())
        } catch {
            answer(header, WireResult(error), NoBody())
        }
    }

    // MARK: Operations

    private func dmOp(_ header: WireHeader, _ file: PrivcmdFile, _ call: DeviceModelCall) {
        let buffers = call.buffers.map { CallerBuffer($0) }
        do throws(Refusal) {
            guard let rounds = try file.beginDMOP(call.domain, count: call.count, buffers: buffers) else {
                return answer(header, .success, DeviceModelAnswer([]))
            }
            begin(CallUnderWay(header, .control(call, buffers, rounds)))
        } catch {
            answer(header, WireResult(error), DeviceModelAnswer([]))
        }
    }

    private func hypercall(_ header: WireHeader, _ file: PrivcmdFile, _ request: HypercallRequest) {
        var memory = CallerMemory(request.memory.map { CallerBuffer($0) })
        let call = PrivcmdHypercall(
            number: request.number, argument0: request.arguments[0], argument1: request.arguments[1],
            argument2: request.arguments[2], argument3: request.arguments[3], argument4: request.arguments[4])
        do throws(Refusal) {
            switch try file.beginHypercall(call, &memory) {
            case .done(let value): answer(header, value, request, memory)
            case .rounds(let rounds): begin(CallUnderWay(header, .hypercall(request, memory, rounds)))
            }
        } catch {
            answer(header, WireResult(error), NoBody())
        }
    }

    private func answer(_ header: WireHeader, _ value: UInt64, _ request: HypercallRequest, _ memory: CallerMemory) {
        answer(header, .success, HypercallAnswer(value: value, Self.written(request.memory, memory.pieces)))
    }

    /// Does so many rounds of a call at most, and answers it when it is over. True: it is.
    func goOn(_ call: inout CallUnderWay, _ file: PrivcmdFile, roundsMax: Int) -> Bool {
        switch call.question {
        case .control(let request, var buffers, var rounds):
            var result = WireResult.success
            do throws(Refusal) {
                if try file.goOn(&rounds, roundsMax: roundsMax) {
                    call.question = .control(request, buffers, rounds)
                    return false
                }
            } catch {
                result = WireResult(error)
            }
            rounds.copyBack(to: &buffers)
            if result.isSuccess, let operation = buffers.first?.bytes { noteServer(request.domain, operation) }
            answer(call.header, result, Self.written(request.buffers, buffers))
        case .hypercall(let request, var memory, var rounds):
            do throws(Refusal) {
                if try file.goOn(&rounds.call, roundsMax: roundsMax) {
                    call.question = .hypercall(request, memory, rounds)
                    return false
                }
                answer(call.header, try file.finish(rounds, &memory), request, memory)
            } catch {
                answer(call.header, WireResult(error), NoBody())
            }
        }
        return true
    }

    /// What has changed in a process' buffers.
    private static func written(_ before: [CallBuffer], _ after: [CallerBuffer]) -> DeviceModelAnswer {
        var written: [DeviceModelAnswer.Written] = []
        for index in before.indices where index < after.count && before[index].bytes != after[index].bytes {
            written.append(.init(index: UInt32(index), bytes: after[index].bytes))
        }
        return DeviceModelAnswer(written)
    }

    /// Remembers whose servers are left when this process goes: create_ioreq_server has answered an id.
    private func noteServer(_ domain: DomainID, _ operation: [UInt8]) {
        var frame = DMOPFrame()
        for index in 0..<min(operation.count, DMOPFrame.byteCount) { frame.bytes[index] = operation[index] }
        guard frame.opcode == .createIOREQServer,
            let record = service.hypervisor.domain(domain)?.server(frame.payload(DMOP.CreateIOREQServer.self).id)
        else { return }
        ownServers.removeAll { service.hypervisor.domain($0.domain)?.server($0.record.id) !== $0.record }
        ownServers.append(OwnServer(domain: domain, record: record))
    }

    // MARK: Mapping

    private func map(_ header: WireHeader, _ body: () throws(Refusal) -> PageMapping) {
        do throws(Refusal) {
            let mapping = try body()
            var pieces = PieceList()
            for result in mapping.results {
                guard pieces.add(result) else { return answer(header, .limit, NoBody()) }
            }
            guard let number = keep(mapping.token) else {
                service.log("\(name) has as many mappings as it may")
                return answer(header, .limit, NoBody())
            }
            let found = MappedPieces(mapping: number, fileCount: UInt32(pieces.files.count), pieces.pieces)
            answer(header, .success, found, files: pieces.files)
        } catch {
            answer(header, WireResult(error), NoBody())
        }
    }
}

/// Pages as pieces of files: neighbours together.
private struct PieceList {
    var files: [MemoryFile] = []
    var pieces: [MappedPieces.Piece] = []

    /// Adds the next page. False: too many files for one answer.
    mutating func add(_ result: FrameResult) -> Bool {
        switch result {
        case .refused(let code): append(MappedPieces.Piece(refused: code, count: 1))
        case .mapped(let run, let page):
            // Pages of the heap can't be mapped by others.
            guard let file = run.backing as? MemoryFile else {
                append(MappedPieces.Piece(refused: .enodev, count: 1))
                return true
            }
            var index = files.lastIndex { $0 === file }
            if index == nil {
                if files.count == WireLimits.filesPerPacket { return false }
                files.append(file)
                index = files.count - 1
            }
            append(MappedPieces.Piece(file: UInt16(index ?? 0), page: UInt64(page), count: 1))
        }
        return true
    }

    private mutating func append(_ piece: MappedPieces.Piece) {
        if let last = pieces.last, last.file == piece.file, last.code == piece.code,
            piece.isRefused || last.page + UInt64(last.count) == piece.page
        {
            pieces[pieces.count - 1].count += 1
        } else {
            pieces.append(piece)
        }
    }
}

extension CallerBuffer {
    /// A buffer of a process that has sent what can be read of it.
    fileprivate init(_ buffer: CallBuffer) {
        let isThere = UInt64(buffer.bytes.count) == min(buffer.byteCount, UInt64(WireLimits.bytesPerBuffer))
        self.init(
            address: buffer.address, byteCount: Int(clamping: buffer.byteCount),
            access: !isThere ? .unmapped : buffer.isWritable ? .writable : .readOnly, bytes: buffer.bytes)
    }
}

extension WireResult {
    /// The connection has no nodes.
    static let noNodes = WireResult(.enodev, .sandbox)
    /// A limit of the sandbox'.
    static let limit = WireResult(.enomem, .sandbox)
}
