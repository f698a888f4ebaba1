// The sandbox as a process: it listens, serves those who connect, and lets guests run in between. One thread.
// Not for: what is asked (ServedConnection), what Xen answers (HypervisorModel).

public import EventLoop
public import HypervisorModel
internal import SandboxWire
internal import ServerCalls
public import SystemCalls
internal import XenABI

/// A sandbox that other processes connect to.
public final class SandboxService {
    /// What it was started with.
    public let options: SandboxOptions
    /// The model.
    public let hypervisor: Hypervisor
    /// The loop in which everything happens; who runs the service may watch more in it.
    public let loop: EventLoop

    let guests: ServedGuests
    var socketFile: SocketFile?
    var doorWatch: Watch?
    private var kernels: [DomainID: LinuxKernel] = [:]
    var connections: [ServedConnection] = []
    /// Connections whose rings have more than one turn serves. Changed as a whole, so that a turn needs no checks for
    /// overlapping changes.
    private var busy: [ServedConnection] = []
    private var canGuestsGoOn = false
    private var isStopping = false
    var nextNumber = 1
    private var incoming = [UInt8](repeating: 0, count: WireLimits.packetByteCount)
    let journal: Journal
    var spare = SpareDescriptor()

    /// Listens from here on; `step` or `run` serve.
    public init(_ options: SandboxOptions) throws(SandboxStartError) {
        self.options = options
        journal = Journal(options)
        guests = ServedGuests(seed: options.seed)
        let file = try SocketFile.listening(at: options.socketPath)
        let number = file.socket.descriptor.rawValue
        socketFile = consume file
        hypervisor = Hypervisor(release: options.release, pageSource: MemoryFilePages())
        do throws(SystemError) {
            loop = try EventLoop()
        } catch {
            throw .system(path: options.socketPath, error.description)
        }
        hypervisor.observer = journal
        do throws(SystemError) {
            doorWatch = try loop.watch(number, Door(self))
        } catch {
            throw .system(path: options.socketPath, error.description)
        }
    }

    // MARK: Serving

    /// Serves until `stop`. Throws what the kernel refuses to the loop itself.
    public func run() throws(SystemError) {
        while !isStopping { try step(milliseconds: nil) }
    }

    /// Makes `run` return after the present turn.
    public func stop() { isStopping = true }

    /// Whether `stop` was called.
    public var isStopped: Bool { isStopping }

    /// One turn: waits until something happens, or so many milliseconds (nil: for ever), and serves it.
    public func step(milliseconds: Int32?) throws(SystemError) {
        let isBusy = canGuestsGoOn || !busy.isEmpty || isStopping
        if isBusy || !spin() {
            let canSleep = !isBusy && arm()
            try loop.turn(milliseconds: canSleep ? milliseconds : 0)
        }
        let rest = busy
        busy = []
        for connection in rest {
            serveRings(of: connection)
            connection.goOnWithCall()
        }
        canGuestsGoOn = guests.run(stepsMax: options.limits.guestStepsPerTurn)
    }

    /// Looks at the rings for a while. True: something was served, and the sockets can wait for once.
    private func spin() -> Bool {
        guard options.spinMicroseconds > 0, turnsUntilLook > 0 else {
            turnsUntilLook = Self.turnsPerLook
            return false
        }
        let end = MonotonicTime.now.nanoseconds &+ UInt64(options.spinMicroseconds) * 1000
        repeat {
            for _ in 0..<16 {
                for connection in connections where connection.nodes?.rings.hasCommands == true {
                    turnsUntilLook -= 1
                    serveRings(of: connection)
                    return true
                }
            }
        } while MonotonicTime.now.nanoseconds < end
        return false
    }

    /// Before sleeping after spinning: from here on processes signal. False: one of them was faster.
    private func arm() -> Bool {
        guard options.spinMicroseconds > 0 else { return true }
        var canSleep = true
        for connection in connections {
            if let rings = connection.nodes?.rings, !rings.arm() {
                hasMore(connection)
                canSleep = false
            }
        }
        return canSleep
    }

    /// While spinning, the sockets are looked at once in so many turns at least.
    private static let turnsPerLook = 64
    private var turnsUntilLook = 0

