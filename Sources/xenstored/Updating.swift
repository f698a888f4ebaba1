// A start that goes on where another process was, and the command that leads to it. Source: xenstored.md 13.5.
// Not for: the hand-over (XenstoreServer), the state (XenstoreCore).

internal import DaemonShell
internal import ServerCalls
internal import SystemCalls
internal import XenPlatform
internal import XenstoreCore
internal import XenstoreServer

extension Start {
    /// The command `live-update`.
    func makeUpdate(_ daemon: Daemon) -> LiveUpdate {
        let trace = daemon.trace
        return LiveUpdate(
            daemon.server, stateFile: paths.stateFile, arguments: Array(CommandLine.arguments.dropFirst()),
            prepare: { trace.flush() })
    }

    /// Reads the state before anything is touched, then serves all that it names. No readiness is told again.
    func goOn(_ pidFile: PIDFileOwner) throws(StartEnd) -> Daemon {
        let bytes = try stateBytes()
        let descriptors = try descriptors(bytes)
        let platform = try openXen(inheritedEvents: descriptors.events)
        let domains = try findDomains(platform)
        let core = makeCore(domains)
        var effects: [Effect] = []
        let state: RestoredState
        do throws(StateError) {
            state = try core.restore(bytes, now: MonotonicTime.now.nanoseconds / 1_000_000, into: &effects)
        } catch {
            throw .failed("\(error)")
        }
        let daemon = try makeDaemon(core, platform, domains, pidFile)
        do throws(StoreStartError) {
            try daemon.server.watchEvents()
        } catch {
            throw .failed(error.description)
        }
        daemon.server.takeOver(state, effects)
        try serve(try inheritedSocket(descriptors.listening), daemon)
        try? removeFile(path: paths.stateFile)
        try pidFile.complete()
        tellReady()
        return daemon
    }

    private func stateBytes() throws(StartEnd) -> [UInt8] {
        do throws(StateFileError) {
            return try readState(paths.stateFile)
        } catch {
            throw .failed(error.text)
        }
    }

    /// The descriptors that the state names, which are needed before it can be restored.
    private func descriptors(_ bytes: [UInt8]) throws(StartEnd) -> (listening: Int32?, events: Int32?) {
        do throws(StateError) {
            var reader = try StateReader(bytes)
            while let record = try reader.next() {
                guard case .global(let listening, let events) = record else { continue }
                return (listening < 0 ? nil : listening, events < 0 ? nil : events)
            }
            return (nil, nil)
        } catch {
            throw .failed("\(error)")
        }
    }

    /// The listening socket; a new one when there was none.
    private func inheritedSocket(_ number: Int32?) throws(StartEnd) -> StreamSocket {
        do throws(SystemError) {
            guard let number else { return try newSocket(paths.socket) }
            return StreamSocket(owning: try OwnedDescriptor.inherited(number))
        } catch {
            throw .failed("\(paths.socket): \(error)")
        }
    }
}

extension Program {
    /// Tells what a state file says, on standard output; status 1 when it is refused.
    static func checkState(_ options: Options, _ path: String) -> Int32 {
        // Who asks has named all domains that there are.
        StateTrial.report(
            path, controlDomain: options.controlDomain ?? 0, storeDomain: options.storeDomain ?? 0, lookUp: { _ in 0 },
            tell: { text -> Int32 in exitProgram(max(say(text + "\n"), text.hasPrefix("refused") ? 1 : 0)) })
    }
}
