// The hand-over: the state written, tried, and another program in this one's place; or all as it was before
// (xenstored.md 13.5, steps 3 to 6).
// Not for: when that is done (LiveUpdate), the other side (StoreServer+TakeOver).

internal import DaemonShell
internal import DaemonCalls
internal import SystemCalls
internal import XenstoreCore

/// Why there is no hand-over, as a sentence.
private struct HandOverError: Error {
    var text: String

    init(_ text: String) { self.text = text }
    init(_ what: String, _ error: SystemError) { text = "\(what): \(error)" }
}

extension LiveUpdate {
    /// Milliseconds that trying the state may take.
    private static var trialMilliseconds: Int32 { 10_000 }

    /// Comes back only when it could not be done.
    func handOver() {
        guard let session, let asker = session.asker else { return }
        server.log.write(.information, "live-update", "begins", [("file", session.file)])
        server.stopReading()
        do throws(HandOverError) {
            try handOver(session, asker)
        } catch {
            server.goOn()
            fail(error.text)
        }
    }

    private func handOver(_ session: Session, _ asker: ConnectionID) throws(HandOverError) {
        server.settle()
        // Those that were waited for in vain (-F).
        if !session.isCorbel { server.endTransactions() }
        let outline = outline(session, asker)
        try writeState(outline)
        do throws(HandOverError) {
            let arguments = session.arguments ?? ownArguments
            try tryState(session, arguments, clientCount: outline.clients.count)
            try become(session, arguments + (arguments.contains(where: Self.isUpdate) ? [] : ["-U"]), outline)
        } catch {
            try? removeFile(path: stateFile)
            throw error
        }
    }

    private static func isUpdate(_ argument: String) -> Bool { argument == "-U" || argument == "--live-update" }

    // MARK: The state

    private func outline(_ session: Session, _ asker: ConnectionID) -> StateOutline {
        var outline = server.stateOutline
        outline.format = format
        outline.asker = asker
        outline.carriesTransactions = session.isCorbel
        return outline
    }

    private func writeState(_ outline: StateOutline) throws(HandOverError) {
        let bytes: [UInt8]
        do throws(StateError) {
            bytes = try server.core.snapshot(outline, now: server.now)
        } catch {
            throw HandOverError("\(error)")
        }
        try? removeFile(path: stateFile)
        do throws(SystemError) {
            let file = try OwnedDescriptor.open(
                path: stateFile, .write, [.create, .exclusive, .noFollow], permissions: 0o600)
            try file.writeAll(bytes.span)
        } catch {
            try? removeFile(path: stateFile)
            throw HandOverError("The state can't be written to \(stateFile)", error)
        }
    }

    /// Has the state read by another process and compares what that has found: by the program itself when it is
    /// Corbel's, by a copy of this one when it can't be asked.
    private func tryState(_ session: Session, _ arguments: [String], clientCount: Int) throws(HandOverError) {
        let core = server.core
        var found: [UInt8]?
        let expected: StateSummary
        do throws(SystemError) {
            let child: ChildProcess
            if session.isCorbel {
                let domains = ["--priv-domid", "\(core.controlDomain)", "--master-domid", "\(core.storeDomain)"]
                child = try .start(path: session.file, arguments: arguments + domains + ["--check-state", stateFile])
            } else {
                child = try .copy { Array(StateTrial.report(stateFile, core).utf8) }
            }
            // Both count at the same time.
            expected = core.stateSummary(clientCount: clientCount)
            found = try child.wholeOutput(byteCountMax: 4096, milliseconds: Self.trialMilliseconds)
        } catch {
            throw HandOverError("The state can't be tried", error)
        }
        guard let found else { throw HandOverError("The state was not read within ten seconds.") }
        let text = String(decoding: found.filter { (0x20...0x7e).contains($0) }.prefix(1000), as: UTF8.self)
        if text == "\(expected)" { return }
        if text.isEmpty { throw HandOverError("The program refuses the state, and does not say why.") }
        throw HandOverError("The state was not read as it is: \(text); should be \(expected)")
    }

    // MARK: The program

    /// Comes back only by throwing, with all set back.
    private func become(_ session: Session, _ arguments: [String], _ outline: StateOutline) throws(HandOverError) {
        var numbers = outline.clients.compactMap { client -> Int32? in
            if case .socket(let number) = client.transport { return number }
            return nil
        }
        numbers += [outline.listening, outline.events].filter { $0 >= 0 }
        defer { for number in numbers { try? setInherited(descriptor: number, false) } }
        do throws(SystemError) {
            for number in numbers { try setInherited(descriptor: number, true) }
        } catch {
            throw HandOverError("A descriptor can't be handed on", error)
        }
        prepare()
        server.releaseInterrupt()
        let error = becomeProgram(path: session.file, arguments: arguments, keepsSignals: session.isCorbel)
        server.bindInterruptAgain()
        throw HandOverError("The program can't be executed", error)
    }
}
