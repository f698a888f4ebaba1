/*
 * LD_PRELOAD: counts a program's heap allocations and its calls of the system, and tells them on stderr when it ends.
 * Unlike strace it does not slow the program down, so that what depends on who is quicker stays as it is. It sees
 * libc's functions only: strace tells whether a program makes other calls. Not for threads.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>


extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static unsigned long allocations, reads, writes, polls, ioctls, empty_reads;

void *malloc(size_t bytes)
{
    allocations++;
    return __libc_malloc(bytes);
}

void *calloc(size_t members, size_t bytes)
{
    allocations++;
    return __libc_calloc(members, bytes);
}

void *realloc(void *old, size_t bytes)
{
    allocations++;
    return __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    allocations++;
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **result, size_t alignment, size_t bytes)
{
    allocations++;
    *result = __libc_memalign(alignment, bytes);
    return *result ? 0 : ENOMEM;
}

/* The next definition of a function, looked up once. */
#define NEXT(name) \
    static __typeof__(name) *next; \
    if (!next) \
        next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t read(int fd, void *buffer, size_t bytes)
{
    ssize_t got;

    NEXT(read);
    reads++;
    got = next(fd, buffer, bytes);
    if (got < 0 && errno == EAGAIN)
        empty_reads++;
    return got;
}

ssize_t write(int fd, const void *buffer, size_t bytes)
{
    NEXT(write);
    writes++;
    return next(fd, buffer, bytes);
}

int poll(struct pollfd *fds, nfds_t count, int milliseconds)
{
    NEXT(poll);
    polls++;
    return next(fds, count, milliseconds);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    void *argument;

    va_start(list, request);
    argument = va_arg(list, void *);
    va_end(list);
    NEXT(ioctl);
    ioctls++;
    return next(fd, request, argument);
}

__attribute__((destructor)) static void tell(void)
{
    fprintf(stderr, "count allocations %lu\ncount read %lu\ncount EAGAIN %lu\ncount write %lu\ncount poll %lu\ncount ioctl %lu\n",
            allocations, reads, empty_reads, writes, polls, ioctls);
}
