// One connection to a Xenstore server: a request goes out, its reply comes back, events that come between are kept.
// Nothing here waits beyond a moment that the caller gives, whatever the server does.
// Not for: what requests say (XenstoreClient).

internal import SystemCalls
internal import XenstoreWire

/// A socket, or the kernel's device.
///
/// The device (`/dev/xen/xenbus`) takes one message in a write, of 4096 bytes with its header at most. It is never said
/// to be writable, so it is not asked. An errno of the write is the answer to its message: no reply follows.
final class XenstoreConnection {
    /// Events that are kept at most, and their bytes (xenstored.md 4.6: what a server keeps for a socket).
    static let eventCountMax = 65536
    static let eventByteCountMax = 16 << 20
    /// Replies that may be late at a time.
    static let lateReplyCountMax = 16

    let descriptor: OwnedDescriptor
    private let isDevice: Bool
    /// Made now, because a daemon that has confined itself may wait with epoll, but make nothing.
    private let poll: EventPoll
    private var waitsForRoom = false
    private var parser = XenstoreFrameParser()
    private var buffer = [UInt8](repeating: 0, count: 8192)
    /// Why the connection is over.
    private var failure: XenstoreError?
    /// The request that is out, and what came back.
    private var awaited: (requestID: UInt32, operation: XenstoreOperation)?
    private var answer: Answer?
    private var lastRequestID: UInt32 = 0
    /// Requests that were given up, whose replies may still come.
    private var late = [UInt32]()
    private var events = [XenstoreWatchEvent]()
    private var firstEvent = 0
    private var eventByteCount = 0

    private enum Answer {
        case reply([UInt8])
        case refusal(XenstoreErrorCode)
    }

    convenience init(socket: consuming StreamSocket) throws(SystemError) {
        try self.init(owning: socket.intoDescriptor(), isDevice: false)
    }

    /// Throws EPERM for a file that can't be waited for.
    convenience init(device: consuming OwnedDescriptor) throws(SystemError) {
        try self.init(owning: device, isDevice: true)
    }

    private init(owning descriptor: consuming OwnedDescriptor, isDevice: Bool) throws(SystemError) {
        let poll = try EventPoll()
        try poll.add(descriptor.rawValue, .readable, token: 0)
        self.poll = poll
        self.descriptor = descriptor
        self.isDevice = isDevice
    }

    /// Makes a request and waits for its reply. Throws what the server answers, and `timeout` at the deadline.
    func exchange(
        _ operation: XenstoreOperation, transaction: UInt32, deadline: MonotonicTime,
        _ body: (inout XenstoreWriter) -> Void
    ) throws(XenstoreError) -> [UInt8] {
        if let failure { throw failure }
        lastRequestID = lastRequestID == .max ? 1 : lastRequestID + 1
        var writer = XenstoreWriter()
        writer.begin(operation, requestID: lastRequestID, transactionID: transaction)
        body(&writer)
        guard writer.end(), !isDevice || writer.bytes.count <= XenstoreLimits.payloadByteCount else {
            throw .argument(.tooLong)
        }
        awaited = (lastRequestID, operation)
        answer = nil
        defer { awaited = nil }
        if isDevice { try hand(writer.bytes) } else { try send(writer.bytes, deadline: deadline) }
        while answer == nil {
            let isInTime = try receive(deadline: deadline)
            if answer == nil && !isInTime { throw giveUp(lastRequestID) }
        }
        switch answer {
        case .reply(let payload): return payload
        case .refusal(let code): throw .refused(code)
        case nil: throw fail(.closed)
        }
    }

    /// The oldest event that was not taken yet; waits for one until the deadline, not at all when it is past. nil when
    /// none came.
    func event(deadline: MonotonicTime) throws(XenstoreError) -> XenstoreWatchEvent? {
        while firstEvent == events.count {
            if let failure { throw failure }
            let isInTime = try receive(deadline: deadline)
            if firstEvent == events.count && !isInTime { return nil }
        }
        let event = events[firstEvent]
        firstEvent += 1
        eventByteCount -= event.path.count + event.token.count
        if firstEvent == events.count || firstEvent > 1024 {
            events.removeFirst(firstEvent)
            firstEvent = 0
        }
        return event
    }

    /// Of the connection, and of waiting for it.
    var descriptors: [Int32] { [descriptor.rawValue, poll.number] }

    /// Events that are kept and not taken yet.
    var keptEventCount: Int { events.count - firstEvent }

    /// Forgets events that nobody will take.
    func forgetEvents(where isForgotten: (XenstoreWatchEvent) -> Bool) {
        events.removeFirst(firstEvent)
        firstEvent = 0
        events.removeAll(where: isForgotten)
        eventByteCount = events.reduce(0) { $0 + $1.path.count + $1.token.count }
    }

