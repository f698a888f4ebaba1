// What SystemCalls needs of libc, in one module that normal and Embedded Swift import alike (Embedded Swift has no
// Glibc module).
// Not for: logic; a shim stands here only where Swift can't say it (variadic functions, errno, macros with casts).
#ifndef CORBEL_CSYSTEM_H
#define CORBEL_CSYSTEM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

// The flags are enumerators of an anonymous enum.
static inline ssize_t corbel_send_at_once(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static inline int corbel_socket_pair(int descriptors[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors);
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
static inline int corbel_open(const char *path, int flags, uint32_t mode) { return open(path, flags, (mode_t)mode); }
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

// MAP_FAILED is a cast.
static inline int corbel_map_failed(const void *address) { return address == MAP_FAILED; }

// The names of these differ or are enums without a Swift face; here they are numbers.
static const int corbel_map_anonymous_locked = MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE;
static const int corbel_eventfd_flags = EFD_CLOEXEC | EFD_NONBLOCK;
static const int corbel_timerfd_flags = TFD_CLOEXEC | TFD_NONBLOCK;
static const int corbel_signalfd_flags = SFD_CLOEXEC | SFD_NONBLOCK;
static const int corbel_timer_absolute = TFD_TIMER_ABSTIME;
static const uint32_t corbel_epoll_in = EPOLLIN;
static const uint32_t corbel_epoll_out = EPOLLOUT;

static inline int corbel_pipe2(int ends[2]) {
    extern int pipe2(int[2], int);
    return pipe2(ends, O_CLOEXEC);
}
// SIG_IGN is a cast.
static inline int corbel_ignore_signal(int number) { return signal(number, SIG_IGN) == SIG_ERR ? -1 : 0; }
static inline int corbel_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

#endif
