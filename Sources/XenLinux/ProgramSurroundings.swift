// The clock and the signals of a Linux program, for the platform's protocols.

internal import SystemCalls
public import XenPlatform

/// CLOCK_MONOTONIC.
public final class SystemClock: MonotonicClock {
    /// The clock of the kernel we run on.
    public init() {}

    public var nanoseconds: UInt64 { MonotonicTime.now.nanoseconds }

    public func pause(milliseconds: Int32) { MonotonicTime.now.advanced(byMilliseconds: milliseconds).sleep() }
}

/// SIGTERM, SIGINT and SIGHUP as something to wait for. Make it before any other thread; the signals no longer kill.
public final class StopSignals: StopSource {
    private let signals: SignalDescriptor
    private var first: Int32?

    /// Blocks the signals. Traps when the kernel has no descriptor left, which at the start of a program it has.
    public init() {
        do throws(SystemError) {
            signals = try SignalDescriptor([.terminate, .interrupt, .hangUp])
        } catch {
            preconditionFailure("no descriptor for signals")
        }
    }

    public var descriptor: Int32 { signals.descriptor.rawValue }

    /// The number of the first signal that has come, for exit codes (128 + number); nil when none has.
    public var received: Int32? {
        if first == nil {
            do throws(SystemError) {
                first = try signals.next()?.rawValue
            } catch {
                preconditionFailure("a descriptor for signals can be read")
            }
        }
        return first
    }
}
