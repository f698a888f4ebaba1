// The platform on a sandbox: the same protocols as on real Xen, over a socket and shared memory.
// Not for: choosing between the two (see XenLinux's HypervisorChoice), or the control of a sandbox (SandboxControl).

public import SandboxWire
internal import SystemCalls
internal import XenABI
public import XenPlatform

/// Opens the platform of a sandbox.
public enum SandboxClient {
    /// Microseconds that `wait` looks at the ring before it sleeps. For both sides on processors of their own.
    static let spinVariable = "CORBEL_SANDBOX_SPIN"
    /// No more than that, in microseconds.
    static let spinMax: UInt32 = 1_000_000

    /// Connects to the sandbox that listens at a path, as a process of a domain: dom0, unless `caller` says otherwise.
    /// The connection stands for one open privcmd and one open evtchn.
    public static func open(
        path: String, caller: Hello = Hello(), clock: (any MonotonicClock)? = nil, statistics: StatisticsBoard? = nil
    ) throws(SandboxError) -> Platform {
        var hello = caller
        hello.opensNodes = true
        let connection = try SandboxConnection.open(path: path)
        let events = try connection.attach(hello, spinMicroseconds: spinMicroseconds)
        let memory = SandboxMemory(connection)
        return Platform(
            calls: SandboxCalls(connection), memory: memory, events: events,
            states: SandboxDomainStates(connection), clock: clock, statistics: statistics)
    }

    private static var spinMicroseconds: UInt32 {
        guard let text = environmentVariable(spinVariable), let number = UInt32(text) else { return 0 }
        return min(number, spinMax)
    }
}

/// Why there is no connection to a sandbox. The description is fit for users.
public enum SandboxError: Error, Sendable, CustomStringConvertible {
    /// Nobody listens there.
    case nobody(path: String)
    /// Not allowed to connect.
    case forbidden(path: String)
    /// The sandbox does not want to, and says why.
    case refused(path: String, reason: String)
    /// What listens there is no sandbox of this version.
    case stranger(path: String)
    /// Nothing was heard of it for 30 seconds.
    case silent(path: String)
    /// The system refuses something else.
    case system(path: String, call: StaticString, code: Int32)
    /// The connection ended; why, where the sandbox has said so.
    case gone(path: String, reason: String)

    init(_ error: SystemError, path: String) {
        switch error.code {
        // ENOENT: no socket. ECONNREFUSED: one that was left behind. ENOTSOCK, EPROTOTYPE: something else.
        case 2, 111: self = .nobody(path: path)
        case 1, 13: self = .forbidden(path: path)
        // EAGAIN: nobody has let us in for as long as we wait.
        case 11: self = .silent(path: path)
        case 88, 91: self = .stranger(path: path)
        default: self = .system(path: path, call: error.call, code: error.code)
        }
    }

    public var description: String {
        switch self {
        case .nobody(let path):
            "no sandbox listens at \(path): start one with corbel sandbox start --socket \(path)"
        case .forbidden(let path): "no permission to connect to \(path): be its owner, or root"
        case .refused(let path, let reason): "the sandbox at \(path) refuses: \(reason)"
        case .stranger(let path): "what listens at \(path) is no sandbox of this version"
        case .silent(let path):
            "the sandbox at \(path) does not answer: it is stopped, or another program listens there"
        case .system(let path, let call, let code): "\(path): \(SystemError(code, call).description)"
        case .gone(let path, let reason):
            reason.utf8.isEmpty ? "the sandbox at \(path) has gone" : "the sandbox at \(path) has gone: \(reason)"
        }
    }
}
