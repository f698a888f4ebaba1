/*
 * Counts what a program does between its system calls, by ptrace, one instruction at a time: no clock, so no noise.
 *     steps NUMBER REQUEST SKIP COUNT PROGRAM ARGUMENT...
 * A round ends with system call NUMBER whose second argument is REQUEST (0: any). After SKIP rounds COUNT of them are
 * stepped through. Prints, of all of them together: steps INSTRUCTIONS PAGES CALLS, where PAGES are distinct 4 KiB
 * pages of code; with STEPS_MAP in the environment also: at MODULE OFFSET TIMES for each instruction that was met.
 * x86-64; the program has one thread.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACES (1 << 16) /* different instructions, more than any of our rounds has */

static struct place {
    uint64_t address;
    uint64_t times;
    int is_call; /* whether it is the instruction syscall */
} places[PLACES];

static pid_t child;
static uint64_t wanted_number, wanted_request, vdso_start, vdso_end;

static struct place *place_of(uint64_t address)
{
    size_t index = (address * 0x9e3779b97f4a7c15ull) >> 48;
    unsigned int tries;

    for (tries = 0; tries < PLACES; tries++, index = (index + 1) % PLACES) {
        struct place *place = &places[index];

        if (place->address == address)
            return place;
        if (!place->address) {
            place->address = address;
            place->is_call = (ptrace(PTRACE_PEEKTEXT, child, address, 0) & 0xffff) == 0x050f;
            return place;
        }
    }
    errx(1, "too many places");
}

/* Waits until the child stops; it must not end, and signals are handed to it. */
static int stop(void)
{
    int status;

    if (waitpid(child, &status, 0) != child)
        err(1, "waitpid");
    if (!WIFSTOPPED(status))
        errx(1, "the program ended before its rounds did");
    return WSTOPSIG(status);
}

static void go(int how)
{
    int signal = 0;

    do {
        if (ptrace(how, child, 0, signal))
            err(1, "ptrace");
        signal = stop();
    } while (signal != SIGTRAP && signal != (SIGTRAP | 0x80));
}

static struct user_regs_struct registers(void)
{
    struct user_regs_struct all;

    if (ptrace(PTRACE_GETREGS, child, 0, &all))
        err(1, "PTRACE_GETREGS");
    return all;
}

static int is_end(uint64_t number, uint64_t request)
{
    return number == wanted_number && (!wanted_request || (uint32_t)request == wanted_request);
}

static void run_to_rounds(unsigned long skip)
{
    unsigned long seen = 0;

    while (seen <= skip) {
        struct user_regs_struct regs;

        go(PTRACE_SYSCALL);
        regs = registers();
        if (is_end(regs.orig_rax, regs.rsi))
            seen++;
        go(PTRACE_SYSCALL); /* to the end of the call */
    }
}

/*
 * Runs to the end of the function that was just called. The clock of the vDSO reads its time again when it has changed
 * meanwhile, which it always has at this pace. It counts as one instruction.
 */
static void step_over(const struct user_regs_struct *regs)
{
    long back, code;

    back = ptrace(PTRACE_PEEKDATA, child, regs->rsp, 0);
    code = ptrace(PTRACE_PEEKTEXT, child, back, 0);
    if (ptrace(PTRACE_POKETEXT, child, back, (code & ~0xffL) | 0xcc))
        err(1, "PTRACE_POKETEXT");
    go(PTRACE_CONT);
    if (ptrace(PTRACE_POKETEXT, child, back, code))
        err(1, "PTRACE_POKETEXT");
    struct user_regs_struct after = registers();
    after.rip = back;
    if (ptrace(PTRACE_SETREGS, child, 0, &after))
        err(1, "PTRACE_SETREGS");
}

static void find_vdso(void)
{
    char name[64], line[512];
    unsigned long long start, end;
    FILE *maps;

    snprintf(name, sizeof(name), "/proc/%d/maps", (int)child);
    maps = fopen(name, "r");
    if (!maps)
        err(1, "%s", name);
    while (fgets(line, sizeof(line), maps))
        if (strstr(line, "[vdso]") && sscanf(line, "%llx-%llx", &start, &end) == 2) {
            vdso_start = start;
            vdso_end = end;
        }
    fclose(maps);
}

static unsigned long step_rounds(unsigned long rounds, uint64_t *instructions)
{
    unsigned long calls = 0;

    while (rounds) {
        struct user_regs_struct regs = registers();
        struct place *place = place_of(regs.rip);

        if (regs.rip >= vdso_start && regs.rip < vdso_end) {
            step_over(&regs);
            ++*instructions;
            continue;
        }

        place->times++;
        ++*instructions;
        calls += place->is_call;
        if (place->is_call && is_end(regs.rax, regs.rsi))
            rounds--;
        go(PTRACE_SINGLESTEP);
    }
    return calls;
}

static unsigned long pages(void)
{
    unsigned long count = 0;
    size_t one, other;

    for (one = 0; one < PLACES; one++) {
        if (!places[one].address)
            continue;
        for (other = 0; other < one; other++)
            if (places[other].address && places[other].address >> 12 == places[one].address >> 12)
                break;
        count += other == one;
    }
    return count;
}

/* The places by module and offset in its file, for nm and objdump. */
static void tell_map(void)
{
    char name[64], line[512], module[256];
    unsigned long long start, end, offset;
    size_t index;
    FILE *maps;

    snprintf(name, sizeof(name), "/proc/%d/maps", (int)child);
    maps = fopen(name, "r");
    if (!maps)
        err(1, "%s", name);
    while (fgets(line, sizeof(line), maps)) {
        module[0] = 0;
        if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %255s", &start, &end, &offset, module) < 3)
            continue;
        for (index = 0; index < PLACES; index++)
            if (places[index].address >= start && places[index].address < end)
                printf("at %s %llx %llu\n", module[0] ? module : "?",
                       (unsigned long long)places[index].address - start + offset,
                       (unsigned long long)places[index].times);
    }
    fclose(maps);
}

int main(int argc, char **argv)
{
    uint64_t instructions = 0;
    unsigned long calls;

    if (argc < 6)
        errx(2, "usage: steps NUMBER REQUEST SKIP COUNT PROGRAM ARGUMENT...");
    wanted_number = strtoull(argv[1], NULL, 0);
    wanted_request = strtoull(argv[2], NULL, 0);
    child = fork();
    if (child < 0)
        err(1, "fork");
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0))
            err(1, "PTRACE_TRACEME");
        execvp(argv[5], argv + 5);
        err(1, "%s", argv[5]);
    }
    stop();
    if (ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
        err(1, "PTRACE_SETOPTIONS");
    run_to_rounds(strtoul(argv[3], NULL, 0));
    find_vdso();
    calls = step_rounds(strtoul(argv[4], NULL, 0), &instructions);
    printf("steps %llu %lu %lu\n", (unsigned long long)instructions, pages(), calls);
    if (getenv("STEPS_MAP"))
        tell_map();
    fflush(stdout);
    /* From here on it may run; it gives back what it holds of the guest. */
    if (ptrace(PTRACE_DETACH, child, 0, 0))
        err(1, "PTRACE_DETACH");
    if (waitpid(child, NULL, 0) != child)
        err(1, "waitpid");
    return 0;
}
