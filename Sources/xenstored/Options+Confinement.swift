// What the daemon gives up, as its options say. Source: issue 9.
// Not for: giving it up (DaemonConfinement).
//
// It stays root: whoever may open Xen's devices has the host. No core file and no new privileges are for every start,
// since a live update can do without both. A filter of system calls stays over exec, for ever, and the program that
// a live update starts may be another version, or another daemon, and need calls that this one does not know; the
// host's store would be gone with it. So the filter is for who asks for it, and rules live update out.

internal import DaemonConfinement
internal import SystemCalls
internal import XenLinux

extension Options {
    /// Gives up what serving never needs. Descriptors that were inherited are closed by then. Throws what the kernel
    /// answers, EINVAL say where it has no filters.
    func giveUpRights() throws(SystemError) {
        try forbidDumping()
        try forbidNewPrivileges()
        guard isConfined else { return }
        endAtCrashes()
        let calls = SystemCallRule.confinedDaemon + SystemCallRule.serving + XenLinux.storeCalls
        // Refused, not killed: of a call that nobody has thought of one request suffers, not the host.
        try SystemCallFilter(calls, refusal: .notPermitted).install()
    }
}
