// `xenstore-control`: a command to the server itself, and the steps of a live update (xenstored.md 12, 13.5).
// Not for: what the commands are; the server knows.

internal import SystemCalls
internal import XenstoreClient
internal import XenstoreWire

/// Why a command has come to nothing: the text, and the exit status.
struct ControlFailure: Error, Equatable {
    /// What is told; with its own newline.
    var message: [UInt8]
    /// 1: no server, 2: a wrong call, 3: refused.
    var status: Int32

    init(_ status: Int32, _ text: String, _ bytes: [UInt8] = [], _ after: String = "") {
        message = Array(text.utf8) + bytes + Array(after.utf8)
        self.status = status
    }
}

/// Gives the server commands.
struct ControlCommand {
    let call: ToolCall
    let console: Console

    /// Does it all. Answers the exit status.
    func run() -> Int32 {
        do throws(ControlFailure) {
            if call.arguments.isEmpty { throw ControlFailure(2, "Usage:\n", call.usageName, " <command> [<arg>...]") }
            let client: XenstoreClient
            do throws(XenstoreError) {
                client = try ToolSession.connect(socketsOnly: false)
            } catch {
                throw ControlFailure(1, "Failed to contact Xenstored.")
            }
            if call.arguments[0] == Array("live-update".utf8) {
                try LiveUpdateCommand(Array(call.arguments.dropFirst())).run(client)
            } else {
                try give(client)
            }
            console.flush()
            return 0
        } catch {
            console.complain(error.message)
            return error.status
        }
    }

    private func give(_ client: XenstoreClient) throws(ControlFailure) {
        do throws(XenstoreError) {
            let answer = try client.control(call.arguments.map(ToolSession.text))
            if let text = Self.shown(answer) { console.write(text + [0x0A]) }
        } catch {
            if error != .refused(.invalid) {
                throw ControlFailure(3, "Error \(error.errno) when trying to execute command.")
            }
            guard let help = try? client.control(["help"]), let text = Self.shown(help) else {
                throw ControlFailure(3, "Error when executing command.")
            }
            throw ControlFailure(3, "Command not supported. Valid commands are:\n", text)
        }
    }

    /// An answer up to its first NUL; nil when that is nothing.
    static func shown(_ answer: [UInt8]) -> [UInt8]? {
        let text = Array(answer.prefix { $0 != 0 })
        return text.isEmpty ? nil : text
    }
}

/// `live-update PROGRAM [-c ARGUMENTS] [-t SECONDS] [-F]`: three commands, and a fourth when one of them fails.
struct LiveUpdateCommand {
    private var program: [UInt8]?
    private var commandLine: [UInt8]?
    private var seconds: UInt32 = 60
    private var isForced = false

    /// Reads what is behind the word.
    init(_ words: [[UInt8]]) throws(ControlFailure) {
        var rest = words[...]
        while let word = rest.popFirst() {
            switch String(decoding: word, as: UTF8.self) {
            case "-c":
                guard let value = rest.popFirst() else { throw ControlFailure(2, "Missing command line value") }
                commandLine = value
            case "-t":
                guard let value = rest.popFirst() else { throw ControlFailure(2, "Missing timeout value") }
                seconds = UInt32(bitPattern: ValueText.number(value))
            case "-F": isForced = true
            default: program = word
            }
        }
        if program == nil { throw ControlFailure(2, "Missing binary specification") }
    }

    /// Names the program and its arguments, and starts the update; a busy server is asked again after a pause.
    func run(_ client: XenstoreClient, pauseMilliseconds: Int32 = 1000) throws(ControlFailure) {
        try step(client, "Setting update binary failed:\n", ends: false, [Array("-f".utf8), program ?? []])
        if let commandLine {
            try step(client, "Setting update binary failed:\n", ends: true, [Array("-c".utf8), commandLine])
        }
        let start = [Array("-s".utf8), Array("-t".utf8), Array("\(seconds)".utf8)]
        let words = isForced ? start + [Array("-F".utf8)] : start
        let end = MonotonicTime.now.nanoseconds + UInt64(seconds) * 1_000_000_000
        var answer = Array("BUSY".utf8)
        // A server that can't begin yet says so.
        while answer == Array("BUSY".utf8), MonotonicTime.now.nanoseconds < end {
            answer = Self.answer(client, words)
            if answer == Array("BUSY".utf8) { MonotonicTime.now.advanced(byMilliseconds: pauseMilliseconds).sleep() }
        }
        try check(client, answer, "Starting live update failed:\n", ends: true)
    }

    private func step(
        _ client: XenstoreClient, _ text: String, ends: Bool, _ words: [[UInt8]]
    ) throws(ControlFailure) {
        try check(client, Self.answer(client, words), text, ends: ends)
    }

    /// Whether a step was taken; when not, `ends`: what was begun is given up.
    private func check(
        _ client: XenstoreClient, _ answer: [UInt8], _ text: String, ends: Bool
    ) throws(ControlFailure) {
        if answer == Array("OK".utf8) { return }
        if ends { _ = Self.answer(client, [Array("-a".utf8)]) }
        throw ControlFailure(3, text, answer)
    }

    private static func answer(_ client: XenstoreClient, _ words: [[UInt8]]) -> [UInt8] {
        do throws(XenstoreError) {
            let answer = try client.control(["live-update"] + words.map(ToolSession.text))
            return Array(answer.prefix { $0 != 0 })
        } catch {
            return Array(error.words.utf8)
        }
    }
}
