/*
 * Lets the C xenstored of a distribution start where there is no Xen, so that its socket can be measured: the calls of
 * Xen's libraries that it makes at its start succeed, nothing ever happens, and domain 0 is the only one (LD_PRELOAD).
 * Signatures: the public headers of libxen-dev.
 * Not for: guests, rings, events.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

/* Something that is not null. */
static char token;
static int descriptor = -1;

/* Domain 0's own ring, as Linux offers it (xenstored.md 8.7): a page of zeros, and a port. */
int open(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    int is_port = !strcmp(path, "/proc/xen/xsd_port");
    if (is_port || !strcmp(path, "/proc/xen/xsd_kva")) {
        int memory = memfd_create("xsd", MFD_CLOEXEC);
        if (memory < 0) return -1;
        if (is_port ? pwrite(memory, "1", 1, 0) != 1 : ftruncate(memory, 4096) != 0) return -1;
        return memory;
    }
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return real(path, flags, mode);
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags) {
    (void)logger;
    (void)flags;
    descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return descriptor < 0 ? NULL : (xenevtchn_handle *)&token;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned open_flags) {
    (void)logger;
    (void)open_flags;
    descriptor = fd;
    return (xenevtchn_handle *)&token;
}

int xenevtchn_fd(xenevtchn_handle *handle) {
    (void)handle;
    return descriptor;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *handle, unsigned int virq) {
    (void)handle;
    (void)virq;
    return 1;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *handle, uint32_t domid,
                                                     evtchn_port_t remote_port) {
    (void)handle;
    (void)remote_port;
    return (xenevtchn_port_or_error_t)(domid + 2);
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *handle) {
    (void)handle;
    errno = EAGAIN;
    return -1;
}

int xenevtchn_unmask(xenevtchn_handle *handle, evtchn_port_t port) {
    (void)handle;
    (void)port;
    return 0;
}

int xenevtchn_unbind(xenevtchn_handle *handle, evtchn_port_t port) {
    (void)handle;
    (void)port;
    return 0;
}

int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t port) {
    (void)handle;
    (void)port;
    return 0;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int open_flags) {
    (void)logger;
    (void)open_flags;
    return (xengnttab_handle *)&token;
}

int xengnttab_close(xengnttab_handle *handle) {
    (void)handle;
    return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *handle, uint32_t count) {
    (void)handle;
    (void)count;
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *handle, uint32_t domid, uint32_t ref, int prot) {
    (void)handle;
    (void)domid;
    (void)ref;
    (void)prot;
    errno = ENOENT;
    return NULL;
}

int xengnttab_unmap(xengnttab_handle *handle, void *start, uint32_t count) {
    (void)handle;
    (void)start;
    (void)count;
    return 0;
}

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *log_of_builder, unsigned open_flags) {
    (void)logger;
    (void)log_of_builder;
    (void)open_flags;
    return (xc_interface *)&token;
}

int xc_interface_close(xc_interface *handle) {
    (void)handle;
    return 0;
}

int xc_domain_getinfo(xc_interface *handle, uint32_t first, unsigned int count, xc_dominfo_t *info) {
    (void)handle;
    if (first != 0 || count == 0) return 0;
    memset(info, 0, sizeof *info);
    info->running = 1;
    return 1;
}
