// What a daemon gives up, as DaemonConfinement needs it: root, namespaces, rights, limits, system calls.
// Not for: logic; a shim stands here only where Swift can't say it (variadic functions, what feature-test macros hide).
// Numbers are those of the kernel's headers, the same for x86-64 and arm64.
#ifndef CORBEL_CONFINEMENT_H
#define CORBEL_CONFINEMENT_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// Variadic, and glibc before 2.34 has no function for it.
static inline int corbel_close_range(uint32_t first, uint32_t last) {
    extern long syscall(long, ...);
    return (int)syscall(436 /* close_range */, first, last, 0U);
}
// No core file, and no other process of the same user may look into this one.
static inline int corbel_forbid_dumping(void) {
    extern int prctl(int, ...);
    return prctl(4 /* PR_SET_DUMPABLE */, 0UL, 0UL, 0UL, 0UL);
}
static inline int corbel_forbid_new_privileges(void) {
    extern int prctl(int, ...);
    return prctl(38 /* PR_SET_NO_NEW_PRIVS */, 1UL, 0UL, 0UL, 0UL);
}
static inline int corbel_change_root(const char *path) {
    extern int chroot(const char *);
    return chroot(path);
}
// Mounts, IPC, network and host name of its own: CLONE_NEWNS, NEWIPC, NEWNET, NEWUTS.
static inline int corbel_leave_namespaces(void) {
    extern int unshare(int);
    return unshare(0x00020000 | 0x08000000 | 0x40000000 | 0x04000000);
}
static inline int corbel_set_only_group(uint32_t group) {
    extern int setgroups(size_t, const gid_t *);
    gid_t groups[1] = {group};
    return setgroups(1, groups);
}
// SIG_DFL is a cast.
static inline int corbel_default_signal(int number) { return signal(number, SIG_DFL) == SIG_ERR ? -1 : 0; }
// The resource is an enumerator in C.
static inline int corbel_set_limit(int resource, uint64_t value) {
    struct rlimit limit = {.rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value};
    return setrlimit(resource, &limit);
}
static inline int corbel_get_limit(int resource, uint64_t *soft, uint64_t *hard) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return -1;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
}
// For all threads. The instructions are struct sock_filter, 8 bytes each; the argument is struct sock_fprog.
static inline int corbel_install_filter(const uint64_t *instructions, uint16_t count) {
    extern long syscall(long, ...);
    struct {
        uint16_t count;
        const uint64_t *instructions;
    } program = {count, instructions};
    return (int)syscall(SYS_seccomp, 1U /* SECCOMP_SET_MODE_FILTER */, 1U /* SECCOMP_FILTER_FLAG_TSYNC */, &program);
}
// A lock of the process' own (lockf, F_SETLK), over the whole file. It goes with the process, and with any descriptor
// of the file that the process closes.
static inline int corbel_lock_for_process(int descriptor) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_SETLK, &lock);
}
// The process that keeps others from such a lock: 0 when none does, -1 when it is a lock of an open file description.
static inline int corbel_locking_process(int descriptor, int32_t *owner) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_GETLK, &lock) != 0) return -1;
    *owner = lock.l_type == F_UNLCK ? 0 : lock.l_pid;
    return 0;
}

#endif
