// What SystemCalls needs of libc, in one module that normal and Embedded Swift import alike (Embedded Swift has no
// Glibc module).
// Not for: logic; a shim stands here only where Swift can't say it (variadic functions, errno, macros with casts).
#ifndef CORBEL_CSYSTEM_H
#define CORBEL_CSYSTEM_H

// No _GNU_SOURCE: with it some structures (fd_set) have other fields than in Swift's own Glibc module, and a program
// that sees both, by Foundation, does not compile.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The flags are enumerators of an anonymous enum.
static inline ssize_t corbel_send_at_once(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static inline int corbel_socket_pair(int descriptors[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors);
}

// Sockets of packets (SOCK_SEQPACKET) with a name in the file system, and descriptors that travel in packets. The
// control messages are macros, and the flags enumerators of an anonymous enum.
static inline int corbel_packet_socket(void) { return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0); }
static inline int corbel_packet_pair(int descriptors[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, descriptors);
}
// -1 with ENAMETOOLONG when the path has no room in an address.
static inline int corbel_unix_address(struct sockaddr_un *address, const char *path) {
    if (strlen(path) >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, path);
    return 0;
}
static inline int corbel_bind_path(int descriptor, const char *path) {
    struct sockaddr_un address;
    if (corbel_unix_address(&address, path) != 0) return -1;
    return bind(descriptor, (const struct sockaddr *)&address, sizeof address);
}
static inline int corbel_connect_path(int descriptor, const char *path) {
    struct sockaddr_un address;
    if (corbel_unix_address(&address, path) != 0) return -1;
    return connect(descriptor, (const struct sockaddr *)&address, sizeof address);
}
// Sockets of datagrams (SOCK_DGRAM). A path that begins with @ is a name that no file system has: its first byte is 0.
static inline int corbel_datagram_socket(void) { return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); }
// The bytes of such an address; every one counts, so that there are none behind a name. -1 with ENAMETOOLONG.
static inline int corbel_name_address(struct sockaddr_un *address, const char *name) {
    if (corbel_unix_address(address, name) != 0) return -1;
    if (name[0] != '@') return (int)sizeof *address;
    address->sun_path[0] = 0;
    return (int)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
}
static inline int corbel_connect_name(int descriptor, const char *name) {
    struct sockaddr_un address;
    int count = corbel_name_address(&address, name);
    return count < 0 ? -1 : connect(descriptor, (const struct sockaddr *)&address, (socklen_t)count);
}
static inline int corbel_bind_name(int descriptor, const char *name) {
    struct sockaddr_un address;
    int count = corbel_name_address(&address, name);
    return count < 0 ? -1 : bind(descriptor, (const struct sockaddr *)&address, (socklen_t)count);
}
// Sockets of bytes (SOCK_STREAM) that never wait.
static inline int corbel_stream_socket(void) {
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}
// The errno that a connection under way has ended with, 0 when it is there; -1 with errno when that can't be known.
static inline int corbel_socket_error(int descriptor) {
    int error = 0;
    socklen_t count = sizeof error;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &count) == 0 ? error : -1;
}
static inline int corbel_open_at(int directory, const char *path, int flags, uint32_t mode) {
    return openat(directory, path, flags, (mode_t)mode);
}

// From here on connecting, sending and receiving wait so long at most: EAGAIN.
static inline int corbel_limit_waiting(int descriptor, int milliseconds) {
    // A timeval of a 64-bit system; naming the structure would bring in headers that feature-test macros change.
    int64_t time[2] = {milliseconds / 1000, milliseconds % 1000 * 1000};
    if (setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) != 0) return -1;
    return setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}
// Waits for nobody when the socket is non-blocking. The new descriptor is closed on exec.
static inline int corbel_accept(int descriptor) {
    extern int accept4(int, struct sockaddr *, socklen_t *, int);
    return accept4(descriptor, NULL, NULL, SOCK_CLOEXEC);
}
// struct ucred is hidden by feature-test macros.
struct corbel_peer {
    int32_t process;
    uint32_t user, group;
};
static inline int corbel_peer(int descriptor, struct corbel_peer *peer) {
    socklen_t count = sizeof *peer;
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, peer, &count);
}
#define CORBEL_PACKET_DESCRIPTORS_MAX 16
union corbel_control {
    struct cmsghdr alignment;
    char bytes[CMSG_SPACE(CORBEL_PACKET_DESCRIPTORS_MAX * sizeof(int))];
};
static inline ssize_t corbel_send_packet(
    int descriptor, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count, int waits) {
    union corbel_control control;
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (descriptor_count > CORBEL_PACKET_DESCRIPTORS_MAX) {
        errno = E2BIG;
        return -1;
    }
    if (descriptor_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptor_count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, descriptor_count * sizeof(int));
    }
    return sendmsg(descriptor, &message, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
}
// `descriptors` has room for CORBEL_PACKET_DESCRIPTORS_MAX. -1 with EMSGSIZE for a packet, or descriptors, that don't
// fit: descriptors that came with it are closed.
static inline ssize_t corbel_receive_packet(
    int descriptor, void *bytes, size_t count, int *descriptors, size_t *descriptor_count, int waits) {
    union corbel_control control;
    struct iovec piece = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *descriptor_count = 0;
    ssize_t answer = recvmsg(descriptor, &message, MSG_CMSG_CLOEXEC | (waits ? 0 : MSG_DONTWAIT));
    if (answer < 0) return answer;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t carried = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < carried; index++) {
            int number;
            memcpy(&number, CMSG_DATA(header) + index * sizeof(int), sizeof number);
            if (*descriptor_count < CORBEL_PACKET_DESCRIPTORS_MAX) descriptors[(*descriptor_count)++] = number;
            else close(number);
        }
    }
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        for (size_t index = 0; index < *descriptor_count; index++) close(descriptors[index]);
        *descriptor_count = 0;
        errno = EMSGSIZE;
        return -1;
    }
    return answer;
}

