// The hypercalls that Corbel knows of.

/// Hypercall numbers (`__HYPERVISOR_*`). Source: `xen.h`; dmop.md section 19.
public enum Hypercall {
    /// `memory_op`, of which `acquireResource` is a command.
    public static let memoryOp: UInt64 = 12
    /// `event_channel_op`, of which `eventChannelStatus` is a command.
    public static let eventChannelOp: UInt64 = 32
    /// `domctl`, of which only `GetDomainState` is stable.
    public static let domctl: UInt64 = 36
    /// `dm_op`.
    public static let dmOp: UInt64 = 41

    /// `XENMEM_acquire_resource`, a command of `memoryOp` (`AcquireResource`).
    public static let acquireResource: UInt64 = 28
    /// `EVTCHNOP_status`, a command of `eventChannelOp` (`EventChannelStatus`).
    public static let eventChannelStatus: UInt64 = 5
}
