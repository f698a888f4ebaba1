// The start, in the order of xenstored.md 14.3. Not for: serving (Daemon.swift).

internal import DaemonConfinement
internal import DaemonShell
internal import EventLoop
internal import ServerCalls
internal import SystemCalls
internal import XenstoreCore
internal import XenstoreServer

/// Starts a daemon.
final class Start {
    /// Connections that may wait to be accepted. Source: xenstored.md 10.
    private static let backlog: Int32 = 128
    /// Descriptors that the daemon asks for, where it may.
    private static let descriptorCount: UInt64 = 65536
    /// Domains are below this number. Source: xenstored.md 14.1, `-D`.
    private static let firstReservedDomain: UInt16 = 0x7FF0

    private let options: Options
    private let paths: StorePaths
    private let parent: ParentProcess
    private let log: DaemonLog

    init(_ options: Options, _ paths: StorePaths, _ parent: ParentProcess, _ log: DaemonLog) {
        self.options = options
        self.paths = paths
        self.parent = parent
        self.log = log
    }

    /// Goes through all steps. What it answers serves, but for the loop, which its caller runs.
    func run() throws(StartEnd) -> Daemon {
        let pidFile = try PIDFileOwner(options.pidFilePath)
        allowDescriptors()
        if options.printsProcessID { try? StandardStream.output.write("\(processID)\n") }
        makeRunDirectory()
        let socket = try listen()
        let loop: EventLoop
        let signals: SignalDescriptor
        do throws(SystemError) {
            loop = try EventLoop()
            signals = try SignalDescriptor([.terminate, .interrupt, .hangUp, .user1])
        } catch {
            throw .failed("no event loop: \(error)")
        }
        let server = StoreServer(makeCore(), loop: loop, log: log, platform: nil)
        let trace = try openTrace(of: server)
        let daemon = Daemon(server, trace: trace, signals: signals, pidFile: pidFile, log: log)
        do throws(StoreStartError) {
            try server.begin()
        } catch {
            throw .failed(error.description)
        }
        do throws(SystemError) {
            try server.listen(socket)
            try daemon.watchSignals()
        } catch {
            throw .failed("\(error)")
        }
        try pidFile.complete()
        tellReady()
        return daemon
    }

    // MARK: Files

    /// As many connections as the host allows.
    private func allowDescriptors() {
        if let limits = try? LimitedResource.descriptorCount.limits(), limits.atMost < Self.descriptorCount {
            // Refused to who is not root.
            try? LimitedResource.descriptorCount.limit(to: Self.descriptorCount)
        }
        raiseDescriptorLimit()
    }

    /// When it can't be made, binding the socket in it says why.
    private func makeRunDirectory() {
        do throws(SystemError) {
            try makeDirectory(path: paths.runDirectory, permissions: 0o755)
            // Whatever the mask is.
            try OwnedDescriptor.open(path: paths.runDirectory, .read, .directory).setPermissions(0o755)
        } catch {
            return
        }
    }

    private func listen() throws(StartEnd) -> StreamSocket {
        // The pid file is one's own choice; two stores on one host are nobody's.
        if (try? StreamSocket.connected(path: paths.socket)) != nil {
            throw .failed("\(paths.socket): another process serves it")
        }
        do throws(SystemError) {
            try? removeFile(path: paths.socket)
            return try StreamSocket.listening(path: paths.socket, backlog: Self.backlog, permissions: 0o600)
        } catch {
            throw .failed("\(paths.socket): \(error)")
        }
    }

    /// The trace log, which writes when there is a file.
    private func openTrace(of server: StoreServer) throws(StartEnd) -> TraceLog {
        let trace = TraceLog(server, directory: paths.library)
        for text in options.traceSwitches {
            if let name = TraceSwitch(rawValue: String(text.dropFirst())) { trace.set(name, on: text.hasPrefix("+")) }
        }
        guard let path = options.tracePath else { return trace }
        do throws(SystemError) {
            try trace.open(path)
        } catch {
            throw .failed("--trace-file \(path): \(error)")
        }
        return trace
    }

    // MARK: Store

    private func makeCore() -> XenstoreCore {
        let core = XenstoreCore(
            controlDomain: options.controlDomain ?? 0, storeDomain: options.storeDomain ?? 0,
            keepsOrphans: options.keepsOrphans, lookUp: { $0 < Self.firstReservedDomain ? 0 : nil })
        for quota in options.quotas where !core.setDefaultQuota(quota.name, to: quota.value) {
            log.write(.warning, "xenstored", "there is no such quota", [("name", quota.name)])
        }
        return core
    }

    // MARK: Readiness

    /// Who waits is told: the service manager, and the process that was started. Source: xenstored.md 14.3 (9), 13.5.
    private func tellReady() {
        if !options.isLiveUpdate {
            do throws(SystemError) {
                _ = try ReadinessNotice.send()
            } catch {
                log.write(.warning, "xenstored", "the service manager can't be told: \(error)")
            }
        }
        log.write(
            .information, "xenstored", "ready",
            [("version", version), ("pid", "\(processID)"), ("socket", paths.socket)])
        parent.end(status: 0)
    }
}

/// The pid file, while the process lives.
final class PIDFileOwner {
    private var file: PIDFile?

    /// Locks it.
    init(_ path: String?) throws(StartEnd) {
        guard let path else { return }
        do throws(PIDFileError) {
            file = try PIDFile.locked(path: path)
        } catch {
            switch error {
            case .inUse: throw .alreadyRunning("\(error)")
            case .system: throw .failed("--pid-file: \(error)")
            }
        }
    }

    /// Writes the number: who waits for it finds a daemon that serves.
    func complete() throws(StartEnd) {
        do throws(SystemError) {
            try file?.write()
        } catch {
            throw .failed("the pid file: \(error)")
        }
    }
}
