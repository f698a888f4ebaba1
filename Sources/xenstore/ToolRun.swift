// One run of one of the C tools: options, connection, transaction, exit status.
// Not for: what the tool does.

internal import SystemCalls
internal import XenstoreClient

/// Runs a mode.
struct ToolRun {
    let mode: ToolMode
    let call: ToolCall
    let console: Console

    /// Does it all. Answers the exit status.
    func run() -> Int32 {
        do throws(ToolFailure) {
            try act()
            console.flush()
            return 0
        } catch {
            if let message = error.message { console.warn(message) }
            console.flush()
            return 1
        }
    }

    private func act() throws(ToolFailure) {
        let options = ToolOptions(
            call.arguments, program: call.optionName, operandsLast: environmentVariable("POSIXLY_CORRECT") != nil)
        let settings = try settings(options.words)
        if !mode.takes(operandCount: options.operands.count) { throw usage }
        let client: XenstoreClient
        do throws(XenstoreError) {
            client = try ToolSession.connect(socketsOnly: settings.usesSocketsOnly)
        } catch {
            throw ToolFailure("xs_open: \(error.words)")
        }
        let operands = options.operands
        if isOneRequest(operands.count) {
            try act(operands, settings, ToolSession(client: client, transaction: nil))
        } else {
            try ToolSession.transaction(client, console) { session throws(ToolFailure) in
                try act(operands, settings, session)
            }
        }
    }

    /// What is one request is no transaction; nor is what takes its time.
    private func isOneRequest(_ operandCount: Int) -> Bool {
        switch mode {
        case .ls, .watch: true
        case .read: operandCount == 1
        case .write: operandCount == 2
        default: false
        }
    }

    private func settings(_ words: [ToolWord]) throws(ToolFailure) -> ToolSettings {
        var settings = ToolSettings()
        for word in words {
            switch word {
            case .complaint(let text): console.complain(text)
            case .option(let letter, let value):
                guard mode.letters.utf8.contains(letter) else { throw usage }
                settings.take(letter, value)
            }
        }
        return settings
    }

    private var usage: ToolFailure { ToolFailure("Usage: ", call.usageName, " \(mode.usage)") }

    private func act(
        _ operands: [[UInt8]], _ settings: ToolSettings, _ session: ToolSession
    ) throws(ToolFailure) {
        let keys = KeyCommands(settings: settings, console: console)
        switch mode {
        case .read: try keys.read(operands, session)
        case .write: try keys.write(operands, session)
        case .list: try keys.list(operands, session)
        case .exists: try keys.exists(operands, session)
        case .rm: try keys.remove(operands, session)
        case .chmod: try PermissionCommand(settings: settings).run(operands, session)
        case .watch: try WatchCommand(settings: settings, console: console).run(operands, session)
        case .ls:
            let look = TreeLook(
                isFlat: settings.isFlat, showsPermissions: settings.prefixes,
                terminalColumns: TerminalSize.ofOutput()?.columns)
            for path in operands.isEmpty ? [[UInt8(ascii: "/")]] : operands {
                try ListCommand(look: look, console: console).show(path, session)
            }
        }
    }
}
