// What xen-fence needs of libc and SystemCalls does not have: ptrace, and looking at another process.
// Not for: logic; here is only what Swift can't say (fork, variadic functions, signal handlers, feature-test macros).
#ifndef CORBEL_CTRACE_H
#define CORBEL_CTRACE_H

// No feature-test macros, as in CSystem.h: with others the same system header would be two.
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

// Starts a program, found as a shell finds it, as a tracee that is about to stop for the first time; what it makes is
// traced too, and all of it dies with us. SIGTERM, SIGINT and SIGHUP are from here on the program's. Answers its id, or
// -1 and errno. A program that can't be executed, or not be stopped at its system calls, ends with 127.
pid_t ctrace_start(char *const arguments[]);

// Waits for any tracee. Answers its id, or -1 and errno.
pid_t ctrace_wait(int *status);

// PTRACE_CONT: on to the next system call's entry, with a signal or 0. Answers 0, or -1 and errno.
int ctrace_go_on(pid_t process, int signal);

// PTRACE_SYSCALL: from a system call's entry on to its end. Answers 0, or -1 and errno.
int ctrace_go_on_to_exit(pid_t process);

// PTRACE_LISTEN: stays stopped, as by SIGSTOP, until it is continued. Answers 0, or -1 and errno.
int ctrace_stay(pid_t process);

// PTRACE_GET_SYSCALL_INFO. Answers how many bytes there are, or -1 and errno.
long ctrace_system_call(pid_t process, void *bytes, size_t count);

// Copies a tracee's memory. Answers how many bytes could be read, or -1 and errno.
ssize_t ctrace_read(pid_t process, uint64_t address, void *bytes, size_t count);

// readlink, whose buffer is called characters in C and bytes here.
ssize_t ctrace_link(const char *path, uint8_t *bytes, size_t count);

// errno is a macro.
int ctrace_errno(void);

#endif
