// The start, in the order of varstored.md 12.2. What it has made is undone when a later step fails.
// Not for: what is loaded (Loading.swift), serving (Serving.swift).

internal import DaemonConfinement
internal import DaemonShell
internal import EventLoop
internal import SystemCalls
internal import UEFIAuthentication
internal import UEFIVariables
internal import VariableBackends
internal import VariableService
internal import XenABI
internal import XenDeviceModel
internal import XenLinux
internal import XenPlatform

/// Starts a daemon.
final class Start {
    /// A write of the start takes this long at most, in milliseconds. Source: varstored.md 13.4.
    private static let writeMilliseconds: Int32 = 10_000

    private let options: Options
    private let stop: StopSignals
    private let log: DaemonLog
    private let loop: EventLoop
    private let authenticator = PKCS7Verifier()

    init(_ options: Options, _ stop: StopSignals, _ log: DaemonLog) throws(StartEnd) {
        self.options = options
        self.stop = stop
        self.log = log
        do throws(SystemError) {
            loop = try EventLoop()
        } catch {
            throw .failed("no event loop: \(error)")
        }
    }

    /// Goes through all steps. What it answers serves, but for the loop, which its caller runs.
    func run() throws(StartEnd) -> Serving {
        let hypervisor = try chooseHypervisor()
        let domain = try openDomain(on: hypervisor)
        let device = VariableDevice(domain: domain, loop: loop, log: log)
        let server = try startServer(domain, device)
        try checkStop()

        var host = HostFiles()
        if !options.resumes {
            host.keys = try HostFiles.keys(in: options.authDirectory, requiresPKOnly: options.requiresPKOnly)
            if case .xapidb = options.backend {
                host.certificates = HostFiles.certificates(in: HostFiles.certificateDirectory)
            }
        }
        let xenstore = try HostXenstore(options, on: hypervisor, log)
        let settings = try xenstore.settings()
        tell(settings)
        if options.isReadyEarly {
            try xenstore.tellReady()
            xenstore.close()
        }
        try checkStop()

        let storage = try confine(on: hypervisor)
        let loaded = try load(host, settings, storage)
        log.write(
            .information, "variables", options.resumes ? "resumed" : "loaded",
            [("records", "\(loaded.recordCount)"), ("quarantined", "\(loaded.quarantineCount)")])
        let backend = loaded.unkept.map { OriginalFirst(storage.backend, original: $0, place: storage.quarantine, log) }
        device.start(
            loaded.services, authenticator, backend: backend ?? storage.backend, confirmed: loaded.confirmed,
            mayDiffer: loaded.mayDiffer)
        try checkStop()
        if !options.isReadyEarly { try xenstore.tellReady() }
        xenstore.close()
        return Serving(server, device: device, stop: stop, loop: loop, log: log, save: storage.save)
    }

    /// A TERM before the loop: the end, without saving. Source: varstored.md 12.2.
    private func checkStop() throws(StartEnd) {
        if stop.received != nil { throw .stopped }
    }

    // MARK: Xen

    private func chooseHypervisor() throws(StartEnd) -> HypervisorChoice {
        if let choice = options.hypervisor { return choice }
        do throws(HypervisorError) {
            return try HypervisorChoice.choose(option: nil)
        } catch {
            throw .failed("CORBEL_HYPERVISOR: \(error)")
        }
    }

    private func openDomain(on hypervisor: HypervisorChoice) throws(StartEnd) -> DeviceModelDomain {
        let platform: Platform
        do throws(HypervisorError) {
            platform = try hypervisor.open()
        } catch {
            throw .failed("\(error)")
        }
        do throws(XenError) {
            return try platform.domain(DomainID(options.domain), restricted: true)
        } catch {
            throw .failed(sentence(for: error))
        }
    }

    /// From here on accesses of the guest wait for us.
    private func startServer(
        _ domain: DeviceModelDomain, _ device: VariableDevice
    ) throws(StartEnd) -> IOREQServer<ServerState.Serving> {
        do throws(XenError) {
            let server = try domain.makeIOREQServer(buffered: .off).mapPages()
                .claim(.ports(VariableDevice.ports), for: device).enable()
            var fields = [("domain", "\(options.domain)"), ("ioreq-server", "\(server.id.rawValue)")]
            if let count = try? domain.vcpuCount() { fields.append(("vcpus", "\(count)")) }
            log.write(.information, "xen", "serving ports 0x100-0x10b", fields)
            return server
        } catch {
            throw .failed(sentence(for: error))
        }
    }

    private func sentence(for error: XenError) -> String {
        switch error.code {
        case .esrch: "there is no domain \(options.domain), or it is being torn down (\(error))"
        case .eperm: "not allowed to serve domain \(options.domain): its own domain, or no privilege (\(error))"
        case .e2big: "domain \(options.domain) has more vCPUs than the 128 that can be served (\(error))"
        case .enospc: "\(DomainServers(ids: [], domain: options.domain).advice) (\(error))"
        default: "domain \(options.domain) can't be served: \(error)"
        }
    }

    // MARK: Confinement

    /// Gives up all that is not needed any more, and opens what is within the root. Source: varstored.md 12.5.
    private func confine(on hypervisor: HypervisorChoice) throws(StartEnd) -> Storage {
        PKCS7Verifier.touchLibraries()
        // Asked for now: afterwards that call is forbidden too.
        let user = options.userID == 0 ? effectiveUserID : options.userID
        let entered: EnteredRoot
        do throws(ConfinementError) {
            // Whatever was inherited was closed when the program began; what is open now is ours, and needed.
            entered = try options.confinement(on: hypervisor).enterRoot(keeping: .all)
        } catch {
            throw .failed("\(error)")
        }
        let storage = try Storage(options, loop: loop, log: log)
        do throws(ConfinementError) {
            try entered.giveUpRights()
        } catch {
            throw .failed("\(error)")
        }
        tellConfinement(on: hypervisor, user: user)
        return storage
    }

    private func tellConfinement(on hypervisor: HypervisorChoice, user: UInt32) {
        // On a sandbox nobody can be hurt.
        let isBare = user == 0 && !options.confines && hypervisor == .xen
        log.write(
            isBare ? .warning : .information, "varstored",
            isBare ? "has root's rights, and is not confined" : "rights given up",
            [
                ("root", options.root ?? "/"), ("user", "\(user)"),
                ("depriv", options.confines ? "yes" : "no"),
            ])
    }

    // MARK: Variables

    private func load(
        _ host: HostFiles, _ settings: HostSettings, _ storage: Storage
    ) throws(StartEnd) -> LoadedVariables {
        let loading = Loading(
            options: options, settings: settings, host: host, storage: storage, authenticator: authenticator, log: log,
            shouldStop: { [stop] in stop.received != nil },
            write: { blob, reason throws(StartEnd) in try self.write(blob, reason, to: storage.backend) })
        return try loading.load()
    }

    private func write(_ blob: [UInt8], _ reason: WriteReason, to backend: any VariableBackend) throws(StartEnd) {
        let write = StartWrite(loop)
        switch write.run(blob, reason, backend, stop, milliseconds: Self.writeMilliseconds) {
        case .confirmed: return
        case .stopped: throw .stopped
        case .failed(let reason): throw .failed("the variables can't be written: \(reason)")
        }
    }

    private func tell(_ settings: HostSettings) {
        log.write(
            .information, "settings", "of the host",
            [
                ("secure-boot", settings.secureBoot ? "true" : "false"),
                ("signatures", settings.enforcing ? "enforcing" : "permissive"),
                ("changes", options.isPersistent ? "written" : "dropped"),
            ])
    }
}
