// Sockets: when they are read, their requests, their end (xenstored.md 10).
// Not for: taking connections (StoreListener), writing (StoreServer+Output).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls
internal import XenstoreCore
internal import XenstoreWire

extension StoreServer {
    /// Begins to serve a socket, whose connection the core knows.
    func begin(_ client: SocketClient) throws(SystemError) {
        client.watch = try loop.watch(client.descriptor.rawValue, for: client.interest, client)
        place(.socket(client), client.id)
        trace?.note("connection \(client.id.index) begins, socket \(client.descriptor.rawValue)")
    }

    /// The kernel has something for a socket, or room.
    func socketReady(_ client: SocketClient, _ readiness: Readiness) {
        if readiness.contains(.writable) && client.interest.contains(.writable) { touch(client) }
        guard readiness.contains(.readable) else { return }
        client.isReadable = true
        if mayRead(client, now: now) {
            enqueue(client)
        } else if client.interest.contains(.readable) {
            // It waits, and shall not be told of for as long as it does.
            setInterest(client, client.interest.subtracting(.readable))
        } else {
            hungUp(client)
        }
    }

    /// The other end is gone for good, and it may not be read now: the kernel would tell of that for ever.
    private func hungUp(_ client: SocketClient) {
        touch(client)
        unwatch(client)
    }

    func unwatch(_ client: SocketClient) {
        guard let watch = client.watch else { return }
        client.watch = nil
        do throws(SystemError) {
            try loop.remove(watch)
        } catch {
            log.write(.error, "socket", "can't be let go", [("error", error.description)])
        }
    }

    func setInterest(_ client: SocketClient, _ interest: Readiness) {
        guard client.interest != interest, let watch = client.watch else { return }
        do throws(SystemError) {
            try loop.change(watch, to: interest)
            client.interest = interest
        } catch {
            log.write(.error, "socket", "can't be waited for", [("error", error.description)])
            close(client)
        }
    }

    /// Whether the next request of a socket may be handled.
    func mayRead(_ client: SocketClient, now: UInt64) -> Bool {
        if isStopped || client.isFull { return false }
        if core.waitingReplyByteCount(client.id) + client.unsentReplyByteCount > StoreLimits.fullByteCount {
            client.isFull = true
            return false
        }
        return core.mayRead(client.id, now: now)
    }

    func enqueue(_ client: SocketClient) {
        if client.isReady || client.isClosed { return }
        client.isReady = true
        line(up: .socket(client), servedLast: client.servedRound)
    }

    /// A turn of a socket: what was read before, or what one read brings.
    func serve(_ client: SocketClient) {
        client.isReady = false
        client.servedRound = round
        let now = now
        guard !client.isClosed, mayRead(client, now: now) else { return }
        if client.inputOffset < client.input.count {
            let bytes = client.input
            var offset = client.inputOffset
            deliver(bytes.span, &offset, to: client, now)
            client.inputOffset = offset
            if offset == bytes.count { dropInput(client) }
        } else if client.isReadable {
            read(client, now)
        }
        guard !client.isClosed else { return }
        setInterest(client, client.interest.union(.readable))
        let hasMore = !client.input.isEmpty || client.isReadable
        guard hasMore, mayRead(client, now: now), !client.isReady else { return }
        client.isReady = true
        line(up: .socket(client), servedLast: round)
    }

    private func dropInput(_ client: SocketClient) {
        client.input = []
        client.inputOffset = 0
    }

    private func read(_ client: SocketClient, _ now: UInt64) {
        // Without a watch nobody tells that there is more.
        client.isReadable = client.watch == nil
        var bytes = readBuffer
        readBuffer = []
        defer { readBuffer = bytes }
        var count: Int?
        do throws(SystemError) {
            var span = bytes.mutableSpan
            count = try client.descriptor.readIfReady(into: &span)
        } catch {
            return end(client)
        }
        guard let count else {
            client.isReadable = false
            return
        }
        if count == 0 { return end(client) }
        var offset = 0
        deliver(bytes.span.extracting(0..<count), &offset, to: client, now)
        if offset < count && !client.isClosed {
            client.input = XenstoreText.copy(bytes.span, offset..<count)
            client.inputOffset = 0
        }
    }

    /// Handles requests until the turn is over, the client has to wait, or the bytes are used up.
    private func deliver(_ bytes: Span<UInt8>, _ offset: inout Int, to client: SocketClient, _ now: UInt64) {
        var limit = TurnLimit()
        repeat {
            var header: XenstoreHeader?
            do throws(XenstoreFrameError) {
                header = try client.parser.next(in: bytes, at: &offset) { header, payload in
                    handle(client.id, header, payload, now: now)
                    return header
                }
            } catch {
                trace?.note("connection \(client.id.index) breaks the protocol")
                return end(client)
            }
            guard let header else { return }
            limit.note(header)
            drain()
        } while offset < bytes.count && limit.goesOn && !client.isClosed && mayRead(client, now: now)
    }

    /// Hands a request to the core; what comes of it waits for `drain`.
    func handle(_ id: ConnectionID, _ header: XenstoreHeader, _ payload: Span<UInt8>, now: UInt64) {
        if let trace { trace.request(header, payload, from: id, domain: core.domain(of: id)) }
        core.handle(id, header, payload, now: now, into: &effects)
    }

    /// The client's last request was handled: what is not sent yet is tried once.
    func end(_ client: SocketClient) {
        var isGone = false
        while !client.isClosed && !isGone { isGone = !sendOnce(client) }
        close(client)
    }

    func close(_ client: SocketClient) {
        if client.isClosed { return }
        client.isClosed = true
        unwatch(client)
        place(nil, client.id)
        dropInput(client)
        client.unsent = []
        client.unsentParts = []
        core.event(.connectionClosed(client.id), now: now, into: &effects)
        drain()
        trace?.note("connection \(client.id.index) ends")
        listener?.descriptorFreed()
    }
}
