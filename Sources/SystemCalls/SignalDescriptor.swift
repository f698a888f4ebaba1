// Signals as something to read.
// Not for: handlers; none of our programs has one.

internal import CSystem

/// The number of a signal.
public struct Signal: RawRepresentable, Hashable, Sendable {
    public var rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// `SIGHUP`.
    public static let hangUp = Signal(rawValue: SIGHUP)
    /// `SIGINT`.
    public static let interrupt = Signal(rawValue: SIGINT)
    /// `SIGTERM`.
    public static let terminate = Signal(rawValue: SIGTERM)
    /// `SIGUSR1`.
    public static let user1 = Signal(rawValue: SIGUSR1)
    /// `SIGUSR2`.
    public static let user2 = Signal(rawValue: SIGUSR2)

    /// Sends the signal to this thread.
    public func raise() { _ = CSystem.raise(rawValue) }
}

/// A signalfd: readable when one of its signals has come.
///
/// The signals are blocked in the thread that makes it (make it before there are others), and stay blocked when it
/// goes: a second signal on the way out must not kill the program.
public struct SignalDescriptor: ~Copyable {
    /// The descriptor, non-blocking.
    public let descriptor: OwnedDescriptor

    /// Blocks these signals for the calling thread, and takes them by a descriptor from now on.
    public init(_ signals: [Signal]) throws(SystemError) {
        var set = sigset_t()
        // SAFETY: the calls fill in our set, and read it.
        unsafe sigemptyset(&set)
        for signal in signals {
            let answer = unsafe sigaddset(&set, signal.rawValue)
            precondition(answer == 0, "no such signal")
        }
        let blocked = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        precondition(blocked == 0, "blocking signals does not fail")
        let number = try once("signalfd") { unsafe signalfd(-1, &set, corbel_signalfd_flags) }
        descriptor = OwnedDescriptor(owning: number)
    }

    /// The next signal that has come; nil when there is none.
    public func next() throws(SystemError) -> Signal? {
        var information = signalfd_siginfo()
        do throws(SystemError) {
            // SAFETY: the kernel writes whole structures, and there is room for one.
            _ = try plain("read") {
                unsafe CSystem.read(descriptor.rawValue, &information, MemoryLayout<signalfd_siginfo>.size)
            }
        } catch {
            if error.code == EAGAIN { return nil }
            throw error
        }
        return Signal(rawValue: Int32(bitPattern: information.ssi_signo))
    }
}

/// Makes writing to a closed pipe or socket an error (EPIPE) instead of the end of the program.
public func ignoreBrokenPipes() {
    let answer = corbel_ignore_signal(SIGPIPE)
    precondition(answer == 0, "every Linux has this signal")
}

/// From now on a file that may not grow any more (ulimit -f) is an error of its writing alone, EFBIG, and no end.
public func ignoreFileLimits() {
    let answer = corbel_ignore_signal(SIGXFSZ)
    precondition(answer == 0, "every Linux has this signal")
}

/// Gives signals of a crash their own effect again, to end the program: the Swift runtime's handlers start another
/// program that looks at the crash, which one that is confined can't.
public func endAtCrashes() {
    for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] {
        let answer = corbel_default_signal(number)
        precondition(answer == 0, "every Linux has these signals")
    }
}
