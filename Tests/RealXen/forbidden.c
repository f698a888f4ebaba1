// A program that does what no program of ours may do, one thing per run: what the fence must catch.
//     forbidden NAME      status 0, whatever Xen answers
// 2: there is no such name; 3: it could not even be tried; 4: old-entry, on a kernel that has none.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct hypercall { uint64_t number, arguments[5]; };
struct buffer { void *address; uint64_t size; };
struct operation { uint16_t domain, count; struct buffer *buffers; };

static int privcmd;

static void call(unsigned long request, void *argument) { ioctl(privcmd, request, argument); }

// sysctl 35 and domctl 36: a structure with command and interface version; other hypercalls: the command.
static void structured(uint64_t number, uint32_t command, uint32_t version) {
    static uint32_t structure[64];
    structure[0] = command;
    structure[1] = version;
    struct hypercall it = {number, {(uintptr_t)structure}};
    call(0x00305000, &it);
}
static void plain(uint64_t number, uint64_t command) {
    static char answer[64];
    struct hypercall it = {number, {command, (uintptr_t)answer}};
    call(0x00305000, &it);
}

// A device-model operation for a domain that is not there.
static void operate(uint32_t number, uint16_t buffers, uint64_t size) {
    static uint32_t first[16];
    static char second[4096];
    first[0] = number;
    struct buffer list[2] = {{first, size}, {second, sizeof second}};
    struct operation it = {77, buffers, list};
    call(0x00105005, &it);
}

static void in_child(void) {
    pid_t child = fork();
    if (child == 0) {
        plain(17, 0);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

// getpid by the 32-bit entry.
static void no_entry(int signal) { _exit(signal ? 4 : 0); }
static void old_entry(void) {
    signal(SIGSEGV, no_entry);
    __asm__ volatile("int $0x80" : : "a"(20) : "memory");
}

static int try(const char *name) {
    struct { uint32_t count; uint16_t domain; uint64_t entries; } old = {1, 77, 0};
    struct { uint16_t domain; uint32_t type, id, first; uint64_t count, address; } resource = {77, 1, 0, 0, 0, 0};
    if (strcmp(name, "nothing") == 0) return 0;
    if (strcmp(name, "sysctl") == 0) return structured(35, 6, 0x15), 0;
    if (strcmp(name, "domctl") == 0) return structured(36, 5, 0x15), 0;
    if (strcmp(name, "stable-domctl") == 0) return structured(36, 90, 0), 0;
    if (strcmp(name, "xen-version") == 0) return plain(17, 0), 0;
    if (strcmp(name, "hvm-parameter") == 0) return plain(34, 1), 0;
    if (strcmp(name, "ioctl") == 0) return call(0x00305063, &old), 0;
    if (strcmp(name, "mmap") == 0) return call(0x00105002, &old), 0;
    if (strcmp(name, "resource") == 0) return call(0x00205007, &resource), 0;
    if (strcmp(name, "operation") == 0) return operate(4711, 1, 32), 0;
    if (strcmp(name, "buffers") == 0) return operate(5, 2, 32), 0;
    if (strcmp(name, "size") == 0) return operate(5, 1, 8), 0;
    if (strcmp(name, "good-operation") == 0) return operate(5, 1, 32), 0;
    if (strcmp(name, "unreadable") == 0) return call(0x00105005, (void *)16), 0;
    if (strcmp(name, "socket") == 0) return socket(AF_INET, SOCK_STREAM, 0), 0;
    if (strcmp(name, "child") == 0) return in_child(), 0;
    if (strcmp(name, "exec") == 0) return execlp("forbidden", "forbidden", "nothing", (char *)NULL), 3;
    if (strcmp(name, "old-entry") == 0) return old_entry(), 0;
    if (strcmp(name, "version-file") == 0) return open("/sys/hypervisor/version/minor", O_RDONLY) < 0 ? 3 : 0;
    if (strcmp(name, "other-node") == 0) return open("/dev/xen/gntalloc", O_RDWR) < 0 ? 3 : 0;
    if (strcmp(name, "memory") == 0) return open("/dev/mem", O_RDONLY) < 0 ? 3 : 0;
    if (strcmp(name, "no-descriptor") == 0) return ioctl(99, 0x00105005, &old), 0;
    close(privcmd);
    // The same drivers by other paths. hypercall 17 shows whether they are still seen as privcmd.
    if (strcmp(name, "xenfs") == 0) {
        privcmd = open("/proc/xen/privcmd", O_RDWR);
    } else if (strcmp(name, "other-path") == 0) {
        // Made by the script, to keep mknod out of the trace.
        privcmd = open("/tmp/disguise", O_RDWR);
    } else {
        return 2;
    }
    if (privcmd < 0) return 3;
    return plain(17, 0), 0;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    return privcmd < 0 ? 3 : try(arguments[1]);
}
