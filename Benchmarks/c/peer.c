/*
 * The C side of `make bench`: what Benchmarks/swift does, with Xen's own libraries, as one would write it in C.
 *     peer DOMID NAME=COUNT...      names: nr_vcpus, inject_msi, port-in, mmio-load
 * Prints a line for each: name, count, nanoseconds, TSC cycles of the guest (0 for DM_OPs: it sleeps meanwhile).
 */
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>

/* Xen declares what only tools may use for those who say that they are. */
#define __XEN_TOOLS__ 1
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xentoolcore.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/ioreq.h>
#include <xen/memory.h>

#define VCPUS_MAX 4
#define COMMAND_PORT 0x510 /* Guests/README.md; the answers are 4 ports above */
#define REGISTER_PORT 0x200
#define REGISTER_ADDRESS 0xf0000000ull
#define WORDS_MAX 8

enum { HELLO = 0x01, REPEAT_IN = 0x80, REPEAT_LOAD = 0x82 };

static xendevicemodel_handle *dmod;
static xenevtchn_handle *xce;
static domid_t domid;
static ioservid_t server;
static shared_iopage_t *page;
static evtchn_port_t ports[VCPUS_MAX];
static unsigned int vcpus;
static int signals;
static uint64_t register_value = 0x8877665544332211ull;

/* The command of vCPU 0 that is being handed out, and its answer so far. */
static uint32_t command[WORDS_MAX], answer[WORDS_MAX];
static unsigned int command_count, command_next, answer_count;
static int read_waits;

static void finish(unsigned int vcpu, uint64_t data)
{
    ioreq_t *req = &page->vcpu_ioreq[vcpu];

    if (req->dir == IOREQ_READ)
        req->data = data;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    req->state = STATE_IORESP_READY;
    if (xenevtchn_notify(xce, ports[vcpu]))
        err(1, "xenevtchn_notify");
}

static void command_port(const ioreq_t *req, unsigned int vcpu)
{
    if (req->dir == IOREQ_WRITE) {
        if (answer_count < WORDS_MAX)
            answer[answer_count++] = (uint32_t)req->data;
        finish(vcpu, 0);
    } else if (command_next < command_count) {
        finish(vcpu, command[command_next++]);
    } else {
        read_waits = 1; /* answered with the next command */
    }
}

static void serve(unsigned int vcpu)
{
    ioreq_t *slot = &page->vcpu_ioreq[vcpu], req;
    int is_register;

    if (slot->state != STATE_IOREQ_READY)
        return;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    req = *slot;
    slot->state = STATE_IOREQ_INPROCESS;

    switch (req.type) {
    case IOREQ_TYPE_PIO:
        if (req.addr >= COMMAND_PORT && req.addr < COMMAND_PORT + 0x10 && vcpu == 0 && !req.data_is_ptr) {
            command_port(&req, vcpu);
            return;
        }
        is_register = req.addr >= REGISTER_PORT && req.addr + req.size <= REGISTER_PORT + 4;
        break;
    case IOREQ_TYPE_COPY:
        is_register = req.addr >= REGISTER_ADDRESS && req.addr + req.size <= REGISTER_ADDRESS + 0x1000;
        break;
    default:
        is_register = 0;
        break;
    }
    if (is_register && !req.data_is_ptr && req.dir == IOREQ_WRITE)
        register_value = req.data;
    finish(vcpu, is_register ? register_value : ~0ull);
}

/* Serves until vCPU 0 has answered: its status, and, if that is 0, `wanted` words. */
static void serve_until(unsigned int wanted)
{
    struct pollfd fds[2] = { { .fd = xenevtchn_fd(xce), .events = POLLIN }, { .fd = signals, .events = POLLIN } };
    xenevtchn_port_or_error_t port;
    unsigned int vcpu;

    while (answer_count < 1 || (answer[0] == 0 && answer_count < 1 + wanted)) {
        if (poll(fds, 2, 250) < 0)
            err(1, "poll");
        if (fds[1].revents)
            errx(1, "stopped");
        if (!fds[0].revents)
            continue;
        port = xenevtchn_pending(xce);
        if (port < 0)
            err(1, "xenevtchn_pending");
        if (xenevtchn_unmask(xce, port))
            err(1, "xenevtchn_unmask");
        for (vcpu = 0; vcpu < vcpus; vcpu++)
            if (ports[vcpu] == (evtchn_port_t)port) {
                serve(vcpu);
                break;
            }
    }
    if (answer[0])
        errx(1, "the guest refused a command: %u", answer[0]);
}

