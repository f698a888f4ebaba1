// The device that a guest's firmware finds at ports 0x100 to 0x10B. Source: varstored.md 2, 10.4.
// Not for: the order of commands (VariableCommands), the ioreq server (the daemon makes it).

public import DaemonShell
public import EventLoop
public import SystemCalls
public import UEFIVariables
public import XenABI
public import XenDeviceModel

/// The variable service as an ioreq server sees it. Every access is answered exactly once.
public final class VariableDevice: IODevice {
    /// The ports, one range: the command, the window's index, the window's data, of 4 bytes each.
    public static var ports: ClosedRange<UInt16> { 0x100...0x10B }

    private let loop: EventLoop
    private let log: DaemonLog
    private let limits: ServiceLimits
    private let buffer: GuestBuffer
    private var commands: VariableCommands?
    /// Accesses from before the start.
    private var early: [HeldRequest] = []
    private var nextStringLine: MonotonicTime?

    /// A device that lets its guest wait until `start`.
    public init(domain: DeviceModelDomain, loop: EventLoop, log: DaemonLog, limits: ServiceLimits = .standard) {
        self.loop = loop
        self.log = log
        self.limits = limits
        buffer = GuestBuffer(domain, usesMax: limits.mappingUses)
    }

    /// The variables as they are published; nil before the start. After `stop` has called back they stay as they are.
    public var services: VariableServices? { commands?.services }

    /// As people see it on the statistics page.
    public var deviceName: String { "varstored" }

    /// From here on it answers; before it, requests wait untouched. `confirmed`: the blob that the backend is known to
    /// hold; nil if that is not known. `mayDiffer`: the backend may hold what these variables are not, so they are
    /// written once though the guest changes nothing. A second start does nothing.
    public func start(
        _ services: VariableServices, _ authenticator: any VariableAuthenticator, backend: any VariableBackend,
        confirmed: [UInt8]?, mayDiffer: Bool = false
    ) {
        if commands != nil { return }
        let persistence = PersistenceQueue(backend, confirmed: confirmed, loop: loop, log: log, limits: limits)
        let commands = VariableCommands(
            services, authenticator, buffer, persistence, loop: loop, log: log, limits: limits)
        self.commands = commands
        let waiting = early
        early = []
        for held in waiting {
            if let request = held.take() { serve(request, commands) }
        }
        // Source: varstored.md 13.4. Delayed: a change that comes soon needs no write of its own.
        if mayDiffer { persistence.schedule() }
    }

    /// Finishes or fails what is parked, flushes pending writes, until the deadline (5 s is the rule); then calls back,
    /// perhaps before this returns. Nothing changes any more after that, and who asks for a change is refused. Before
    /// the start it calls back at once, and what waits goes on waiting until the server is closed.
    /// Source: varstored.md 12.4.
    public func stop(by deadline: MonotonicTime, then: @escaping () -> Void) {
        guard let commands else { return then() }
        commands.stop(by: deadline, then: then)
    }

    /// Serves an access, or keeps it until the start.
    public func accept(_ request: consuming IORequest) throws(XenError) {
        if let commands {
            serve(request, commands)
        } else {
            early.append(HeldRequest(request))
        }
    }

    /// The guest has changed its memory map: the mapping of its buffer may be of other memory by now.
    public func guestMappingsChanged() { buffer.forget() }

    private func serve(_ request: consuming IORequest, _ commands: VariableCommands) {
        if request.guestBuffer != nil { return refuseString(request) }
        // No other kind is claimed. Source: varstored.md 2, rule 4.
        if request.kind != .port { return request.answer() }
        let offset = Int(truncatingIfNeeded: request.offset)
        let size = request.width.byteCount
        // Source: varstored.md 2, rule 3.
        switch (offset, request.isRead) {
        case (0, false) where size == 4:
            commands.run(request, frame: UInt32(truncatingIfNeeded: request.value))
        case (4, false) where size == 4:
            commands.setWindowIndex(UInt32(truncatingIfNeeded: request.value))
            request.answer()
        case (8..., true) where offset &- 8 &+ size <= 4:
            request.answer(UInt64(commands.readWindow(offset: offset &- 8, size: size)))
        case (8..., false) where offset &- 8 &+ size <= 4:
            commands.writeWindow(
                offset: offset &- 8, size: size, value: UInt32(truncatingIfNeeded: request.value))
            request.answer()
        default:
            request.answer(0)
        }
    }

    /// A string access: done without being done, reads give all ones. Source: varstored.md 2, rule 4.
    private func refuseString(_ request: consuming IORequest) {
        let now = MonotonicTime.now
        if nextStringLine.map({ $0 <= now }) ?? true {
            nextStringLine = now.advanced(byMilliseconds: limits.stringLineInterval)
            log.write(
                .warning, "variables", "string access ignored",
                [("port", "0x" + String(request.address & 0xFFFF, radix: 16))])
        }
        request.answer()
    }
}