// errno is a macro.
static inline int corbel_errno(void) { return errno; }

// Variadic in C. The request is unsigned long in glibc and int in musl.
static inline int corbel_ioctl_value(int descriptor, uint32_t request, uintptr_t value) {
    return ioctl(descriptor, request, value);
}
static inline int corbel_ioctl(int descriptor, uint32_t request, void *argument) {
    return ioctl(descriptor, request, argument);
}
// By openat, which a confined program may call: older C libraries' open is another call.
static inline int corbel_open(const char *path, int flags, uint32_t mode) {
    return openat(AT_FDCWD, path, flags, (mode_t)mode);
}
static inline int corbel_fcntl_get(int descriptor, int command) { return fcntl(descriptor, command); }
static inline int corbel_fcntl_set(int descriptor, int command, int value) { return fcntl(descriptor, command, value); }

// Locks of an open file description (F_OFD_*), over the whole file: hidden by feature-test macros, numbers of the
// kernel's fcntl.h. The kernel gives them back when the last descriptor of the open file goes, however its process
// ends.
static inline int corbel_lock_for_writing(int descriptor) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, 37 /* F_OFD_SETLK */, &lock);
}
// 1 when somebody else holds the lock, 0 when nobody does, -1 with errno.
static inline int corbel_is_locked(int descriptor) {
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, 36 /* F_OFD_GETLK */, &lock) != 0) return -1;
    return lock.l_type != F_UNLCK;
}

// Swift forbids the name. For a process that has one thread.
static inline int corbel_fork(void) { return fork(); }

// Another program in a process of its own, with no signal blocked, whose output goes to a descriptor and whose input
// and complaints are nothing. One that can't be executed ends with status 127. For a process that has one thread.
static inline int corbel_start_program(const char *path, char *const arguments[], int output) {
    sigset_t none;
    int nowhere, process = fork();
    if (process != 0) return process;
    nowhere = open("/dev/null", O_RDWR);
    if (nowhere < 0 || dup2(nowhere, 0) < 0 || dup2(output, 1) < 0 || dup2(nowhere, 2) < 0) _exit(127);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    execv(path, arguments);
    _exit(127);
}
// Another program in this process; it comes back with errno when that can't be, and all is as it was. Signals that are
// blocked stay so, or are let in before.
static inline int corbel_become_program(const char *path, char *const arguments[], int keeps_signals) {
    sigset_t none, old;
    int code;
    if (!keeps_signals) {
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, &old);
    }
    execv(path, arguments);
    code = errno;
    if (!keeps_signals) sigprocmask(SIG_SETMASK, &old, NULL);
    errno = code;
    return -1;
}

// The program's name without folders, as it was called; kept by the C library.
static inline const char *corbel_program_name(void) {
    extern char *program_invocation_short_name;
    return program_invocation_short_name;
}

// Hidden by feature-test macros in what Swift's compiler sees.
static inline char *corbel_secure_getenv(const char *name) {
    extern char *secure_getenv(const char *);
    return secure_getenv(name);
}
static inline int corbel_memfd_create(const char *name) {
    extern int memfd_create(const char *, unsigned int);
    return memfd_create(name, 0x0001U /* MFD_CLOEXEC */);
}
static inline int corbel_sealable_memfd_create(const char *name) {
    extern int memfd_create(const char *, unsigned int);
    return memfd_create(name, 0x0003U /* MFD_CLOEXEC | MFD_ALLOW_SEALING */);
}
// Its length stays what it is, for everybody and for ever. Numbers of the kernel's fcntl.h.
static inline int corbel_seal_length(int descriptor) {
    return fcntl(descriptor, 1033 /* F_ADD_SEALS */, 0x0007 /* F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW */);
}

// MAP_FAILED is a cast.
static inline int corbel_map_failed(const void *address) { return address == MAP_FAILED; }

// The names of these differ or are enums without a Swift face; here they are numbers.
static const int corbel_map_anonymous_locked = MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE;
static const int corbel_map_reserved = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
static const int corbel_map_shared_fixed = MAP_SHARED | MAP_FIXED;
static const int corbel_eventfd_flags = EFD_CLOEXEC | EFD_NONBLOCK;
static const int corbel_timerfd_flags = TFD_CLOEXEC | TFD_NONBLOCK;
static const int corbel_signalfd_flags = SFD_CLOEXEC | SFD_NONBLOCK;
static const int corbel_timer_absolute = TFD_TIMER_ABSTIME;
static const uint32_t corbel_epoll_in = EPOLLIN;
static const uint32_t corbel_epoll_out = EPOLLOUT;
static const uint32_t corbel_epoll_edge = EPOLLET;

static inline int corbel_pipe2(int ends[2]) {
    extern int pipe2(int[2], int);
    return pipe2(ends, O_CLOEXEC);
}
// The resource is an enumerator.
static inline void corbel_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}
static inline int64_t corbel_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    return limit.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)limit.rlim_cur;
}
// SIG_IGN is a cast.
static inline int corbel_ignore_signal(int number) { return signal(number, SIG_IGN) == SIG_ERR ? -1 : 0; }
static inline int corbel_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

#endif