static void run(unsigned int count, const uint32_t *words, unsigned int wanted)
{
    memcpy(command, words, count * sizeof(*words));
    command_count = count;
    command_next = 0;
    answer_count = 0;
    if (read_waits) {
        read_waits = 0;
        finish(0, command[command_next++]);
    }
    serve_until(wanted);
}

static uint64_t cycles(void)
{
    return answer[1] | (uint64_t)answer[2] << 32;
}

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static void set_up(void)
{
    xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);
    void *address = NULL;
    unsigned int vcpu;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    dmod = xendevicemodel_open(NULL, 0);
    xce = xenevtchn_open(NULL, 0);
    if (signals < 0 || !fmem || !dmod || !xce)
        err(1, "open");
    if (xentoolcore_restrict_all(domid))
        err(1, "xentoolcore_restrict_all");
    if (xendevicemodel_nr_vcpus(dmod, domid, &vcpus) || vcpus > VCPUS_MAX)
        err(1, "xendevicemodel_nr_vcpus");
    if (xendevicemodel_create_ioreq_server(dmod, domid, HVM_IOREQSRV_BUFIOREQ_OFF, &server))
        err(1, "xendevicemodel_create_ioreq_server");
    if (!xenforeignmemory_map_resource(fmem, domid, XENMEM_resource_ioreq_server, server,
                                       XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &address,
                                       PROT_READ | PROT_WRITE, 0))
        err(1, "xenforeignmemory_map_resource");
    page = address;
    if (xendevicemodel_map_io_range_to_ioreq_server(dmod, domid, server, 0, COMMAND_PORT, COMMAND_PORT + 0x3f) ||
        xendevicemodel_map_io_range_to_ioreq_server(dmod, domid, server, 0, REGISTER_PORT, REGISTER_PORT + 3) ||
        xendevicemodel_map_io_range_to_ioreq_server(dmod, domid, server, 1, REGISTER_ADDRESS,
                                                    REGISTER_ADDRESS + 0xfff) ||
        xendevicemodel_set_ioreq_server_state(dmod, domid, server, 1))
        err(1, "ioreq server");
    for (vcpu = 0; vcpu < vcpus; vcpu++) {
        int port = xenevtchn_bind_interdomain(xce, domid, page->vcpu_ioreq[vcpu].vp_eport);

        if (port < 0)
            err(1, "xenevtchn_bind_interdomain");
        ports[vcpu] = port;
    }
}

static void measure(const char *name, uint32_t count)
{
    uint64_t start = now(), guest = 0;
    uint32_t i;

    if (!strcmp(name, "nr_vcpus")) {
        for (i = 0; i < count; i++)
            if (xendevicemodel_nr_vcpus(dmod, domid, &vcpus))
                err(1, "%s", name);
    } else if (!strcmp(name, "inject_msi")) {
        for (i = 0; i < count; i++)
            if (xendevicemodel_inject_msi(dmod, domid, 0xfee00000, 0x40))
                err(1, "%s", name);
    } else if (!strcmp(name, "port-in")) {
        run(4, (uint32_t[]){ REPEAT_IN, REGISTER_PORT, 4, count }, 4);
        guest = cycles();
    } else if (!strcmp(name, "mmio-load")) {
        run(5, (uint32_t[]){ REPEAT_LOAD, REGISTER_ADDRESS, 0, 4, count }, 4);
        guest = cycles();
    } else {
        errx(2, "%s?", name);
    }
    printf("%s %u %llu %llu\n", name, count, (unsigned long long)(now() - start), (unsigned long long)guest);
}

int main(int argc, char **argv)
{
    int i;

    if (argc < 2)
        errx(2, "usage: peer DOMID NAME=COUNT...");
    domid = atoi(argv[1]);
    set_up();
    run(1, (uint32_t[]){ HELLO }, 5);
    for (i = 2; i < argc; i++) {
        char *count = strchr(argv[i], '=');

        if (!count)
            errx(2, "%s: NAME=COUNT", argv[i]);
        *count++ = 0;
        measure(argv[i], strtoul(count, NULL, 10));
    }
    /* The last answer was served; the guest's next read of its command port may wait: all ones, "nothing yet". */
    if (xendevicemodel_set_ioreq_server_state(dmod, domid, server, 0))
        err(1, "xendevicemodel_set_ioreq_server_state");
    for (i = 0; i < (int)vcpus; i++)
        if (page->vcpu_ioreq[i].state == STATE_IOREQ_READY || page->vcpu_ioreq[i].state == STATE_IOREQ_INPROCESS)
            finish(i, ~0ull);
    if (xendevicemodel_destroy_ioreq_server(dmod, domid, server))
        err(1, "xendevicemodel_destroy_ioreq_server");
    return 0;
}
