/* What the sandbox's benchmark needs of the system beside what device models need: other processes, and the heap. */
#pragma once

#include <stdint.h>

/* Heap allocations of this program so far. */
uint64_t corbel_bench_allocations(void);
/* Bytes of the heap in use. */
uint64_t corbel_bench_heap_bytes(void);
/* Bytes of memory that this process has from the system now. */
uint64_t corbel_bench_resident_bytes(void);
/* Pieces of 128 KiB and more go back to the system when they are freed, also after the first one was. */
void corbel_bench_keep_large_apart(void);

/*
 * Starts a program by its path, with arguments that are lines of one text. `variable`: a variable of its environment
 * with its value, as NAME=VALUE; null: none. Answers its process, or minus an errno.
 */
int32_t corbel_bench_spawn(const char *path, const char *arguments, const char *variable);
/* Ends a process of ours and waits for it. */
void corbel_bench_end(int32_t process);
/* Waits for a process of ours to end by itself. Answers its status; 255 when a signal has ended it. */
int32_t corbel_bench_wait(int32_t process);

/* How two processes tell each other that it is their turn. */
enum corbel_bench_bell {
    /* By eventfds: a write and a read on each side. */
    corbel_bench_eventfd,
    /* The same as a program with a loop makes it: each side polls its eventfd and another one before it reads. */
    corbel_bench_polled,
    /* By words of memory that they share, spinning: what one processor needs to tell another. */
    corbel_bench_words,
};

/*
 * Two processes that take turns and do nothing else, the other one on that processor. Writes the nanoseconds of each
 * round trip. Answers 0, or an errno.
 */
int32_t corbel_bench_ping_pong(uint32_t bell, int32_t processor, uint64_t *nanoseconds, int32_t count);

/* Ends this process after so many seconds, unless asked anew; 0: never. */
void corbel_bench_alarm(uint32_t seconds);

/* Keeps this process on one processor, the second one for 1 where there are two. */
void corbel_bench_pin(int32_t processor);
/* Processors that this process may use. */
int32_t corbel_bench_processors(void);
/* A moment on CLOCK_MONOTONIC. */
uint64_t corbel_bench_now(void);
/* Nanoseconds that this process has had a processor. */
uint64_t corbel_bench_processor_time(void);
/* The clock of the calling thread's processor time, for any thread of the process while this one lives. */
int32_t corbel_bench_thread_clock(void);
/* Nanoseconds of such a clock. */
uint64_t corbel_bench_thread_time(int32_t clock);
