// What a process gives up and never gets back: its root, its namespaces, its user and groups, new privileges.
// Not for: in which order (Confinement).

internal import CSystem
public import SystemCalls

/// Gives up what programs with the set-user-id bit would add, for this process and all that it starts
/// (PR_SET_NO_NEW_PRIVS). A system-call filter needs it.
public func forbidNewPrivileges() throws(SystemError) {
    _ = try once("prctl") { corbel_forbid_new_privileges() }
}

/// No core file, and nobody but root may look into this process (PR_SET_DUMPABLE). The kernel may forget it when the
/// user or group changes: to be said again after that.
public func forbidDumping() throws(SystemError) {
    _ = try once("prctl") { corbel_forbid_dumping() }
}

/// Makes a folder the root, and the folder that paths begin in: a folder in use outside would lead back. Throws what
/// `chroot` answers: EPERM without CAP_SYS_CHROOT.
public func changeRoot(path: String) throws(SystemError) {
    // SAFETY: withCString gives a terminated string that lives throughout the call.
    _ = try once("chroot") { unsafe path.withCString { unsafe corbel_change_root($0) } }
    // SAFETY: as above.
    _ = try once("chdir") { unsafe "/".withCString { unsafe chdir($0) } }
}

/// Mounts, IPC, network and host name become this process' own. Sockets with a path are still found. Throws what
/// `unshare` answers: EPERM without CAP_SYS_ADMIN.
public func leaveNamespaces() throws(SystemError) {
    _ = try once("unshare") { corbel_leave_namespaces() }
}

/// Makes a group the only one: real, effective, saved and supplementary. Throws EPERM without CAP_SETGID.
public func setOnlyGroup(_ group: UInt32) throws(SystemError) {
    _ = try once("setgid") { setgid(group) }
    _ = try once("setgroups") { corbel_set_only_group(group) }
}

/// Makes a user the only one: real, effective and saved, when the process is root. Throws EPERM without CAP_SETUID,
/// EAGAIN, EINVAL for a number that no user of this namespace has.
public func setUser(_ user: UInt32) throws(SystemError) {
    _ = try once("setuid") { setuid(user) }
}
