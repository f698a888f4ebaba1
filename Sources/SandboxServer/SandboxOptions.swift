// What a sandbox is started with, and its limits.

public import HypervisorModel

/// What a sandbox process is to be.
public struct SandboxOptions {
    /// What becomes of the ioreq servers that a process has made when it disconnects. dmop.md section 15.10.
    public enum OnDisconnect: Sendable {
        /// They stay, as on real Xen.
        case keep
        /// They are destroyed.
        case destroy
    }

    /// Where it listens.
    public var socketPath: String
    /// The Xen that is modelled.
    public var release: Release
    /// The kernels' module parameters and versions.
    public var kernel: KernelOptions
    /// What becomes of servers that nobody serves any more.
    public var onDisconnect = OnDisconnect.keep
    /// Microseconds that the sandbox looks at the rings before it sleeps.
    public var spinMicroseconds: UInt32 = 0
    /// Chooses whose turn it is among a guest's vCPUs.
    public var seed: UInt64 = 0
    /// Whether refused calls are logged, with the rule of dmop.md that refused them.
    public var logsRefusals = true
    /// Its limits.
    public var limits = SandboxLimits()
    /// Takes the lines of the log.
    public var log: (String) -> Void

    /// A sandbox that listens at a path.
    public init(
        socketPath: String, release: Release = .standard, kernel: KernelOptions = KernelOptions(),
        log: @escaping (String) -> Void = { _ in }
    ) {
        self.socketPath = socketPath
        self.release = release
        self.kernel = kernel
        self.log = log
    }
}

/// How much one process may use, so that the others are undisturbed.
public struct SandboxLimits: Sendable {
    /// Connections at a time: five descriptors and 20 KiB of pages each. Where descriptors are fewer, connections are.
    public var connections = 256
    /// Mappings that a connection has at a time.
    public var mappingsPerConnection = 8192
    /// Bytes of answers that wait for a reader who is slow; more, and the connection is closed.
    public var queuedBytes = 8 << 20
    /// Packets that a connection is served before another one's turn comes.
    public var packetsPerTurn = 32
    /// Bytes of such packets and of their answers: what is large takes long, a mapping of 8192 frames say.
    public var packetBytesPerTurn = 64 * 1024
    /// Rounds of 256 frames that operations under way do in a turn, all together: a millisecond's worth.
    public var roundsPerTurn = 32
    /// Commands of a connection's ring, likewise.
    public var commandsPerTurn = 256
    /// Steps that guests' programs do, all together, before the sockets' turn comes: half a millisecond's worth.
    public var guestStepsPerTurn = 1024
    /// Bytes of a script: it is read in one turn, and kept with its trace while its domain is there.
    public var scriptBytes = 128 * 1024
    /// Domains but dom0: each may keep a trace of 100,000 steps, and its RAM is a descriptor.
    public var domains = 256
    /// vCPUs of a domain: an ioreq server's page has 128 slots, and Xen gives no guest more.
    public var vcpusPerDomain: UInt32 = 128
    /// Frames of a domain: addresses of the sandbox' own. Memory is taken only where something is written.
    public var framesPerDomain = DomainShape.framesMax

    /// The limits that a sandbox has unless told otherwise.
    public init() {}
}

/// Why a sandbox can't start. The description is fit for users.
public enum SandboxStartError: Error, CustomStringConvertible {
    /// Another one listens there.
    case isRunning(path: String)
    /// What lies at the path is no socket, and is left alone.
    case isNoSocket(path: String)
    /// The system refuses.
    case system(path: String, String)
    /// The model refuses.
    case model(Refusal)

    public var description: String {
        switch self {
        case .isRunning(let path): "a sandbox listens at \(path) already: stop it, or choose another socket"
        case .isNoSocket(let path): "\(path) is there, and no socket: choose another path"
        case .system(let path, let reason): "\(path): \(reason)"
        case .model(let refusal): refusal.description
        }
    }
}
