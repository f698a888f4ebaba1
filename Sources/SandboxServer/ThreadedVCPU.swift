// A vCPU that a thread runs as: each access blocks the thread until the device model has answered. The other way to
// run guests beside scripts. Not for: what the guest does.

public import EventLoop
public import HypervisorModel
public import ServerCalls
public import XenABI

/// A vCPU of the model as a thread uses it. The model is used by one thread at a time: by who holds the monitor.
public final class ThreadedVCPU: @unchecked Sendable {
    private let hypervisor: Hypervisor
    private let domain: Domain
    private let vcpu: VirtualCPU
    private let monitor: Monitor

    /// A vCPU of a domain. `monitor` is what everybody who uses the domain's hypervisor holds meanwhile.
    public init(_ vcpu: VirtualCPU, of domain: Domain, on hypervisor: Hypervisor, monitor: Monitor) {
        self.hypervisor = hypervisor
        self.domain = domain
        self.vcpu = vcpu
        self.monitor = monitor
        vcpu.wakeSink = MonitorWaker(monitor)
    }

    /// Does an access and waits for its end; never answers `waiting` or `retrying`. `stopped`: the domain runs no more.
    public func perform(_ access: GuestAccess) -> AccessOutcome {
        monitor.locked {
            var outcome = vcpu.perform(access)
            while outcome == .waiting || outcome == .retrying {
                // A shutdown that has begun waits for the answer too (row B32), and so does this thread. Who spun here
                // would keep the monitor from the device model that is to answer.
                if !vcpu.isWoken, vcpu.isWaitingForAnswer || domain.life.isRunning { monitor.wait() }
                outcome = vcpu.resume()
            }
            return outcome
        }
    }

    /// The highest interrupt that waits in its local APIC, taken from there.
    public func takeInterrupt() -> UInt8? { monitor.locked { vcpu.takeInterrupt() } }

    /// The event that was injected, taken.
    public func takeEvent() -> InjectedEvent? { monitor.locked { vcpu.takeEvent() } }

    /// The guest ends an interrupt that it has taken: a level that is still up comes again. dmop.md 3.8.
    public func endInterrupt(_ vector: UInt8) { monitor.locked { vcpu.endInterrupt(vector) } }

    /// The guest shuts its domain down. Waits for requests that are out.
    public func shutDown(_ reason: ShutdownReason) {
        monitor.locked { hypervisor.shutDown(domain, reason) }
    }

    /// Whether the domain runs.
    public var isRunning: Bool { monitor.locked { domain.life.isRunning } }

    /// Returns when the domain is being torn down: a vCPU of a domain that has shut down does nothing more.
    public func waitForEnd() {
        monitor.locked { while !domain.life.isDying { monitor.wait() } }
    }
}

/// Wakes the threads when the model wakes a vCPU. It knows no vCPU, which keeps it.
private final class MonitorWaker: WakeSink {
    private let monitor: Monitor

    init(_ monitor: Monitor) { self.monitor = monitor }

    /// Called by the model, so whoever uses it has the monitor.
    func woken(_ vcpu: VirtualCPU) { monitor.wakeAll() }
}

/// Lets threads run guests while a loop sleeps: the loop's thread holds the monitor all the rest of the time.
public final class MonitorGate: SleepGate {
    private let monitor: Monitor

    /// A gate of this monitor. Who runs the loop takes the monitor before.
    public init(_ monitor: Monitor) { self.monitor = monitor }

    /// Threads may go on, and look whether what they wait for has come.
    public func willSleep() {
        monitor.wakeAll()
        monitor.unlock()
    }

    /// The loop's thread has the model again.
    public func didSleep() { monitor.lock() }
}
