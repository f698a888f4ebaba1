// What a process under a filter may still call, as data.
// Not for: the filter itself (SystemCallFilter), or which calls a daemon needs (DaemonConfinement).

internal import CSystem

/// Allows one system call, with arguments that pass all checks. Of several rules for one call one is enough.
public struct SystemCallRule: Equatable, Sendable {
    /// The call.
    public var call: SystemCall
    /// What its arguments must pass.
    public var checks: [ArgumentCheck]

    /// Allows a call; without checks whatever its arguments are.
    public init(_ call: SystemCall, _ checks: [ArgumentCheck] = []) {
        self.call = call
        self.checks = checks
    }
}

/// A check of an argument's low 32 bits: of those in the mask, the value must be one of a list. For arguments that the
/// kernel takes as `int`, and for flags, all of which are low: what the upper half holds changes nothing there.
public struct ArgumentCheck: Equatable, Sendable {
    /// Which argument, 0 to 5.
    public var argument: Int
    /// The bits that are looked at.
    public var mask: UInt32
    /// What these may be.
    public var values: [UInt32]

    /// A check of the bits in the mask.
    public init(_ argument: Int, mask: UInt32 = .max, _ values: [UInt32]) {
        self.argument = argument
        self.mask = mask
        self.values = values
    }
}

extension SystemCallRule {
    /// `mmap` and `mprotect` of memory that is not to be executed.
    public static var unexecutableMemory: [SystemCallRule] {
        let check = ArgumentCheck(2, mask: UInt32(PROT_EXEC), [0])
        return [SystemCallRule(.mmap, [check]), SystemCallRule(.mprotect, [check])]
    }

    /// A socket of bytes to a path of this machine (AF_UNIX, SOCK_STREAM), with SOCK_CLOEXEC and SOCK_NONBLOCK or not.
    public static var localStreamSocket: SystemCallRule {
        let flags = UInt32(O_CLOEXEC | O_NONBLOCK)
        let checks = [ArgumentCheck(0, [1]), ArgumentCheck(1, mask: ~flags, [1]), ArgumentCheck(2, [0])]
        return SystemCallRule(.socket, checks)
    }

    /// As `localStreamSocket`, for datagrams (SOCK_DGRAM).
    public static var localDatagramSocket: SystemCallRule {
        let flags = UInt32(O_CLOEXEC | O_NONBLOCK)
        let checks = [ArgumentCheck(0, [1]), ArgumentCheck(1, mask: ~flags, [2]), ArgumentCheck(2, [0])]
        return SystemCallRule(.socket, checks)
    }

    /// `ioctl` with a request of a list, on any descriptor.
    public static func ioctl(_ requests: [UInt32]) -> SystemCallRule {
        SystemCallRule(.ioctl, [ArgumentCheck(1, requests)])
    }

    /// `fcntl` as for descriptors of one's own: duplicates, flags, locks. Nothing that makes the kernel signal
    /// somebody.
    public static var descriptorControl: SystemCallRule {
        // OFD locks and the duplicate that is closed on exec are hidden by feature-test macros.
        let commands = [F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, 36, 37, F_DUPFD_CLOEXEC]
        return SystemCallRule(.fcntl, [ArgumentCheck(1, commands.map { UInt32($0) })])
    }

    /// `tgkill` of this process, as `abort` does it.
    public static var signalToSelf: SystemCallRule {
        SystemCallRule(.tgkill, [ArgumentCheck(0, [UInt32(bitPattern: getpid())])])
    }
}
