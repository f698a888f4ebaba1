// A store and its clients without a daemon: what the core itself takes for a request.
// Not for: sockets and rings (Benchmarks/xenstore/load).

import XenstoreCore
import XenstoreWire

/// A core, driven as the daemon drives it: a request, then what waits is taken and counts as sent.
final class Store {
    let core = XenstoreCore { $0 < 20000 ? UInt64($0) + 1 : nil }
    let socket: ConnectionID
    var effects: [Effect] = []
    var output: [UInt8] = []
    var now: UInt64 = 1

    init() {
        socket = core.openSocket()
        effects.reserveCapacity(1024)
        output.reserveCapacity(1 << 16)
    }

    /// A request of a client; the messages that wait for it then go.
    func ask(_ id: ConnectionID, _ header: XenstoreHeader, _ payload: [UInt8]) {
        core.handle(id, header, payload.span, now: now, into: &effects)
        effects.removeAll(keepingCapacity: true)
        drain(id)
    }

    func drain(_ id: ConnectionID) {
        while core.takeMessage(id, appendingTo: &output) != nil { core.messageSent(id) }
        output.removeAll(keepingCapacity: true)
    }

    /// A request of the socket by its text, `|` for NUL.
    func ask(_ operation: XenstoreOperation, _ text: String) {
        let payload = text.utf8.map { $0 == UInt8(ascii: "|") ? 0 : $0 }
        ask(socket, header(operation, payload), payload)
    }

    func header(_ operation: XenstoreOperation, _ payload: [UInt8]) -> XenstoreHeader {
        XenstoreHeader(operation, requestID: 1, transactionID: 0, payloadByteCount: UInt32(payload.count))
    }

    func introduce(_ domain: UInt16) {
        ask(.introduce, "\(domain)|1|1|")
        core.event(.introduced(domain: domain, succeeded: true), now: now, into: &effects)
        effects.removeAll(keepingCapacity: true)
        drain(socket)
    }

    /// What is left over from before is freed.
    func settle() {
        while core.nextDeadline() == 0 { core.tick(now: now, into: &effects) }
        effects.removeAll(keepingCapacity: true)
    }
}
