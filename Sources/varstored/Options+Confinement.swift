// What the daemon gives up, as its options say. Source: varstored.md 12.1, 12.5.
// Not for: giving it up (DaemonConfinement).
internal import DaemonConfinement
internal import SystemCalls
internal import XenLinux

extension Options {
    /// What is given up before anything of the guest's is read.
    func confinement(on hypervisor: HypervisorChoice) -> Confinement {
        var confinement = Confinement(
            root: root, user: userID == 0 ? nil : userID, group: groupID == 0 ? nil : groupID,
            leavesNamespaces: confines)
        if confines {
            confinement.limits = .variableDaemon
            confinement.filter = SystemCallFilter(SystemCallRule.confinedDaemon + hypervisor.confinedCalls)
        }
        return confinement
    }
}
