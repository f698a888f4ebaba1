// A request from its arrival to its reply: the checks that all have in common (xenstored.md 2), what is held back, what
// a transaction records.
// Not for: what the operations do.

public import XenstoreWire

/// What has become of a request.
enum Outcome {
    /// The reply is complete.
    case done
    /// The reply is complete, and the watch's initial event follows it.
    case watched(Watch)
    /// The reply is made when the daemon has done its part.
    case later
}

extension XenstoreCore {
    /// Handles a request: effects are put behind those of `effects`. `now` is in milliseconds, of a clock that never
    /// goes back. The payload is not longer than 4096 bytes (the frame parser sees to that).
    public func handle(
        _ id: ConnectionID, _ header: XenstoreHeader, _ payload: Span<UInt8>, now: UInt64, into effects: inout [Effect]
    ) {
        guard let connection = connection(id) else { return }
        count(request: header, payload.count, connection)
        if connection.wait != nil {
            connection.held.append(Frame(header: header, payload: XenstoreText.copy(payload, 0..<payload.count)))
        } else {
            if !handleQuickly(connection, header, payload, now: now) {
                let frame = Frame(header: header, payload: XenstoreText.copy(payload, 0..<payload.count))
                run(frame, connection, now: now)
            }
            checkSoftMemory(connection, header.operation, now: now)
        }
        hand(over: &effects, now: now)
    }

    /// Ends a call: those whose wait has ended go on, and the daemon gets what is to be done.
    func hand(over effects: inout [Effect], now: UInt64) {
        if hasLeftovers { reclaim(64) }
        if !patient.isEmpty { wakePatient() }
        if !starved.isEmpty { feedStarved() }
        while !ready.isEmpty { resume(ready.removeFirst(), now: now) }
        effects.append(contentsOf: self.effects)
        self.effects.removeAll(keepingCapacity: true)
    }

    func run(_ frame: Frame, _ connection: Connection, now: UInt64) {
        let header = frame.header
        beginCounting(connection, now: now)
        defer { endCounting(connection) }
        do throws(Refusal) {
            let transaction = try admit(header, connection)
            let request = Request(
                connection: connection, header: header, payload: frame.payload, transaction: transaction, now: now)
            if holdBack(request, frame) || awaitCounts(request, frame) { return }
            if let transaction, header.operation.worksOnView {
                if connection.claim?.transaction === transaction { renew(transaction) }
                finish(request, perform(request, in: transaction))
                return
            }
            var reply: [UInt8] = []
            let outcome = try perform(request, &reply)
            tellWatches()
            switch outcome {
            case .done: finish(request, .reply(reply))
            case .later: break
            case .watched(let watch):
                finish(request, .reply(reply))
                send(watch, watch.path)
            }
        } catch {
            pathChanges.removeAll()
            refuse(header, error.code, connection)
        }
    }

    /// The checks of section 2, in their order.
    private func admit(_ header: XenstoreHeader, _ connection: Connection) throws(Refusal) -> Transaction? {
        let operation = header.operation
        if !operation.isRequest { throw Refusal(.notImplemented) }
        if operation.isPrivileged && !connection.isPrivileged { throw Refusal(.access) }
        if header.transactionID == 0 || operation == .watch || operation == .unwatch { return nil }
        guard let transaction = connection.transactions[header.transactionID] else { throw Refusal(.notFound) }
        return transaction
    }

    /// A request of a transaction: refused by a quota it fails the transaction, otherwise it is recorded.
    func perform(_ request: Request, in transaction: Transaction) -> Answer {
        targetExisted = nil
        let answer: Answer
        do throws(Refusal) {
            try checkRecord(request, transaction)
            var reply: [UInt8] = []
            _ = try perform(request, &reply)
            answer = reply.count > XenstoreLimits.payloadByteCount ? .refusal(.tooBig) : .reply(reply)
        } catch {
            if error.code == .noSpace || error.code == .noMemory { transaction.hasFailed = true }
            answer = .refusal(error.code)
        }
        if !transaction.hasFailed {
            let record = RecordedRequest(
                operation: request.header.operation, payload: request.payload, answer: answer, existed: targetExisted)
            transaction.records.append(record)
            transaction.recordByteCount += record.byteCount
            charge(record.byteCount, transaction, request.connection.domain)
        }
        return answer
    }

    /// 4096 requests of a guest, 64 MiB of a privileged connection (xenstored.md 5.2).
    private func checkRecord(_ request: Request, _ transaction: Transaction) throws(Refusal) {
        let isFull =
            request.connection.isPrivileged
            ? transaction.recordByteCount + request.payload.count > 64 << 20 : transaction.records.count >= 4096
        if isFull { throw Refusal(.noSpace) }
    }

    func perform(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) -> Outcome {
        switch request.header.operation {
        case .directory: try directory(request, &reply)
        case .read: try read(request, &reply)
        case .getPermissions: try getPermissions(request, &reply)
        case .directoryPart: try directoryPart(request, &reply)
        case .write: try write(request)
        case .makeDirectory: try makeDirectory(request)
        case .remove: try remove(request)
        case .setPermissions: try setPermissions(request)
        case .watch: return .watched(try watch(request, &reply))
        case .unwatch: try unwatch(request)
        case .transactionStart: try transactionStart(request, &reply)
        case .transactionEnd: try transactionEnd(request)
        case .resetWatches: reset(request.connection, now: request.now)
        default: return try performOther(request, &reply)
        }
        if reply.isEmpty && request.header.operation.isAcknowledged { reply = Array("OK\0".utf8) }
        return .done
    }

    private func performOther(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) -> Outcome {
        switch request.header.operation {
        case .control: return try control(request)
        case .introduce: return try introduce(request)
        case .release: try release(request)
        case .getDomainPath: try getDomainPath(request, &reply)
        case .isDomainIntroduced: try isDomainIntroduced(request, &reply)
        case .resume: try resume(request)
        case .setTarget: try setTarget(request)
        case .getFeature: try getFeature(request, &reply)
        case .setFeature: try setFeature(request)
        case .getQuota: try getQuota(request, &reply)
        case .setQuota: try setQuota(request)
        default: throw Refusal(.notImplemented)
        }
        if reply.isEmpty { reply = Array("OK\0".utf8) }
        return .done
    }

    private func finish(_ request: Request, _ answer: Answer) {
        switch answer {
        case .refusal(let code): refuse(request.header, code, request.connection)
        case .reply(let bytes): reply(request.header, bytes, request.connection)
        }
    }
}

extension XenstoreOperation {
    /// Operations of the control domain and the sockets alone (xenstored.md 2).
    var isPrivileged: Bool {
        switch self {
        case .control, .introduce, .release, .isDomainIntroduced, .resume, .setTarget, .setFeature, .getQuota,
            .setQuota:
            true
        default: false
        }
    }

    /// Operations that a transaction's view is for: **T** in xenstored.md 3.
    var worksOnView: Bool {
        switch self {
        case .directory, .read, .getPermissions, .directoryPart: true
        default: isChange
        }
    }

    var isChange: Bool {
        switch self {
        case .write, .makeDirectory, .remove, .setPermissions: true
        default: false
        }
    }

    /// Whether the reply is `OK` unless the operation says more.
    var isAcknowledged: Bool {
        switch self {
        case .directory, .read, .getPermissions, .directoryPart: false
        default: true
        }
    }
}
