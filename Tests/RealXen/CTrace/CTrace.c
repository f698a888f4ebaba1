// The shims of CTrace.h.
#define _GNU_SOURCE
#include "CTrace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

static pid_t program;

static void pass_on(int signal) {
    int code = errno;
    kill(program, signal);
    errno = code;
}

// A filter that makes each system call's entry a stop (PTRACE_EVENT_SECCOMP): half the stops of PTRACE_SYSCALL, which
// stops at the end of each as well.
static int stop_at_entries(void) {
    struct sock_filter always[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE}};
    struct sock_fprog filter = {1, always};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

// The child waits at the gate until it is traced.
static void run(char *const arguments[], int gate) {
    char byte;
    if (read(gate, &byte, 1) == 1 && stop_at_entries() == 0) execvp(arguments[0], arguments);
    _exit(127);
}

static int seize(pid_t process) {
    long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                   PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP;
    if (ptrace(PTRACE_SEIZE, process, NULL, options) != 0) return -1;
    return ptrace(PTRACE_INTERRUPT, process, NULL, NULL) == 0 ? 0 : -1;
}

pid_t ctrace_start(char *const arguments[]) {
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) != 0) return -1;
    program = fork();
    if (program == 0) run(arguments, gate[0]);
    close(gate[0]);
    if (program > 0 && (seize(program) != 0 || write(gate[1], "", 1) != 1)) {
        int code = errno;
        kill(program, SIGKILL);
        errno = code;
        program = -1;
    }
    close(gate[1]);
    // After the fork, so that a signal that the program is to ignore is ignored by it.
    struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    int signals[] = {SIGTERM, SIGINT, SIGHUP};
    for (int index = 0; program > 0 && index < 3; index++) sigaction(signals[index], &action, NULL);
    return program;
}

pid_t ctrace_wait(int *status) { return waitpid(-1, status, __WALL); }

int ctrace_go_on(pid_t process, int signal) {
    return ptrace(PTRACE_CONT, process, NULL, (long)signal) == 0 ? 0 : -1;
}

int ctrace_go_on_to_exit(pid_t process) { return ptrace(PTRACE_SYSCALL, process, NULL, NULL) == 0 ? 0 : -1; }

int ctrace_stay(pid_t process) { return ptrace(PTRACE_LISTEN, process, NULL, NULL) == 0 ? 0 : -1; }

long ctrace_system_call(pid_t process, void *bytes, size_t count) {
    return ptrace(PTRACE_GET_SYSCALL_INFO, process, count, bytes);
}

ssize_t ctrace_read(pid_t process, uint64_t address, void *bytes, size_t count) {
    struct iovec here = {bytes, count}, there = {(void *)(uintptr_t)address, count};
    return process_vm_readv(process, &here, 1, &there, 1, 0);
}

ssize_t ctrace_link(const char *path, uint8_t *bytes, size_t count) { return readlink(path, (char *)bytes, count); }

int ctrace_errno(void) { return errno; }
