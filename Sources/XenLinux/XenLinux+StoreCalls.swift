// The system calls that a Xenstore server makes to Xen's drivers while it serves, for one that gives up all others.
// Not for: opening the drivers (XenLinux+Store).

public import SystemCalls
internal import XenABI

extension XenLinux {
    /// What a confined Xenstore server needs beside reading, writing, waiting, memory and time (DaemonConfinement's
    /// `confinedDaemon`): it maps grants, binds and unbinds ports, notifies, and asks Xen by hypercalls, which a filter
    /// can't tell apart. Source: xenstored.md 8.8, 9.
    public static var storeCalls: [SystemCallRule] {
        [
            .ioctl([
                EventChannelCall.notify, EventChannelCall.bindInterdomain, EventChannelCall.bindVIRQ,
                EventChannelCall.unbind, EventChannelCall.reset, GrantDeviceCall.mapGrantReference,
                GrantDeviceCall.unmapGrantReference, PrivcmdCall.hypercall,
            ])
        ]
    }
}
