// What clients do in the measured shapes of xenstored.md 17.2.
// Not for: bad clients (BadDays).

internal import SystemCalls
internal import XenstoreWire

func payload(_ path: String, _ octets: String? = nil) -> [UInt8] {
    Array(path.utf8) + [0] + Array((octets ?? "").utf8)
}

/// Says what an answer without a transaction means.
private func step(_ client: LoadClient, _ header: XenstoreHeader) -> Step {
    switch header.operation {
    case .watchEvent: .going
    case .error: .failed
    default: .done(client.lastLatency)
    }
}

/// Requests of one kind, so many of a client under way.
final class Plain: Workload {
    let depth: Int
    private let operation: XenstoreOperation
    private let payloads: [[UInt8]]
    private var next = 0

    init(_ operation: XenstoreOperation, depth: Int, _ payloads: [[UInt8]]) {
        self.operation = operation
        self.depth = depth
        self.payloads = payloads
    }

    func begin(_ client: LoadClient) {
        next = (next &+ 7919) % payloads.count
        client.request(operation, payloads[next])
    }

    func received(_ client: LoadClient, _ header: XenstoreHeader, _ payload: Span<UInt8>) -> Step {
        step(client, header)
    }
}

/// Paths that are written and removed again, each another one: a write and a removal are one operation.
final class WriteAndRemove: Workload {
    private let parent: String
    private var last = 0

    init(below parent: String) { self.parent = parent }

    func begin(_ client: LoadClient) {
        last += 1
        client.began = MonotonicTime.now.nanoseconds
        client.request(.write, payload("\(parent)/\(last)", "v"))
        client.request(.remove, payload("\(parent)/\(last)"))
    }

    func received(_ client: LoadClient, _ header: XenstoreHeader, _ payload: Span<UInt8>) -> Step {
        switch header.operation {
        case .watchEvent, .write: .going
        case .remove: .done(MonotonicTime.now.nanoseconds - client.began)
        default: .failed
        }
    }
}

/// Transactions: START, then the rest in one piece. Clients from a number on do something else, elsewhere.
final class Transactions: Workload {
    /// The requests between START and END.
    private let body: (LoadClient) -> [(XenstoreOperation, [UInt8])]
    private let transactionClients: Int
    private let others: Plain?

    init(
        clients: Int = .max, others: Plain? = nil, _ body: @escaping (LoadClient) -> [(XenstoreOperation, [UInt8])]
    ) {
        transactionClients = clients
        self.others = others
        self.body = body
    }

    func counts(_ client: LoadClient) -> Bool { client.number < transactionClients }
    var depth: Int { others?.depth ?? 1 }

    func begin(_ client: LoadClient) {
        guard counts(client) else {
            others?.begin(client)
            return
        }
        // One at a time, whatever the others have under way.
        if client.underWay > 0 { return }
        client.began = MonotonicTime.now.nanoseconds
        client.request(.transactionStart, [0])
    }

    func received(_ client: LoadClient, _ header: XenstoreHeader, _ payload: Span<UInt8>) -> Step {
        guard counts(client) else { return step(client, header) }
        switch header.operation {
        case .transactionStart:
            client.transaction = 0
            for index in payload.indices where payload[index] != 0 {
                client.transaction = client.transaction &* 10 &+ UInt32(payload[index] &- 48)
            }
            client.turn += 1
            for (operation, bytes) in body(client) { client.request(operation, in: client.transaction, bytes) }
            client.request(.transactionEnd, in: client.transaction, [84, 0])
            return .going
        case .transactionEnd: return .done(MonotonicTime.now.nanoseconds - client.began)
        case .error:
            // Refusals inside come before that of the end, which alone may be EAGAIN.
            return payload.count == 7 && payload[1] == UInt8(ascii: "A") && payload[2] == UInt8(ascii: "G")
                ? .again : client.underWay == 0 ? .failed : .going
        default: return .going
        }
    }
}
