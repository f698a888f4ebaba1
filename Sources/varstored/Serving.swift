// The loop: the guest's accesses, signals, the guest's end; then the save. Source: varstored.md 12.4, 11.5.
// Not for: setting things up (Start.swift), variables (VariableService).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls
internal import UEFIVariables
internal import VariableBackends
internal import VariableService
internal import XenABI
internal import XenDeviceModel
internal import XenLinux
internal import XenPlatform

/// Serves a guest until there is a reason to end, and saves.
final class Serving: DescriptorHandler, TimerHandler {
    /// Why it ends.
    enum End: Equatable {
        case stopped
        case domainGone
        /// A sentence for the log; the status is 1.
        case failed(String)
    }

    /// Parked requests and pending writes get this long at the end, in milliseconds. Source: varstored.md 12.4.
    private static let stopMilliseconds: Int32 = 5000

    private let domain: DeviceModelDomain
    private var server: IOREQServer<ServerState.Serving>?
    private let device: VariableDevice
    private let stop: StopSignals
    private let loop: EventLoop
    private let log: DaemonLog
    private let save: StateFile?

    private var eventWatch: Watch?
    private var stopWatch: Watch?
    private var livenessTimer: LoopTimer?
    private var end: End?
    private var isLooping = false
    private var requestCountAtLastCheck: UInt64 = 0

    init(
        _ server: consuming IOREQServer<ServerState.Serving>, device: VariableDevice, stop: StopSignals,
        loop: EventLoop, log: DaemonLog, save: StateFile?
    ) {
        domain = server.domain
        self.server = consume server
        self.device = device
        self.stop = stop
        self.loop = loop
        self.log = log
        self.save = save
    }

    /// Serves, takes everything down and saves. Comes back once, with the program's status.
    func run() -> Int32 {
        serveUntilEnd()
        let end = end ?? .stopped
        switch end {
        case .stopped: log.write(.information, "varstored", "stopping: a signal came")
        case .domainGone: log.write(.information, "varstored", "stopping: the domain is gone")
        case .failed(let sentence): log.write(.error, "varstored", "stopping: \(sentence)")
        }
        finishWrites()
        close(end)
        let isSaved = saveAll()
        if case .failed = end { return 1 }
        return isSaved ? 0 : 1
    }

    private func serveUntilEnd() {
        do throws(SystemError) {
            eventWatch = try loop.watch(domain.platform.events.descriptor, self)
            stopWatch = try loop.watch(stop.descriptor, self)
            scheduleLivenessCheck()
            log.write(.information, "varstored", "ready", [("pid", "\(processID)")])
            serve()
            isLooping = end == nil
            defer { isLooping = false }
            if end == nil { try loop.run() }
        } catch {
            end = end ?? .failed("the event loop: \(error)")
        }
        for watch in [eventWatch, stopWatch].compactMap({ $0 }) { try? loop.remove(watch) }
        if let livenessTimer { loop.cancel(livenessTimer) }
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        if watch == stopWatch { return finish(.stopped) }
        // Asked for reading only: this is an error or a hang-up, and would come for ever.
        if readiness.contains(.writable) { return finish(.failed("the event channel is broken")) }
        serve()
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        domain.publishStatistics()
        checkLiveness()
        scheduleLivenessCheck()
    }

    private func serve() {
        do throws(XenError) {
            try domain.process()
        } catch {
            finish(reason(for: error))
        }
    }

    private func scheduleLivenessCheck() {
        let interval = IOREQServer<ServerState.Serving>.livenessInterval
        livenessTimer = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: interval), self)
    }

    /// No event tells of a domain's end. Who makes requests lives.
    private func checkLiveness() {
        let requestCount = server?.statistics.requests ?? 0
        if requestCount != requestCountAtLastCheck {
            requestCountAtLastCheck = requestCount
            return
        }
        do throws(XenError) {
            if try !domain.isAlive() { finish(.domainGone) }
        } catch {
            finish(Self.meansNoDomain(error) ? .domainGone : .failed("the domain can't be asked: \(error)"))
        }
    }

    /// Calls fail when the domain goes; then that is the reason.
    private func reason(for error: XenError) -> End {
        do throws(XenError) {
            return try domain.isAlive() ? .failed("\(error)") : .domainGone
        } catch {
            return Self.meansNoDomain(error) ? .domainGone : .failed("\(error)")
        }
    }

    /// After its destruction the restriction refuses what is asked about a domain (EPERM); with a sandbox its guests
    /// are gone (ENOTCONN).
    private static func meansNoDomain(_ error: XenError) -> Bool { error.code == .eperm || error.code == .enotconn }

    private func finish(_ reason: End) {
        end = end ?? reason
        // Outside of `run()` it would end the next one, which is to wait for the last writes.
        if isLooping { loop.stop() }
    }

    // MARK: End

    /// Finishes or fails what the guest waits for, and writes what is pending.
    private func finishWrites() {
        var isDone = false
        var isRunning = false
        device.stop(by: MonotonicTime.now.advanced(byMilliseconds: Self.stopMilliseconds)) { [loop] in
            isDone = true
            if isRunning { loop.stop() }
        }
        if isDone { return }
        isRunning = true
        do throws(SystemError) {
            try loop.run()
        } catch {
            log.write(.error, "varstored", "the last writes can't be waited for: \(error)")
        }
    }

    /// Takes the server down, so that the guest goes on without us. Of a domain that is gone nothing is left to go
    /// wrong.
    private func close(_ end: End) {
        guard let server = server.take() else { return }
        do throws(XenError) {
            try server.close()
        } catch {
            if end != .domainGone { log.write(.warning, "xen", "the ioreq server was not taken down: \(error)") }
        }
    }

    /// Everything, if there is a place for it. Source: varstored.md 11.5.
    private func saveAll() -> Bool {
        guard let save else { return true }
        guard let services = device.services else { return true }
        let blob = services.saveBlob()
        do throws(BackendFailure) {
            try save.save(blob.encoded())
            log.write(.information, "varstored", "saved", [("records", "\(blob.records.count)")])
            return true
        } catch {
            log.write(.error, "varstored", "the variables can't be saved to \(save.path): \(error)")
            return false
        }
    }
}