    /// Ends all connections and removes the socket's name, as does the end of this object.
    public func close() {
        if let doorWatch { try? loop.remove(doorWatch) }
        doorWatch = nil
        socketFile = nil
        for connection in connections { close(connection, because: "the sandbox ends") }
        journal.flush()
    }

    deinit { for connection in connections { connection.end() } }

    // MARK: Connections

    /// Ends a connection: its ports are unbound and its mappings dropped; its servers stay, or do not.
    func close(_ connection: ServedConnection, because reason: String) {
        guard !connection.isClosed else { return }
        connection.say(closing: reason)
        // Descriptors of ours that the loop has not lost.
        if let watch = connection.socketWatch { try? loop.remove(watch) }
        if let watch = connection.ringWatch { try? loop.remove(watch) }
        connections.removeAll { $0 === connection }
        busy = busy.filter { $0 !== connection }
        log("\(connection.name) has ended: \(reason)")
        connection.end()
        leaveServers(of: connection)
    }

    /// The next packet of a connection; nil when there is none.
    func receive(
        from socket: borrowing PacketSocket, _ descriptors: inout ReceivedDescriptors
    ) throws(ServedConnection.Fault) -> WireReader? {
        // Taken out, because a span of a variable of ours can't outlive one access to it.
        var bytes = incoming
        incoming = []
        defer { incoming = bytes }
        do throws(SystemError) {
            var span = bytes.mutableSpan
            let count = try socket.receive(into: &span, &descriptors, waits: false)
            if count > 0 { return WireReader(bytes, 0..<count) }
        } catch {
            switch error.code {
            case SystemErrorCode.tryAgain: return nil
            case SystemErrorCode.messageSize: throw ServedConnection.Fault("a packet that is too large")
            default: throw ServedConnection.Fault("it has gone: \(error.description)")
            }
        }
        throw ServedConnection.Fault("it has gone")
    }

    // MARK: Rings

    /// Watches for the signals of a process that has opened the nodes.
    func watch(_ rings: ServedRings, of connection: ServedConnection) throws(ServedConnection.Greeting) {
        do throws(SystemError) {
            connection.ringWatch = try loop.watch(
                rings.counter.descriptor.rawValue, for: [.readable, .edge], connection)
        } catch {
            throw ServedConnection.Greeting(XenErrorCode(error.code), error.description)
        }
    }

    /// Serves the commands of a connection's ring, so many at most (nil: a turn's).
    func serveRings(of connection: ServedConnection, max: Int? = nil) {
        guard !connection.isClosed, let rings = connection.nodes?.rings else { return }
        switch rings.serve(max: max ?? options.limits.commandsPerTurn, arms: options.spinMicroseconds == 0) {
        case .done: break
        case .more: hasMore(connection)
        case .broken(let reason): close(connection, because: reason.description)
        }
    }

    /// A connection is to be served again in the next turn, whether or not anything comes.
    func hasMore(_ connection: ServedConnection) {
        var more = busy
        busy = []
        if !more.contains(where: { $0 === connection }) { more.append(connection) }
        busy = more
    }

    /// Rounds of a call in one turn: all that are under way share a turn's, and each has one.
    var roundsPerCall: Int {
        let calls = connections.count { $0.callUnderWay != nil }
        return max(1, options.limits.roundsPerTurn / max(1, calls))
    }

    // MARK: Kernels

    /// The kernel of a domain in which device models run: one for all its processes.
    func kernel(of caller: Caller) throws(ServedConnection.Greeting) -> LinuxKernel {
        let id = caller.domain
        if let kernel = kernels[id], hypervisor.domain(id)?.eventSink === kernel {
            if kernel.caller == caller { return kernel }
            throw ServedConnection.Greeting(.ebusy, "domain \(id.rawValue) is another kind of caller already")
        }
        do throws(Refusal) {
            let kernel = try LinuxKernel(hypervisor, caller: caller, options: options.kernel)
            kernels[id] = kernel
            return kernel
        } catch {
            throw ServedConnection.Greeting(error.code, "there is no domain \(id.rawValue): make it first")
        }
    }
}
