// What fake-xapi is told: its options, and the lines of its control file.
// Not for: acting on them (Program.swift).

import FakeXAPI

/// The options.
struct FakeOptions {
    var socket = ""
    var blob: String?
    var state: String?
    var control: String?
    var log: String?
    var behaviour = Behaviour(.none)

    static let usage = """
        usage: fake-xapi --socket PATH [--blob FILE] [--state ok|update_available|update_on_boot|failure]
                         [--misbehave NAME] [--delay MILLISECONDS] [--control FILE] [--log FILE]
        Speaks to varstored as XAPI does, until SIGTERM. Writes "ready" to standard output when it listens.
          --blob FILE     holds EFI-variables as base64 text; not there: there are none. Read at each get_NVRAM,
                          written at each set.
          --state STATE   of the certificates; failure (the default): a toolstack from before 2026.
          --misbehave     for every call; --delay: before every answer.
          --control FILE  read before each call, if it is there. Lines: CALL|* NAME [MILLISECONDS]; the first that fits
                          says how the call is answered. A line "state STATE" sets the state.
          --log FILE      a line is added for each call, in order: its name and its parameters; a blob is blob:BYTES.
        NAME: \(Misbehaviour.names.joined(separator: " "))

        """

    /// nil: they are wrong.
    init?(_ words: [String]) {
        var words = words[...]
        while let name = words.popFirst() {
            guard let value = words.popFirst() else { return nil }
            switch name {
            case "--socket": socket = value
            case "--blob": blob = value
            case "--state": state = value == "failure" ? nil : value
            case "--control": control = value
            case "--log": log = value
            case "--misbehave":
                guard let misbehaviour = Misbehaviour(named: value) else { return nil }
                behaviour.misbehaviour = misbehaviour
            case "--delay":
                guard let delay = Int32(value), delay >= 0 else { return nil }
                behaviour.delayMilliseconds = delay
            default: return nil
            }
        }
        if socket.isEmpty { return nil }
    }
}

/// What a control file says.
struct ControlLines {
    var behaviours: [Behaviour] = []
    /// nil: nothing of it.
    var state: String?

    /// Lines that make no sense are given back for the log.
    init(_ text: String, wrong: (String) -> Void) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words.count == 2, words[0] == "state" {
                state = words[1]
            } else if words.count == 2 || words.count == 3, let misbehaviour = Misbehaviour(named: words[1]) {
                let delay = words.count == 3 ? Int32(words[2]) ?? 0 : 0
                let method = words[0] == "*" ? nil : words[0]
                behaviours.append(Behaviour(misbehaviour, for: method, delayMilliseconds: delay))
            } else {
                wrong(String(line))
            }
        }
    }
}
