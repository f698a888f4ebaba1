// The start, in the order of xenstored.md 14.3. Not for: serving (Daemon.swift).

internal import DaemonConfinement
internal import DaemonShell
internal import EventLoop
internal import ServerCalls
internal import SystemCalls
internal import XenABI
internal import XenLinux
internal import XenPlatform
internal import XenstoreCore
internal import XenstoreServer

/// Starts a daemon.
final class Start {
    /// Connections that may wait to be accepted. Source: xenstored.md 10.
    private static let backlog: Int32 = 128
    /// Descriptors that the daemon asks for, where it may.
    private static let descriptorCount: UInt64 = 65536

    let options: Options
    let paths: StorePaths
    private let parent: ParentProcess
    let log: DaemonLog

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
        if options.isLiveUpdate { return try goOn(pidFile) }
        let socket = try listen()
        let notice = makeNotice()
        do throws(StartEnd) {
            let daemon = try serve(socket, pidFile)
            try pidFile.complete()
            send(notice)
            tellReady()
            return daemon
        } catch {
            // Nobody is to wait there.
            try? removeFile(path: paths.socket)
            throw error
        }
    }

    private func serve(_ socket: consuming StreamSocket, _ pidFile: PIDFileOwner) throws(StartEnd) -> Daemon {
        let platform = try openXen()
        let domains = try findDomains(platform)
        let daemon = try makeDaemon(makeCore(domains), platform, domains, pidFile)
        do throws(StoreStartError) {
            try daemon.server.begin()
        } catch {
            throw .failed(error.description)
        }
        try serve(socket, daemon)
        return daemon
    }

    /// A daemon of a store, which serves nobody yet.
    func makeDaemon(
        _ core: XenstoreCore, _ platform: StorePlatform?, _ domains: DomainLookup, _ pidFile: PIDFileOwner
    ) throws(StartEnd) -> Daemon {
        let daemon: Daemon
        do throws(SystemError) {
            let loop = try EventLoop()
            let signals = try SignalDescriptor([.terminate, .interrupt, .hangUp, .user1])
            let server = StoreServer(core, loop: loop, log: log, platform: platform, domains: domains)
            daemon = Daemon(server, trace: TraceLog(server, directory: paths.library), signals: signals, log: log)
        } catch {
            throw .failed("\(error)")
        }
        daemon.pidFile = pidFile
        try openTrace(daemon.trace)
        daemon.metrics = openMetrics(daemon.server)
        daemon.commands.liveUpdate = options.isConfined ? ConfinedUpdate() : makeUpdate(daemon)
        return daemon
    }

    /// The last steps before clients are served.
    func serve(_ socket: consuming StreamSocket, _ daemon: Daemon) throws(StartEnd) {
        do throws(SystemError) {
            try daemon.server.listen(socket)
            try daemon.watchSignals()
        } catch {
            throw .failed("\(error)")
        }
        try confine()
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

    /// The endpoint of the metrics. The store is served without it too.
    private func openMetrics(_ server: StoreServer) -> MetricsEndpoint? {
        do throws(SystemError) {
            let endpoint = try MetricsEndpoint(try newSocket(paths.metrics), server: server)
            endpoint.rings = server
            return endpoint
        } catch {
            log.write(.warning, "xenstored", "no metrics: \(error)", [("socket", paths.metrics)])
            return nil
        }
    }

    /// A socket for root alone, in the place of whatever has that name.
    func newSocket(_ path: String) throws(SystemError) -> StreamSocket {
        do throws(SystemError) {
            try removeFile(path: path)
        } catch {
            if !error.isAbsence { throw error }
        }
        return try StreamSocket.listening(path: path, backlog: Self.backlog, permissions: 0o600)
    }

    private func listen() throws(StartEnd) -> StreamSocket {
        // The pid file is one's own choice; two stores on one host are nobody's.
        if (try? StreamSocket.connected(path: paths.socket)) != nil {
            throw .failed("\(paths.socket): another process serves it")
        }
        do throws(SystemError) {
            return try newSocket(paths.socket)
        } catch {
            throw .failed("\(paths.socket): \(error)")
        }
    }

    /// The trace log, which writes when there is a file.
    private func openTrace(_ trace: TraceLog) throws(StartEnd) {
        for text in options.traceSwitches {
            if let name = TraceSwitch(rawValue: String(text.dropFirst())) { trace.set(name, on: text.hasPrefix("+")) }
        }
        guard let path = options.tracePath else { return }
        do throws(SystemError) {
            try trace.open(path)
        } catch {
            throw .failed("--trace-file \(path): \(error)")
        }
    }

    // MARK: Store

    func openXen(inheritedEvents: Int32? = nil) throws(StartEnd) -> StorePlatform? {
        if options.isSocketOnly { return nil }
        do throws(XenError) {
            return try .xen(ownPort: options.ownPort.map { EventPort($0) }, inheritedEvents: inheritedEvents)
        } catch {
            let sentence = XenLinux.advice(for: error) ?? "\(error)"
            throw .failed("\(sentence) (--no-domain-init serves a socket without Xen)")
        }
    }

    /// Asks Xen for its domains. Source: xenstored.md 9.6, 14.3 (6).
    func findDomains(_ platform: StorePlatform?) throws(StartEnd) -> DomainLookup {
        let domains = DomainLookup(platform)
        guard platform != nil else { return domains }
        do throws(StoreStartError) {
            try domains.begin(storeDomain: options.storeDomain ?? 0)
        } catch {
            throw .failed(error.description)
        }
        if options.requiresDomainState, domains.isIndirect { throw .failed(DomainLookup.indirectText) }
        return domains
    }

    func makeCore(_ domains: DomainLookup) -> XenstoreCore {
        let core = XenstoreCore(
            controlDomain: options.controlDomain ?? domains.controlDomain ?? 0,
            storeDomain: options.storeDomain ?? domains.storeDomain ?? 0, keepsOrphans: options.keepsOrphans,
            lookUp: { domains.uniqueID(of: $0) })
        for setting in options.quotas { core.setDefaultQuota(setting.quota, to: setting.value) }
        return core
    }

    // MARK: Confinement

    private func confine() throws(StartEnd) {
        do throws(SystemError) {
            try options.giveUpRights()
        } catch {
            throw .failed("rights can't be given up: \(error)")
        }
        if options.isConfined {
            log.write(.information, "xenstored", "confined: other system calls are refused, and live update")
        }
    }

    // MARK: Readiness

    /// What tells the service manager, if there is one. A confined process may not make it.
    private func makeNotice() -> ReadinessNotice? {
        do throws(SystemError) {
            return try ReadinessNotice.prepared()
        } catch {
            logSilence(error)
            return nil
        }
    }

    /// Tells the service manager, which a live update does not. Source: xenstored.md 14.3 (9), 13.5.
    private func send(_ notice: borrowing ReadinessNotice?) {
        do throws(SystemError) {
            try notice?.send()
        } catch {
            logSilence(error)
        }
    }

    private func logSilence(_ error: SystemError) {
        log.write(.warning, "xenstored", "the service manager can't be told: \(error)")
    }

    /// The log is told, and the process that was started, which waits. Source: xenstored.md 14.3 (9).
    func tellReady() {
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

extension SystemError {
    /// ENOENT: there is nothing of that name.
    fileprivate var isAbsence: Bool { code == 2 }
}
