// The model of Xen and the device models that it is for, in one process and on one thread.
// Not for: device models in processes of their own (the sandbox's server).

public import HypervisorModel
public import XenABI
public import XenPlatform

/// A hypervisor, dom0's kernel, and platforms on which XenDeviceModel runs unchanged. Everything happens on one thread:
/// while a device model waits, guests go on (`whenIdle`).
public final class InProcessSandbox {
    /// The hypervisor.
    public let hypervisor: Hypervisor
    /// Dom0's kernel, whose files the platforms open.
    public let kernel: LinuxKernel
    /// Lets guests go on, and says whether there was something to do. Called when a device model would sleep: it sleeps
    /// when the answer is no.
    public var whenIdle: (() throws(XenError) -> Bool)?

    /// A sandbox without guests. ENOMEM when there is no memory.
    public init(release: Release = .standard, options: KernelOptions = KernelOptions()) throws(Refusal) {
        hypervisor = Hypervisor(release: release, pageSource: MemoryFilePages())
        kernel = try LinuxKernel(hypervisor, caller: .control, options: options)
    }

    /// Makes a domain.
    @discardableResult
    public func createDomain(_ shape: DomainShape = DomainShape(), id: DomainID? = nil) throws(Refusal) -> Domain {
        try hypervisor.createDomain(shape, id: id)
    }

    /// Opens the devices anew, as a process does: with restrictions and ports of its own.
    public func platform(clock: (any MonotonicClock)? = nil) -> Platform { platform(of: kernel, clock: clock) }

    /// Opens the devices of another domain's kernel: a stub domain's, say.
    public func platform(of kernel: LinuxKernel, clock: (any MonotonicClock)? = nil) -> Platform {
        let calls = InProcessCalls(kernel.openPrivcmd())
        return Platform(
            calls: calls, memory: calls, events: InProcessEvents(kernel.openEvtchn(), self),
            states: InProcessStates(calls.file, hypervisor.release), clock: clock)
    }

    func letGuestsRun() throws(XenError) -> Bool { try whenIdle?() ?? false }
}
