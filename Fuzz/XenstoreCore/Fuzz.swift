// modules: XenstoreWire XenstoreCore
// Requests from arbitrary bytes against the core: noise, then right operations, then right paths; domains that come and
// go between them. Nothing may trap, every request has one reply, limits hold, and at the end nothing is left over.
// Not for: what the replies are (the model test compares those).

import XenstoreCore
import XenstoreWire

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    var run = Run(bytes)
    run.all()
    return 0
}

func hold(_ condition: Bool, _ text: StaticString) { precondition(condition, "\(text)") }

/// The input as a series of choices.
private struct Choices {
    var bytes: [UInt8]
    var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at >= bytes.count }

    mutating func next() -> UInt8 {
        if isAtEnd { return 0 }
        at += 1
        return bytes[at - 1]
    }

    mutating func some(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, at + count)
        defer { at = end }
        return Array(bytes[at..<end])
    }
}

/// A core, two sockets, three guests.
private struct Run {
    final class Machine { var domains: [UInt16: UInt64] = [1: 1, 2: 2, 3: 3] }

    let machine = Machine()
    let core: XenstoreCore
    var choices: Choices
    var now: UInt64 = 0
    var sockets: [ConnectionID]
    /// Requests without their reply, by connection.
    var open: [ConnectionID: Int] = [:]

    init(_ bytes: [UInt8]) {
        choices = Choices(bytes)
        let machine = machine
        core = XenstoreCore { machine.domains[$0] }
        sockets = [core.openSocket(), core.openSocket(), core.openControlRing()]
        for domain in 1...3 {
            request(sockets[0], .introduce, Array("\(domain)\u{0}1\u{0}1\u{0}".utf8), 0)
            request(sockets[0], .write, Array("/local/domain/\(domain)\u{0}".utf8), 0)
            request(sockets[0], .setPermissions, Array("/local/domain/\(domain)\u{0}n\(domain)\u{0}".utf8), 0)
        }
        request(sockets[0], .setPermissions, Array("/\u{0}b0\u{0}".utf8), 0)
        for name in ["nodes", "watches", "watch-events", "transaction-nodes"] {
            for domain in 1...3 { request(sockets[0], .setQuota, Array("\(domain)\u{0}\(name)\u{0}6\u{0}".utf8), 0) }
        }
    }

    mutating func all() {
        while !choices.isAtEnd {
            let choice = choices.next()
            switch choice & 15 {
            case 0: life()
            case 1: drain(choice >> 4)
            case 2:
                now += UInt64(choices.next()) * 8
                var effects: [Effect] = []
                core.tick(now: now, into: &effects)
                act(on: effects)
            default: request(choice)
            }
        }
        for id in sockets { drain(id) }
        for domain in UInt16(1)...3 {
            event(.domainChanged(domain: domain, state: .absent))
            hold(core.memoryByteCount(of: domain) == 0, "a dead domain holds nothing")
        }
        for id in sockets { event(.connectionClosed(id)) }
        let counts = core.counts
        hold(counts.otherSlots == 0, "no version is left without a transaction")
        hold(counts.watches == 0 && counts.trieNodes == 2, "no watch is left without a connection")
        hold(counts.connections == 0, "no connection is left")
    }

    private func connection(_ choice: UInt8) -> ConnectionID? {
        let number = Int(choice % 6)
        return number < 3 ? sockets[number] : core.ring(of: UInt16(number - 2))
    }

    private mutating func request(_ choice: UInt8) {
        guard let id = connection(choice >> 4) else { return }
        let operation = XenstoreOperation(rawValue: UInt32(choices.next() & 31))
        let form = choices.next()
        var payload: [UInt8] = []
        if form & 128 != 0 {
            payload = choices.some(Int(form & 63))
        } else {
            for _ in 0...(form & 3) { payload += word() + [0] }
            if form & 4 != 0 { payload += choices.some(Int(choices.next() & 31)) }
        }
        request(id, operation, payload, UInt32(form >> 3 & 3))
    }

    /// What may be a path, a token, a number, an entry, or a name.
    private mutating func word() -> [UInt8] {
        let choice = choices.next()
        switch choice & 7 {
        case 0...2:
            var path = ""
            for shift in 0...(choice >> 6) {
                path += "/" + ["a", "b", "c", "long-name"][Int(choice >> (3 + shift)) & 3]
            }
            return Array(path.utf8)
        case 3: return Array(["data", "@releaseDomain", "@introduceDomain", "@releaseDomain/1"][Int(choice >> 6)].utf8)
        case 4: return Array("\(choice >> 3)".utf8)
        case 5: return Array((["n", "r", "w", "b"][Int(choice >> 6)] + "\(choice >> 3 & 3)").utf8)
        case 6: return Array(["T", "F", "nodes", "/"][Int(choice >> 6)].utf8)
        default: return Array(repeating: UInt8(ascii: "x"), count: Int(choice) * 16)
        }
    }

    private mutating func request(
        _ id: ConnectionID, _ operation: XenstoreOperation, _ payload: [UInt8], _ transaction: UInt32
    ) {
        if payload.count > 4096 { return }
        let header = XenstoreHeader(operation, requestID: 7, transactionID: transaction)
        var effects: [Effect] = []
        open[id, default: 0] += 1
        core.handle(id, header, payload.span, now: now, into: &effects)
        act(on: effects)
    }

    private mutating func event(_ event: CoreEvent) {
        var effects: [Effect] = []
        core.event(event, now: now, into: &effects)
        act(on: effects)
    }

    private mutating func act(on effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .introduce(let domain, let port):
                event(.introduced(domain: domain, succeeded: machine.domains[domain] != nil && port % 5 != 4))
            case .control(let id, let payload):
                event(.controlled(id, payload.count % 2 == 0 ? .reply([79, 75, 0]) : .refused(.invalid)))
            default: break
            }
        }
    }

    private mutating func life() {
        let choice = choices.next()
        let domain = UInt16(1 + choice % 3)
        let unique = UInt64(choice >> 5) + 1
        switch choice >> 2 & 7 {
        case 0:
            machine.domains[domain] = nil
            event(.domainChanged(domain: domain, state: .dead(uniqueID: unique)))
        case 1: event(.domainChanged(domain: domain, state: .shutDown(uniqueID: unique)))
        case 2: event(.batchEnd)
        case 3: machine.domains[domain] = unique
        case 4: core.ring(of: domain).map { event(.connectionReset($0)) }
        case 5:
            event(.connectionClosed(sockets[1]))
            open[sockets[1]] = nil
            sockets[1] = core.openSocket()
        default: event(.domainChanged(domain: domain, state: .exists(uniqueID: unique)))
        }
    }

    private mutating func drain(_ choice: UInt8) {
        if let id = connection(choice) { drain(id) }
    }

    /// Everything that waits; a socket has then one reply for each of its requests, unless some are held back.
    private mutating func drain(_ id: ConnectionID) {
        var events = 0
        while let message = core.takeMessage(id) {
            core.messageSent(id)
            hold(message.count >= 16 && message.count <= 4112, "a message has a size that a message may have")
            if message[0] == 15 { events += 1 } else { open[id, default: 0] -= 1 }
        }
        hold(core.waiting(id) == (0, 0), "all is taken")
        if sockets.contains(id), core.mayRead(id, now: now) {
            hold(open[id, default: 0] == 0, "each request has one reply")
        }
    }
}
