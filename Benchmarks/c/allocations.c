/*
 * LD_PRELOAD: counts a program's heap allocations, and tells the number on stderr when it ends. Not for threads.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

/* glibc's own names for what is defined here in its place. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static unsigned long count;

void *malloc(size_t bytes)
{
    count++;
    return __libc_malloc(bytes);
}

void *calloc(size_t members, size_t bytes)
{
    count++;
    return __libc_calloc(members, bytes);
}

void *realloc(void *old, size_t bytes)
{
    count++;
    return __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    count++;
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **result, size_t alignment, size_t bytes)
{
    count++;
    *result = __libc_memalign(alignment, bytes);
    return *result ? 0 : ENOMEM;
}

__attribute__((destructor)) static void tell(void)
{
    fprintf(stderr, "allocations %lu\n", count);
}
