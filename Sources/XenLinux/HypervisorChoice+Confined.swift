// The system calls that a platform makes while it serves and when it is closed, for programs that give up all others.
// Not for: opening a platform, making servers, restricting: that comes before.

public import SystemCalls
internal import XenABI

extension HypervisorChoice {
    /// What a confined device model needs for this platform, beside reading, writing, waiting, memory and time
    /// (DaemonConfinement's `confinedDaemon`). Source: varstored.md 12.5, dmop.md sections 9 and 10.
    public var confinedCalls: [SystemCallRule] {
        switch self {
        case .xen:
            // Operations, the guest's frames; notifying, unbinding, and what follows an overflow of the ports' ring.
            // Frames of resources and new ports are had before.
            [
                .ioctl([
                    PrivcmdCall.dmOp, EventChannelCall.notify, PrivcmdCall.mmapBatchV2, EventChannelCall.unbind,
                    EventChannelCall.reset,
                ])
            ]
        case .sandbox:
            // Packets with descriptors, both ways, and mappings of these: `confinedDaemon` has them.
            [SystemCallRule(.sendmsg), SystemCallRule(.recvmsg)]
        }
    }
}
