// Runs a transcript and says which line is wrong. Not for: rules.

import Testing
import XenstoreCore
import XenstoreWire

struct TranscriptError: Error, CustomStringConvertible {
    var description: String
}

/// Holds a conversation against the core, from the state that every row starts from.
@discardableResult
func verify(_ text: String, _ transcript: Transcript = .prepared()) throws -> Transcript {
    for line in text.split(separator: "\n") { try transcript.run(line: String(line)) }
    return transcript
}

extension Transcript {
    func run(line: String) throws {
        let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard let first = words.first else { return }
        let rest = words.count > 1 ? String(words[1]) : ""
        switch first.last {
        case ">": request(String(first.dropLast()), rest)
        case "<": try expect(String(first.dropLast()), "<", bytes(rest), line)
        case "!":
            let parts = rest.split(separator: " ").map(String.init)
            let event = bytes(parts[0]) + [0] + bytes(parts.count > 1 ? parts[1] : "t") + [0]
            try expect(String(first.dropLast()), "!", event, line)
        case ".":
            let left = drain(String(first.dropLast()))
            if !left.isEmpty { throw TranscriptError(description: "\(line): \(left) waits") }
        default: try command(String(first), rest, line)
        }
    }

    private func request(_ who: String, _ text: String) {
        let parts = who.split(separator: ":")
        send(String(parts[0]), parts.count > 1 ? UInt32(parts[1]) ?? 0 : 0, text)
    }

    private func expect(_ who: String, _ kind: Character, _ expected: [UInt8], _ line: String) throws {
        guard let found = take(who) else { throw TranscriptError(description: "\(line): nothing came") }
        var text = found.text
        if expected.starts(with: Array("gen".utf8)), let end = text.firstIndex(of: 0), end > 0 {
            text = Array("gen".utf8) + text[end...]
        }
        if found.kind != kind || text != expected {
            throw TranscriptError(description: "\(line): came \(found.kind) \(shown(text))")
        }
    }

    private func command(_ first: String, _ rest: String, _ line: String) throws {
        let words = rest.split(separator: " ").map(String.init)
        switch first {
        case "Xen": xen(words[0], UInt16(words[1]) ?? 0)
        case "batch": event(.batchEnd)
        case "time": tick(UInt64(rest) ?? 0)
        case "close": close(rest)
        case "reset": if let id = client(rest) { event(.connectionReset(id)) }
        case "owns": try hold(core.nodeCount(of: UInt16(words[0]) ?? 0), Int(words[1]) ?? -1, line)
        case "reads", "rests":
            let mayRead = client(rest).map { core.mayRead($0, now: now) } ?? false
            try hold(mayRead ? 1 : 0, first == "reads" ? 1 : 0, line)
        default:
            guard words.first == "waits", let id = client(first) else {
                throw TranscriptError(description: "\(line): not understood")
            }
            try hold(core.waiting(id).events, Int(words[1]) ?? -1, line)
        }
    }

    private func hold(_ found: Int, _ expected: Int, _ line: String) throws {
        if found != expected { throw TranscriptError(description: "\(line): is \(found)") }
    }

    private func xen(_ what: String, _ domain: UInt16) {
        let id = machine.domains[domain] ?? 0
        switch what {
        case "dead":
            machine.domains[domain] = nil
            event(.domainChanged(domain: domain, state: .dead(uniqueID: id)))
        case "dying": event(.domainChanged(domain: domain, state: .dying(uniqueID: id)))
        case "shutdown": event(.domainChanged(domain: domain, state: .shutDown(uniqueID: id)))
        case "gone":
            machine.domains[domain] = nil
            event(.domainChanged(domain: domain, state: .absent))
        default:
            machine.lastUniqueID += 1
            machine.domains[domain] = machine.lastUniqueID
            if what == "new" {
                event(.domainChanged(domain: domain, state: .exists(uniqueID: machine.lastUniqueID)))
            }
        }
    }
}
