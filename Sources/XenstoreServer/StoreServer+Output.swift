// Messages out of the core and into sockets: one send for each socket that is touched (xenstored.md 14.5, 17.1).
// Not for: rings, which take one message at a time (StoreRing).

internal import EventLoop
internal import SystemCalls
internal import XenstoreCore
internal import XenstoreWire

extension StoreServer {
    func touch(_ client: SocketClient) {
        if client.isTouched || client.isClosed { return }
        client.isTouched = true
        touched.append(.socket(client))
        loop.stayAwake()
    }

    /// Writes what waits for a socket, once.
    func flush(_ client: SocketClient) {
        client.isTouched = false
        if client.isClosed { return }
        let goesOn = sendOnce(client)
        guard !client.isClosed else { return }
        if goesOn { touch(client) }
        let wantsRoom = !client.unsent.isEmpty
        setInterest(client, wantsRoom ? client.interest.union(.writable) : client.interest.subtracting(.writable))
        relieve(client)
    }

    /// A socket that had too many replies goes on when few are left.
    private func relieve(_ client: SocketClient) {
        guard client.isFull else { return }
        let byteCount = core.waitingReplyByteCount(client.id) + client.unsentReplyByteCount
        if byteCount >= StoreLimits.emptyByteCount { return }
        client.isFull = false
        enqueue(client)
    }

    /// One send: what the kernel didn't take before, else as many messages as one send is for. True when all of it went
    /// and there may be more.
    func sendOnce(_ client: SocketClient) -> Bool {
        if client.unsent.isEmpty { return sendNew(client) }
        let bytes = client.unsent
        let rest = bytes.span.extracting(client.unsentOffset..<bytes.count)
        guard let count = send(rest, to: client) else { return false }
        settle(client, count)
        client.unsentOffset += count
        guard client.unsentOffset == client.unsent.count else { return false }
        client.unsent = []
        client.unsentOffset = 0
        return true
    }

    private func sendNew(_ client: SocketClient) -> Bool {
        var bytes = sendBuffer
        var parts = sendParts
        sendBuffer = []
        sendParts = []
        defer {
            bytes.removeAll(keepingCapacity: true)
            parts.removeAll(keepingCapacity: true)
            sendBuffer = bytes
            sendParts = parts
        }
        var isLast = false
        while bytes.count < StoreLimits.sendByteCount {
            let start = bytes.count
            guard let count = core.takeMessage(client.id, appendingTo: &bytes) else {
                isLast = true
                break
            }
            parts.append(OutputPart(byteCount: count, isReply: bytes[start] != XenstoreOperation.watchEvent.rawValue))
            if let trace {
                let message = bytes.span.extracting(start..<start + count)
                trace.message(message, to: client.id, domain: core.domain(of: client.id))
            }
        }
        guard !bytes.isEmpty, let count = send(bytes.span, to: client) else { return false }
        if count == bytes.count {
            for _ in parts { core.messageSent(client.id) }
            return !isLast
        }
        client.unsent = XenstoreText.copy(bytes.span, count..<bytes.count)
        client.unsentOffset = 0
        client.unsentParts = parts
        client.partSentByteCount = 0
        for part in parts where part.isReply { client.unsentReplyByteCount += part.byteCount }
        settle(client, count)
        return false
    }

    /// Bytes that the kernel has taken, 0 when there is no room; nil when the socket is broken, and closed.
    private func send(_ bytes: Span<UInt8>, to client: SocketClient) -> Int? {
        do throws(SystemError) {
            return try client.descriptor.sendIfReady(bytes) ?? 0
        } catch {
            close(client)
            return nil
        }
    }

    /// So many bytes more of a socket's unsent messages are gone.
    private func settle(_ client: SocketClient, _ byteCount: Int) {
        var rest = client.partSentByteCount + byteCount
        var doneCount = 0
        while doneCount < client.unsentParts.count, rest >= client.unsentParts[doneCount].byteCount {
            let part = client.unsentParts[doneCount]
            rest -= part.byteCount
            if part.isReply { client.unsentReplyByteCount -= part.byteCount }
            if part.isCounted { core.messageSent(client.id) }
            doneCount += 1
        }
        client.unsentParts.removeFirst(doneCount)
        client.partSentByteCount = rest
    }
}
