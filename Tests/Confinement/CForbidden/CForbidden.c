// See the header. Arguments are such that nothing comes of a call that is let through: descriptors that are not open,
// addresses that are not mapped.
#include "CForbidden.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern long syscall(long, ...);

struct call {
    const char *name;
    long number, arguments[6];
};

static char page[4096] __attribute__((aligned(4096)));

// The calls' own names stand first, then those of the same call with other arguments.
#define PLAIN(name) {#name, SYS_##name, {-1, -1, -1, -1, -1, -1}}
#define ZEROS(name) {#name, SYS_##name, {0}}
static const struct call forbidden[] = {
    {"clone", SYS_clone, {SIGCHLD}},
    {"clone3", 435, {0, 0}},
#ifdef SYS_fork
    ZEROS(fork), ZEROS(vfork), ZEROS(open), ZEROS(stat), ZEROS(unlink), ZEROS(rename), ZEROS(getdents), ZEROS(pause),
    ZEROS(arch_prctl), ZEROS(modify_ldt), {"iopl", SYS_iopl, {0}}, {"ioperm", SYS_ioperm, {-1, 1, 0}}, PLAIN(poll),
    PLAIN(select), ZEROS(time), PLAIN(epoll_create), PLAIN(dup2),
#endif
    ZEROS(execve), {"execveat", SYS_execveat, {-1, 0}}, PLAIN(ptrace),
    ZEROS(mount), ZEROS(umount2), ZEROS(pivot_root), ZEROS(chroot), ZEROS(chdir), PLAIN(fchdir),
    PLAIN(bpf), {"io_uring_setup", 425, {0, 0}}, {"io_uring_enter", 426, {-1}}, {"io_uring_register", 427, {-1}},
    {"socket of AF_INET", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
    {"socket of AF_INET6", SYS_socket, {AF_INET6, SOCK_STREAM, 0}},
    {"socket of AF_NETLINK", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}},
    {"socket of AF_PACKET", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
    {"socket of AF_VSOCK", SYS_socket, {40, SOCK_STREAM, 0}},
    {"socket of AF_UNIX for datagrams", SYS_socket, {AF_UNIX, SOCK_DGRAM, 0}},
    {"socket of AF_UNIX for packets", SYS_socket, {AF_UNIX, SOCK_SEQPACKET, 0}},
    {"socket with a flag that is not known", SYS_socket, {AF_UNIX, SOCK_STREAM | 0x100, 0}},
    PLAIN(socketpair), PLAIN(bind), PLAIN(listen), PLAIN(accept4), PLAIN(accept), PLAIN(setsockopt), PLAIN(sendmmsg),
    PLAIN(recvmmsg), PLAIN(getpeername), PLAIN(getsockname),
    {"mmap to be executed", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
    {"mmap to be written and executed", SYS_mmap, {0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
    {"mprotect to be executed", SYS_mprotect, {(long)page, 4096, PROT_READ | PROT_EXEC}},
    {"mprotect to be executed alone", SYS_mprotect, {(long)page, 4096, PROT_EXEC}},
    PLAIN(pkey_mprotect), ZEROS(remap_file_pages), PLAIN(memfd_create), {"memfd_secret", 447, {-1}}, PLAIN(shmget),
    PLAIN(shmat), PLAIN(userfaultfd), PLAIN(mlock), PLAIN(process_vm_readv), PLAIN(process_vm_writev),
    {"kill of another", SYS_kill, {1, 0}}, {"kill of all", SYS_kill, {-1, 0}}, PLAIN(tkill),
    {"tgkill of another", SYS_tgkill, {1, 1, 0}}, PLAIN(rt_sigqueueinfo), {"pidfd_open", 434, {-1}},
    {"pidfd_getfd", 438, {-1, -1, 0}}, {"pidfd_send_signal", 424, {-1}}, PLAIN(kcmp),
    PLAIN(open_by_handle_at), PLAIN(name_to_handle_at), {"openat2", 437, {-1, 0, 0, 0}},
    ZEROS(unshare), PLAIN(setns), {"setuid", SYS_setuid, {0}}, {"setgid", SYS_setgid, {0}}, PLAIN(setreuid),
    PLAIN(setresuid), PLAIN(setresgid), {"setgroups", SYS_setgroups, {0, 0}}, PLAIN(setfsuid), PLAIN(setpgid),
    ZEROS(capset), {"prctl", SYS_prctl, {PR_SET_DUMPABLE, 1}}, {"seccomp", SYS_seccomp, {-1}},
    {"personality", SYS_personality, {0xffffffff}}, PLAIN(keyctl), PLAIN(add_key), PLAIN(request_key),
    {"mknodat", SYS_mknodat, {-1, 0}}, {"mkdirat", SYS_mkdirat, {-1, 0}}, {"linkat", SYS_linkat, {-1, 0}},
    {"symlinkat", SYS_symlinkat, {0, -1, 0}}, {"fchmodat", SYS_fchmodat, {-1, 0}}, PLAIN(fchmod), PLAIN(fchown),
    {"fchownat", SYS_fchownat, {-1, 0}}, ZEROS(truncate), PLAIN(fallocate), PLAIN(getdents64), PLAIN(readlinkat),
    ZEROS(setxattr), PLAIN(flock), PLAIN(dup), PLAIN(dup3), PLAIN(pipe2), PLAIN(splice), PLAIN(tee), PLAIN(vmsplice),
    PLAIN(sendfile), PLAIN(copy_file_range), PLAIN(pread64), PLAIN(pwrite64),
    PLAIN(perf_event_open), ZEROS(init_module), PLAIN(finit_module), PLAIN(delete_module), PLAIN(kexec_load),
    {"reboot", SYS_reboot, {0}}, ZEROS(swapon), ZEROS(sethostname), ZEROS(settimeofday), PLAIN(clock_settime),
    ZEROS(adjtimex), PLAIN(acct), PLAIN(quotactl), PLAIN(syslog), PLAIN(inotify_init1), PLAIN(fanotify_init),
    PLAIN(signalfd4), PLAIN(timerfd_create), PLAIN(eventfd2), PLAIN(epoll_create1), PLAIN(timer_create),
    PLAIN(prlimit64), PLAIN(setrlimit), PLAIN(setpriority), PLAIN(sched_setscheduler), PLAIN(sched_setaffinity),
    PLAIN(mbind), PLAIN(getppid), PLAIN(uname), PLAIN(getuid), PLAIN(ppoll),
    {"ioctl TIOCSTI", SYS_ioctl, {0, 0x5412, 0}}, {"ioctl TCGETS", SYS_ioctl, {-1, 0x5401, 0}},
    {"ioctl FIONBIO", SYS_ioctl, {-1, 0x5421, 0}}, {"ioctl privcmd hypercall", SYS_ioctl, {-1, 0x00305000, 0}},
    {"ioctl privcmd restrict", SYS_ioctl, {-1, 0x00025006, 0}},
    {"ioctl privcmd mmap-resource", SYS_ioctl, {-1, 0x00205007, 0}},
    {"ioctl evtchn bind", SYS_ioctl, {-1, 0x00084501, 0}}, {"ioctl gntdev map", SYS_ioctl, {-1, 0x00184700, 0}},
    {"ioctl evtchn bind virq", SYS_ioctl, {-1, 0x00044500, 0}},
    {"ioctl evtchn bind unbound", SYS_ioctl, {-1, 0x00044502, 0}},
    {"ioctl gntdev unmap", SYS_ioctl, {-1, 0x00104701, 0}},
    {"ioctl gntdev set max grants", SYS_ioctl, {-1, 0x00044703, 0}},
    {"fcntl F_SETOWN", SYS_fcntl, {-1, 8, 1}}, {"fcntl F_SETSIG", SYS_fcntl, {-1, 10, 9}},
    {"fcntl F_NOTIFY", SYS_fcntl, {-1, 1026, 0}}, {"fcntl F_SETLEASE", SYS_fcntl, {-1, 1024, 0}},
    {"fcntl F_ADD_SEALS", SYS_fcntl, {-1, 1033, 0}}, {"fcntl F_SETPIPE_SZ", SYS_fcntl, {-1, 1031, 0}},
    {"a number that is no call", 1000, {0}},
    {"a negative number", -1, {0}},
    {"x32 getpid", 0x40000000 + SYS_getpid, {0}},
    {"x32 write", 0x40000000 + SYS_write, {-1, 0, 0}},
    {"x32 execve", 0x40000000 + 520, {0}},
};

#define DEVICE(name, request) {"ioctl " name, SYS_ioctl, {-1, request, 0}}
static const struct call allowed[] = {
    PLAIN(read), PLAIN(write), PLAIN(readv), PLAIN(writev), PLAIN(recvfrom), PLAIN(recvmsg), PLAIN(sendto),
    PLAIN(sendmsg), PLAIN(close), PLAIN(fstat), {"newfstatat", SYS_newfstatat, {-1, (long)"", (long)page, 0x1000}},
    PLAIN(lseek), PLAIN(ftruncate), PLAIN(fsync), PLAIN(fdatasync), {"openat", SYS_openat, {-1, 0, 0}},
    {"renameat", SYS_renameat, {-1, 0, -1, 0}}, {"renameat2", SYS_renameat2, {-1, 0, -1, 0, 0}},
    {"unlinkat", SYS_unlinkat, {-1, 0, 0}},
    {"fcntl F_DUPFD_CLOEXEC", SYS_fcntl, {-1, 1030, 0}}, {"fcntl F_GETFL", SYS_fcntl, {-1, F_GETFL}},
    {"fcntl F_SETFL", SYS_fcntl, {-1, F_SETFL, 0}}, {"fcntl F_GETFD", SYS_fcntl, {-1, F_GETFD}},
    {"fcntl F_SETLK", SYS_fcntl, {-1, F_SETLK, 0}}, {"fcntl F_OFD_SETLK", SYS_fcntl, {-1, 37, 0}},
    DEVICE("privcmd dm-op", 0x00105005), DEVICE("privcmd mmap-batch", 0x00205004),
    DEVICE("evtchn notify", 0x00044504), DEVICE("evtchn unbind", 0x00044503), DEVICE("evtchn reset", 0x00004505),
    {"mmap", SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
    {"mprotect", SYS_mprotect, {(long)page, 4096, PROT_READ | PROT_WRITE}}, {"munmap", SYS_munmap, {1, 0}},
    {"mremap", SYS_mremap, {1, 0, 0, 0, 0}}, ZEROS(brk), {"madvise", SYS_madvise, {1, 0, 0}},
    {"futex", SYS_futex, {(long)page, 1, 1, 0, 0, 0}}, PLAIN(epoll_ctl),
#ifdef SYS_epoll_wait
    PLAIN(epoll_wait),
#endif
    PLAIN(epoll_pwait), PLAIN(timerfd_settime),
    {"socket", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
    {"socket that does not wait", SYS_socket, {AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0}},
    PLAIN(connect), PLAIN(getsockopt), PLAIN(shutdown), {"clock_gettime", SYS_clock_gettime, {1, (long)page}},
    PLAIN(clock_nanosleep), {"getrandom", SYS_getrandom, {(long)page, 8, 0}}, ZEROS(getpid), ZEROS(gettid),
    {"rt_sigaction", SYS_rt_sigaction, {SIGUSR2, 0, 0, 8}}, {"rt_sigprocmask", SYS_rt_sigprocmask, {0, 0, 0, 8}},
    ZEROS(sigaltstack), ZEROS(restart_syscall), ZEROS(exit), ZEROS(exit_group),
};

static int count(int of_allowed) {
    return of_allowed ? sizeof allowed / sizeof *allowed : sizeof forbidden / sizeof *forbidden;
}

// Made by the functions below.
static const char *const others[] = {"pthread_create", "the 32-bit entry", NULL};

const char *cforbidden_name(int index) {
    if (index < count(0)) return forbidden[index].name;
    index -= count(0);
    return index < 2 ? others[index] : NULL;
}

const char *cforbidden_allowed_name(int index) { return index < count(1) ? allowed[index].name : NULL; }

static void *thread(void *nothing) { return nothing; }

// Why the last call that was made has failed; 0: it has not.
static int error;

static void make_thread(void) {
    pthread_t made;
    error = pthread_create(&made, NULL, thread, NULL);
    if (error == 0) pthread_join(made, NULL);
}

// getpid by int 0x80: a number that is allowed, by an entry that is not. A kernel without it sends SIGSEGV.
static void old_entry(void) {
#if defined(__x86_64__)
    long answer = 20;
    __asm__ volatile("int $0x80" : "+a"(answer) : : "memory", "r8", "r9", "r10", "r11");
#else
    raise(SIGSEGV);
#endif
}

static int make(const struct call *calls, int end, const char *name) {
    for (int index = 0; index < end; index++) {
        const long *a = calls[index].arguments;
        if (strcmp(calls[index].name, name) != 0) continue;
        error = syscall(calls[index].number, a[0], a[1], a[2], a[3], a[4], a[5]) == -1 ? errno : 0;
        return 1;
    }
    return 0;
}

int cforbidden_make(const char *name) {
    if (strcmp(name, others[0]) == 0) return make_thread(), 1;
    if (strcmp(name, others[1]) == 0) return old_entry(), 1;
    return make(forbidden, count(0), name) || make(allowed, count(1), name);
}

int cforbidden_was_refused(void) { return error == EPERM; }

int cforbidden_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }
int cforbidden_no_new_privileges(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); }

int cforbidden_fork(void) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child < 0) return -errno;
    waitpid(child, NULL, 0);
    return child;
}

int cforbidden_listen(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    if (bind(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) return -errno;
    if (chmod(path, 0777) != 0) return -errno;
    return listen(descriptor, 4) != 0 ? -errno : descriptor;
}

// lockf, which feature-test macros hide, as it is: F_SETLK of the whole file.
static void lock_and_wait(const char *path, int told, int until) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int file = open(path, O_RDWR | O_CREAT, 0600);
    if (file < 0 || write(file, "old\n", 4) != 4 || fcntl(file, F_SETLK, &lock) != 0) _exit(1);
    if (write(told, "", 1) != 1) _exit(1);
    char end;
    // Ends when the parent does.
    _exit(read(until, &end, 1) != 0);
}

int cforbidden_lock_in_child(const char *path) {
    int told[2], until[2];
    char word;
    if (pipe(told) != 0 || pipe(until) != 0) return -errno;
    pid_t child = fork();
    if (child == 0) {
        close(until[1]);
        lock_and_wait(path, told[1], until[0]);
    }
    close(told[1]);
    return child < 0 ? -errno : read(told[0], &word, 1) == 1 ? child : -EIO;
}

static volatile sig_atomic_t caught;
static void catch(int number) { caught = number == SIGUSR1; }

int cforbidden_signal(void) {
    struct sigaction action = {.sa_handler = catch};
    if (sigaction(SIGUSR1, &action, NULL) != 0) return -errno;
    raise(SIGUSR1);
    return caught;
}

void cforbidden_abort(void) { abort(); }
