// What the daemon gives up, as its options say.
// Not for: giving it up (DaemonConfinement).
//
// It stays root: whoever may open Xen's devices has the host. No core file and no new privileges are for every start,
// since a live update can do without both. A filter of system calls stays over exec, for ever, and the program that
// a live update starts may be another version, or another daemon, and need calls that this one does not know; the host's
// store would be gone with it. So the filter is for who asks for it, and rules live update out.

internal import DaemonConfinement
internal import SystemCalls
internal import XenLinux

extension Options {
    /// What is given up before the first client is served.
    var confinement: Confinement {
        guard isConfined else { return Confinement() }
        let calls = SystemCallRule.confinedDaemon + SystemCallRule.serving + XenLinux.storeCalls
        // Refused, not killed: of a call that nobody has thought of one request suffers, not the host.
        return Confinement(filter: SystemCallFilter(calls, refusal: .notPermitted))
    }
}
