// A conversation with the core as text, one message a line, so that a row of the specification is a few lines:
//
//     S> READ /pub|            a request; `|` is a NUL, `\00` a byte, `{x*20}` twenty times x
//     S:1> READ /pub|          the same in transaction 1
//     S< pub                   the next message of that client is this reply (or this refusal, by its name)
//     S! /pub t                the next message is this event
//     S.                       no message waits
//     S waits 3                so many events wait
//     gen                      in a reply: a number up to the next `|`
//
// Clients: S, S1, S2... are sockets, D0 the control domain's ring, D1, D2... rings of guests. Xen and time:
//
//     Xen dead 1 | Xen dying 1 | Xen shutdown 1 | Xen new 1 | Xen starts 9 | Xen gone 1 | batch
//     time 20 | close S1 | reset D1 | owns 1 3 | reads D1 | rests D1
//
// Not for: rules; the suites have those.

import Testing
import XenstoreCore
import XenstoreWire

/// A core, its clients, and a hypervisor of a few lines.
final class Transcript {
    /// Domains that exist, with their unique numbers.
    final class Machine {
        var domains: [UInt16: UInt64] = [1: 101, 2: 102, 3: 103, 4: 104, 5: 105, 6: 106, 7: 107]
        var lastUniqueID: UInt64 = 200
    }

    let machine: Machine
    let core: XenstoreCore
    var clients: [String: ConnectionID] = [:]
    var now: UInt64 = 1000
    var effects: [Effect] = []
    private var lastRequest: UInt32 = 0

    init(keepsOrphans: Bool = false) {
        let machine = Machine()
        self.machine = machine
        core = XenstoreCore(keepsOrphans: keepsOrphans) { machine.domains[$0] }
    }

    /// With a core that took over another one's state, and its clients (xenstored.md 13).
    init(_ core: XenstoreCore, _ machine: Machine, clients: [String: ConnectionID], now: UInt64) {
        self.core = core
        self.machine = machine
        self.clients = clients
        self.now = now
    }

    /// The state that every row starts from (xenstored.md 18).
    static func prepared(keepsOrphans: Bool = false) -> Transcript {
        let transcript = Transcript(keepsOrphans: keepsOrphans)
        var setup: [String] = []
        for domain in 1...3 {
            setup += ["INTRODUCE \(domain)|1|1|", "WRITE /local/domain/\(domain)|"]
            setup += ["SET_PERMS /local/domain/\(domain)|n0|r\(domain)|", "WRITE /local/domain/\(domain)/data|"]
            setup += ["SET_PERMS /local/domain/\(domain)/data|n\(domain)|"]
        }
        setup += ["WRITE /pub|pub", "SET_PERMS /pub|r0|", "WRITE /sec|sec", "SET_PERMS /sec|n0|"]
        setup += ["WRITE /drop|", "SET_PERMS /drop|b0|"]
        for line in setup { transcript.send("setup", 0, line) }
        transcript.close("setup")
        return transcript
    }

    func client(_ name: String) -> ConnectionID? {
        if let id = clients[name] { return id }
        if name.first == "D", let domain = UInt16(name.dropFirst()) {
            if domain != 0 { return core.ring(of: domain) }
            clients[name] = core.openControlRing()
        } else {
            clients[name] = core.openSocket()
        }
        return clients[name]
    }

    func send(_ name: String, _ transaction: UInt32, _ text: String) {
        let space = text.firstIndex(of: " ") ?? text.endIndex
        let rest = space == text.endIndex ? [] : bytes(String(text[text.index(after: space)...]))
        send(name, transaction, operation(String(text[..<space])), rest)
    }

    func send(_ name: String, _ transaction: UInt32, _ operation: XenstoreOperation, _ payload: [UInt8]) {
        guard let id = client(name) else { return }
        lastRequest += 1
        let header = XenstoreHeader(
            operation, requestID: lastRequest, transactionID: transaction, payloadByteCount: UInt32(payload.count))
        var new: [Effect] = []
        core.handle(id, header, payload.span, now: now, into: &new)
        act(on: new)
    }

    /// Plays the daemon: rings of domains that exist can be mapped; CONTROL is answered `OK`.
    func act(on new: [Effect]) {
        effects += new
        for effect in new {
            switch effect {
            case .introduce(let domain, _):
                event(.introduced(domain: domain, succeeded: machine.domains[domain] != nil))
            case .control(let id, let payload):
                let isPrint = payload.starts(with: Array("print".utf8))
                event(.controlled(id, isPrint ? .reply(Array("OK\0".utf8)) : .refused(.invalid)))
            default: break
            }
        }
    }

    func event(_ event: CoreEvent) {
        var new: [Effect] = []
        core.event(event, now: now, into: &new)
        act(on: new)
    }

    func tick(_ milliseconds: UInt64) {
        now += milliseconds
        var new: [Effect] = []
        core.tick(now: now, into: &new)
        act(on: new)
    }

    func close(_ name: String) {
        if let id = clients.removeValue(forKey: name) { event(.connectionClosed(id)) }
    }

    /// The next message, as the notation has it; nil when none waits.
    func take(_ name: String) -> (kind: Character, text: [UInt8])? {
        guard let id = client(name), let message = core.takeMessage(id) else { return nil }
        core.messageSent(id)
        guard let header = XenstoreHeader(from: message.span) else { return nil }
        let payload = Array(message[16...])
        switch header.operation {
        case .error: return ("<", Array(payload.dropLast()))
        case .watchEvent: return ("!", payload)
        default: return ("<", payload)
        }
    }

    /// All messages that wait, shortened for a reader.
    func drain(_ name: String) -> [String] {
        var texts: [String] = []
        while let message = take(name) { texts.append("\(message.kind) \(shown(message.text))") }
        return texts
    }
}

func shown(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.prefix(200).map { $0 == 0 ? UInt8(ascii: "|") : $0 }, as: UTF8.self)
}

func operation(_ name: String) -> XenstoreOperation {
    for number in 0..<XenstoreOperation.numberEnd {
        let operation = XenstoreOperation(rawValue: number)
        if "\(operation.name)" == name { return operation }
    }
    return XenstoreOperation(rawValue: UInt32(name) ?? .max)
}

/// Bytes of a payload in the notation.
func bytes(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text[...]
    while let character = rest.popFirst() {
        switch character {
        case "|": result.append(0)
        case "\\":
            result.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        case "{":
            let end = rest.firstIndex(of: "}") ?? rest.endIndex
            let parts = rest[..<end].split(separator: "*")
            for _ in 0..<(Int(parts[1]) ?? 0) { result += bytes(String(parts[0])) }
            rest = rest[end...].dropFirst()
        default: result += Array(String(character).utf8)
        }
    }
    return result
}
