// What comes back: transactions begin and end by it, and every kind of answer is counted.
// Not for: whether an answer is right (the tests of the core, against a naive store).

internal import XenstoreCore
internal import XenstoreWire

extension Soak {
    /// Takes what waits for a client; the payload of the last reply.
    @discardableResult
    func drain(_ client: SoakClient) -> [UInt8]? {
        if client.isSending { core.messageSent(client.id) }
        client.isSending = false
        var last: [UInt8]?
        while let message = core.takeMessage(client.id) {
            guard let header = XenstoreHeader(from: message.span) else { continue }
            if header.operation == .watchEvent {
                answers["event", default: 0] += 1
            } else {
                let payload = Array(message[XenstoreLimits.headerByteCount...])
                answered(client, header, payload)
                last = payload
            }
            // A socket that is full takes the rest of a message later.
            if client.domain == nil, !client.isSlow, chance.oneIn(16) {
                client.isSending = true
                return last
            }
            core.messageSent(client.id)
        }
        return last
    }

    private func answered(_ client: SoakClient, _ header: XenstoreHeader, _ payload: [UInt8]) {
        let operation = XenstoreOperation(rawValue: header.requestID >> 24)
        let isError = header.operation == .error
        let text = isError ? String(decoding: payload.dropLast(), as: UTF8.self) : "OK"
        answers[text, default: 0] += 1
        switch operation {
        case .transactionStart where !isError:
            let number = payload.prefix { $0 != 0 }.reduce(UInt32(0)) { $0 &* 10 &+ UInt32($1 &- 48) }
            client.transactions.append(number)
        case .transactionEnd where text != "EINVAL":
            client.transactions.removeAll { $0 == header.transactionID }
        case .resetWatches where !isError: client.transactions = []
        default: break
        }
    }
}
