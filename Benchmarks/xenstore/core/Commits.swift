// The longest commits that a guest can have: nobody else is served while one is under way.
// Not for: transactions of the toolstack (Benchmarks/xenstore/load).

import XenstoreCore
import XenstoreWire

/// A guest with 900 nodes, in its ring.
private struct Guest {
    let store = Store()
    let ring: ConnectionID

    init() {
        store.introduce(7)
        store.ask(.write, "/local/domain/7/data|")
        store.ask(.setPermissions, "/local/domain/7/data|n7|")
        ring = store.core.ring(of: 7) ?? store.socket
        for number in 0..<900 { _ = ask(.write, "data/\(number)|v") }
    }

    /// The reply's payload; empty for OK.
    func ask(_ operation: XenstoreOperation, _ text: String, in transaction: UInt32 = 0) -> [UInt8] {
        let payload = text.utf8.map { $0 == UInt8(ascii: "|") ? 0 : $0 }
        let header = XenstoreHeader(
            operation, requestID: 1, transactionID: transaction, payloadByteCount: UInt32(payload.count))
        store.core.handle(ring, header, payload.span, now: store.now, into: &store.effects)
        store.effects.removeAll(keepingCapacity: true)
        let message = store.core.takeMessage(ring) ?? []
        store.core.messageSent(ring)
        return Array(message.dropFirst(16))
    }

    /// Microseconds of END, after `count` requests at most, until one is refused.
    func commit(_ count: Int, _ request: (Int) -> (XenstoreOperation, String)) -> Double {
        let digits = ask(.transactionStart, "|").dropLast()
        let transaction = digits.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 48) }
        for number in 0..<count {
            let (operation, text) = request(number)
            let reply = ask(operation, text, in: transaction)
            if reply.first == UInt8(ascii: "E") { break }
        }
        _ = ask(.write, "data/1|w", in: transaction)
        // Somebody else's change of a node that it has looked at, to the same: its requests are to be run again.
        store.ask(.write, "/local/domain/7/data/2|v")
        return measure(1) { _ = ask(.transactionEnd, "T|", in: transaction) }.nanoseconds / 1000
    }
}

/// Of lists as many as the quota `memory` allows.
func measureCommits() {
    let guest = Guest()
    report("guest-commit-writes-us", guest.commit(900) { (.write, "data/\($0)|w") })
    report("guest-commit-reads-us", guest.commit(4000) { _ in (.read, "data/2|") })
    report("guest-commit-lists-us", guest.commit(600) { _ in (.directory, "data|") })
}