    /// Ends the connection for a reason: each later call throws it.
    func fail(_ error: XenstoreError) -> XenstoreError {
        let reason = failure ?? error
        failure = reason
        return reason
    }
}

extension XenstoreConnection {
    /// The device takes a message in one write, or refuses it.
    private func hand(_ message: [UInt8]) throws(XenstoreError) {
        do throws(SystemError) {
            let count = try descriptor.write(message.span)
            if count == message.count { return }
        } catch {
            guard error.code != SystemErrorCode.tryAgain, let code = XenstoreErrorCode(errno: error.code) else {
                throw fail(.transport(error))
            }
            throw .refused(code)
        }
        throw fail(.closed)
    }

    private func send(_ message: [UInt8], deadline: MonotonicTime) throws(XenstoreError) {
        var done = 0
        while done < message.count {
            do throws(SystemError) {
                done += try descriptor.send(message.span.extracting(done..<message.count))
                continue
            } catch {
                if error.code != SystemErrorCode.tryAgain { throw fail(Self.reason(error)) }
            }
            // A server that waits for us to read must not wait for ever: events are taken meanwhile.
            guard try receive(deadline: deadline, orRoom: true) else {
                // Half a request is out, so that nothing can follow it.
                throw done == 0 ? .timeout : fail(.timeout)
            }
        }
    }

    /// Takes what is there to read; when that is nothing waits until the deadline, or until there is room to write.
    /// False when the deadline has passed: who sends without end is not listened to without end.
    private func receive(deadline: MonotonicTime, orRoom: Bool = false) throws(XenstoreError) -> Bool {
        let isTaken = try takeReady()
        let now = MonotonicTime.now
        if now >= deadline { return false }
        if isTaken { return true }
        do throws(SystemError) {
            if orRoom != waitsForRoom {
                try poll.modify(descriptor.rawValue, orRoom ? [.readable, .writable] : .readable, token: 0)
                waitsForRoom = orRoom
            }
            _ = try poll.wait(milliseconds: now.milliseconds(until: deadline))
            return true
        } catch {
            throw fail(Self.reason(error))
        }
    }

    /// Takes what is there to read; false when that is nothing.
    private func takeReady() throws(XenstoreError) -> Bool {
        let count: Int
        do throws(SystemError) {
            var room = buffer.mutableSpan
            guard let taken = try descriptor.readIfReady(into: &room) else { return false }
            count = taken
        } catch {
            throw fail(Self.reason(error))
        }
        if count == 0 { throw fail(.closed) }
        if let fault = parse(count) { throw fail(.protocolFault(fault)) }
        return true
    }

    /// What is wrong with the first bytes of the buffer; nil when all is well.
    private func parse(_ count: Int) -> XenstoreProtocolFault? {
        // The same bytes, not a copy of them.
        let taken = buffer
        let bytes = taken.span.extracting(0..<count)
        var offset = 0
        do throws(XenstoreFrameError) {
            while let verdict = try parser.next(in: bytes, at: &offset, deliver: accept) {
                if case .fault(let fault) = verdict { return fault }
            }
            return nil
        } catch {
            guard case .payloadTooLong(let count) = error else { return .payloadTooLong(.max) }
            return .payloadTooLong(count)
        }
    }

    private enum Verdict {
        case fine
        case fault(XenstoreProtocolFault)
    }

    private func accept(_ header: XenstoreHeader, _ payload: Span<UInt8>) -> Verdict {
        if header.operation == .watchEvent { return keep(payload) }
        guard let request = awaited, answer == nil, header.requestID == request.requestID else {
            guard let index = late.firstIndex(of: header.requestID) else {
                return .fault(.unknownReply(requestID: header.requestID))
            }
            late.remove(at: index)
            return .fine
        }
        if header.operation == .error {
            answer = .refusal(XenstoreErrorCode(payload: payload))
        } else if header.operation == request.operation {
            answer = .reply(XenstoreText.copy(payload, 0..<payload.count))
        } else {
            return .fault(.wrongOperation(header.operation))
        }
        return .fine
    }

    private func keep(_ payload: Span<UInt8>) -> Verdict {
        guard let event = XenstoreWatchEvent(payload: payload) else { return .fault(.badEvent) }
        eventByteCount += event.path.count + event.token.count
        if keptEventCount >= Self.eventCountMax || eventByteCount > Self.eventByteCountMax {
            return .fault(.tooManyEvents)
        }
        events.append(event)
        return .fine
    }

    /// A reply that comes after its deadline is one that nobody wants, and no fault.
    private func giveUp(_ requestID: UInt32) -> XenstoreError {
        late.append(requestID)
        return late.count > Self.lateReplyCountMax ? fail(.timeout) : .timeout
    }

    private static func reason(_ error: SystemError) -> XenstoreError {
        switch error.code {
        case SystemErrorCode.brokenPipe, SystemErrorCode.connectionReset: .closed
        default: .transport(error)
        }
    }
}
