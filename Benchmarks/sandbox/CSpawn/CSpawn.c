#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* glibc's own names for what is defined here in its place, to be counted. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static uint64_t allocations;

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

int posix_memalign(void **made, size_t alignment, size_t bytes)
{
    allocations++;
    *made = __libc_memalign(alignment, bytes);
    return *made ? 0 : ENOMEM;
}

uint64_t corbel_bench_allocations(void) { return allocations; }

uint64_t corbel_bench_heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

uint64_t corbel_bench_resident_bytes(void)
{
    unsigned long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    int count = fscanf(file, "%lu %lu", &all, &resident);
    fclose(file);
    return count == 2 ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void corbel_bench_keep_large_apart(void) { mallopt(M_MMAP_THRESHOLD, 128 * 1024); }

static uint64_t moment(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t corbel_bench_now(void) { return moment(CLOCK_MONOTONIC); }

uint64_t corbel_bench_processor_time(void) { return moment(CLOCK_PROCESS_CPUTIME_ID); }

int32_t corbel_bench_thread_clock(void)
{
    clockid_t clock;
    return pthread_getcpuclockid(pthread_self(), &clock) == 0 ? clock : CLOCK_THREAD_CPUTIME_ID;
}

uint64_t corbel_bench_thread_time(int32_t clock) { return moment(clock); }

void corbel_bench_alarm(uint32_t seconds) { alarm(seconds); }

static cpu_set_t usable;

int32_t corbel_bench_processors(void)
{
    if (CPU_COUNT(&usable) == 0 && sched_getaffinity(0, sizeof(usable), &usable) != 0)
        return 1;
    return CPU_COUNT(&usable);
}

void corbel_bench_pin(int32_t processor)
{
    int32_t count = corbel_bench_processors();
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int number = 0, found = 0; number < CPU_SETSIZE; number++)
        if (CPU_ISSET(number, &usable) && found++ == processor % count)
            CPU_SET(number, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

enum { WORDS_MAX = 16, VARIABLES_MAX = 256 };

int32_t corbel_bench_spawn(const char *path, const char *arguments, const char *variable)
{
    char *words[WORDS_MAX + 2] = {(char *)path}, *variables[VARIABLES_MAX + 2] = {NULL};
    char *text = strdup(arguments), *rest = text;
    int count = 0;
    for (int i = 1; i <= WORDS_MAX && rest; i++)
        words[i] = strsep(&rest, "\n");
    while (count < VARIABLES_MAX && environ[count]) {
        variables[count] = environ[count];
        count++;
    }
    variables[count] = (char *)variable;
    pid_t process;
    cpu_set_t ours;
    /* The new program may use what we might before we were pinned. */
    sched_getaffinity(0, sizeof(ours), &ours);
    if (corbel_bench_processors() > 1)
        sched_setaffinity(0, sizeof(usable), &usable);
    int code = posix_spawn(&process, path, NULL, NULL, words, variables);
    sched_setaffinity(0, sizeof(ours), &ours);
    free(text);
    return code ? -code : process;
}

int32_t corbel_bench_wait(int32_t process)
{
    int status;
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR)
            return 255;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

void corbel_bench_end(int32_t process)
{
    kill(process, SIGKILL);
    corbel_bench_wait(process);
}

/* A channel to the other process, and one from it. */
struct channels {
    int there, back, other;
    _Atomic uint32_t *words;
};

static void tell(int channel)
{
    uint64_t one = 1;
    if (write(channel, &one, sizeof(one)) != sizeof(one))
        _exit(1);
}

static void hear(int channel)
{
    uint64_t value;
    if (read(channel, &value, sizeof(value)) != sizeof(value))
        _exit(1);
}

static void polled(int channel, int other)
{
    struct pollfd both[] = {{channel, POLLIN, 0}, {other, POLLIN, 0}};
    while (poll(both, 2, -1) < 1 || !(both[0].revents & POLLIN))
        ;
    hear(channel);
}

static void await(_Atomic uint32_t *word, uint32_t value)
{
    while (atomic_load_explicit(word, memory_order_acquire) != value)
        ;
}

static void answer(const struct channels *c, uint32_t bell, int32_t count)
{
    for (int32_t i = 1; i <= count; i++) {
        if (bell == corbel_bench_words) {
            await(c->words, (uint32_t)i);
            atomic_store_explicit(c->words + 64, (uint32_t)i, memory_order_release);
            continue;
        }
        if (bell == corbel_bench_polled)
            polled(c->there, c->other);
        else
            hear(c->there);
        tell(c->back);
    }
    _exit(0);
}

static void ask(const struct channels *c, uint32_t bell, uint64_t *nanoseconds, int32_t count)
{
    for (int32_t i = 1; i <= count; i++) {
        uint64_t start = corbel_bench_now();
        if (bell == corbel_bench_words) {
            atomic_store_explicit(c->words, (uint32_t)i, memory_order_release);
            await(c->words + 64, (uint32_t)i);
        } else {
            tell(c->there);
            if (bell == corbel_bench_polled)
                polled(c->back, c->other);
            else
                hear(c->back);
        }
        nanoseconds[i - 1] = corbel_bench_now() - start;
    }
}

int32_t corbel_bench_ping_pong(uint32_t bell, int32_t processor, uint64_t *nanoseconds, int32_t count)
{
    struct channels c = {eventfd(0, 0), eventfd(0, 0), eventfd(0, 0), NULL};
    if (c.there < 0 || c.back < 0 || c.other < 0)
        return errno;
    c.words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c.words == MAP_FAILED)
        return errno;
    pid_t other = fork();
    if (other == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        corbel_bench_pin(processor);
        answer(&c, bell, count);
    }
    int32_t code = other < 0 ? errno : 0;
    if (!code) {
        ask(&c, bell, nanoseconds, count);
        code = corbel_bench_wait(other);
    }
    munmap((void *)c.words, 4096);
    close(c.there);
    close(c.back);
    close(c.other);
    return code;
}
