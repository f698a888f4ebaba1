/*
 * The C side of `make bench`: what Benchmarks/swift does, with Xen's own libraries, as one would write it in C.
 *     peer DOMID PLACE NAME=COUNT...     without measurements: a line of standard input for each
 * Prints a line for each: name, count, nanoseconds, TSC cycles of the guest (0 where it sleeps meanwhile). Names are
 * those of Benchmarks/swift/Measurement.swift, and places too: two programs measure in turns on one guest.
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
#define PLACE_VCPUS 2
#define WORDS_MAX 8
#define FRAMES 16
#define PENDING_VECTOR 0x40
#define VECTOR 0x41

enum { ARM_VECTOR = 0x50, REPEAT_IN = 0x80, REPEAT_LOAD = 0x82, REPEAT_MESSAGE = 0x84 };

static xendevicemodel_handle *dmod;
static xenevtchn_handle *xce;
static xenforeignmemory_handle *fmem;
static domid_t domid;
static ioservid_t server;
static shared_iopage_t *page;
static evtchn_port_t ports[VCPUS_MAX];
static unsigned int vcpus;
static int signals;
static uint64_t register_value = 0x8877665544332211ull;

/* The ranges of our place, and its first vCPU. */
static unsigned int first_vcpu;
static uint64_t command_port, register_port, doorbell_port, register_address;

/* Of each vCPU of our place: the command that is being handed out, and the answer so far. */
static struct worker {
    uint32_t command[WORDS_MAX], answer[WORDS_MAX];
    unsigned int command_count, command_next, answer_count;
    int read_waits;
} workers[PLACE_VCPUS];

/* Xen gives vCPU n the APIC id 2n. */
static uint64_t message_address(unsigned int vcpu)
{
    return 0xfee00000 | (uint64_t)vcpu << 13;
}

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

static void serve_command(const ioreq_t *req, unsigned int vcpu)
{
    struct worker *worker = &workers[(req->addr - command_port) / 0x10];

    if (req->dir == IOREQ_WRITE) {
        if (worker->answer_count < WORDS_MAX)
            worker->answer[worker->answer_count++] = (uint32_t)req->data;
        finish(vcpu, 0);
    } else if (worker->command_next < worker->command_count) {
        finish(vcpu, worker->command[worker->command_next++]);
    } else {
        worker->read_waits = 1; /* answered with the next command */
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
        if (req.addr >= command_port && req.addr + req.size <= command_port + 0x20 && !req.data_is_ptr) {
            serve_command(&req, vcpu);
            return;
        }
        if (req.addr == doorbell_port && req.dir == IOREQ_WRITE &&
            xendevicemodel_inject_msi(dmod, domid, message_address(vcpu), VECTOR))
            err(1, "xendevicemodel_inject_msi");
        is_register = req.addr >= register_port && req.addr + req.size <= register_port + 4;
        break;
    case IOREQ_TYPE_COPY:
        is_register = req.addr >= register_address && req.addr + req.size <= register_address + 0x1000;
        break;
    default:
        is_register = 0;
        break;
    }
    if (is_register && !req.data_is_ptr && req.dir == IOREQ_WRITE)
        register_value = req.data;
    finish(vcpu, is_register ? register_value : ~0ull);
}

/* Whether the first `count` vCPUs have answered: their status, and, if that is 0, `wanted` words. */
static int have_answered(unsigned int count, unsigned int wanted)
{
    while (count--) {
        const struct worker *worker = &workers[count];

        if (worker->answer_count < 1 || (worker->answer[0] == 0 && worker->answer_count < 1 + wanted))
            return 0;
    }
    return 1;
}

static void serve_until(unsigned int count, unsigned int wanted)
{
    struct pollfd fds[2] = { { .fd = xenevtchn_fd(xce), .events = POLLIN }, { .fd = signals, .events = POLLIN } };
    xenevtchn_port_or_error_t port;
    unsigned int vcpu;

    while (!have_answered(count, wanted)) {
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
}

/* Gives the first `count` vCPUs of our place a command; answers the most cycles that one of them says. */
static uint64_t run(unsigned int count, unsigned int length, const uint32_t *words, unsigned int wanted)
{
    unsigned int index;
    uint64_t most = 0;

    for (index = 0; index < count; index++) {
        struct worker *worker = &workers[index];

        memcpy(worker->command, words, length * sizeof(*words));
        worker->command_count = length;
        worker->command_next = 0;
        worker->answer_count = 0;
        if (worker->read_waits) {
            worker->read_waits = 0;
            finish(first_vcpu + index, worker->command[worker->command_next++]);
        }
    }
    serve_until(count, wanted);
    for (index = 0; index < count; index++) {
        const uint32_t *answer = workers[index].answer;
        uint64_t cycles = answer[1] | (uint64_t)answer[2] << 32;

        if (answer[0])
            errx(1, "the guest refused a command: %u", answer[0]);
        if (cycles > most)
            most = cycles;
    }
    return most;
}

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static void set_up(void)
{
    void *address = NULL;
    unsigned int vcpu;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    fmem = xenforeignmemory_open(NULL, 0);
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
    if (xendevicemodel_map_io_range_to_ioreq_server(dmod, domid, server, 0, command_port, command_port + 0x1f) ||
        xendevicemodel_map_io_range_to_ioreq_server(dmod, domid, server, 0, register_port, register_port + 3) ||
        xendevicemodel_map_io_range_to_ioreq_server(dmod, domid, server, 0, doorbell_port, doorbell_port + 3) ||
        xendevicemodel_map_io_range_to_ioreq_server(dmod, domid, server, 1, register_address,
                                                    register_address + 0xfff) ||
        xendevicemodel_set_ioreq_server_state(dmod, domid, server, 1))
        err(1, "ioreq server");
    for (vcpu = 0; vcpu < vcpus; vcpu++) {
        int port = xenevtchn_bind_interdomain(xce, domid, page->vcpu_ioreq[vcpu].vp_eport);

        if (port < 0)
            err(1, "xenevtchn_bind_interdomain");
        ports[vcpu] = port;
    }
}

static void map_frames(uint32_t count)
{
    xen_pfn_t frames[FRAMES];
    int errors[FRAMES];
    uint32_t i;

    for (i = 0; i < FRAMES; i++)
        frames[i] = 0x100 + i;
    for (i = 0; i < count; i++) {
        void *address = xenforeignmemory_map(fmem, domid, PROT_READ | PROT_WRITE, FRAMES, frames, errors);
        unsigned int frame;

        if (!address)
            err(1, "xenforeignmemory_map");
        for (frame = 0; frame < FRAMES; frame++)
            if (errors[frame])
                errx(1, "frame %u: %d", frame, errors[frame]);
        if (xenforeignmemory_unmap(fmem, address, FRAMES))
            err(1, "xenforeignmemory_unmap");
    }
}

/* Does one measurement of those that the guest has no part in; 0: it is none of these. */
static int call(const char *name, uint32_t count)
{
    uint32_t i;

    if (!strcmp(name, "nr_vcpus")) {
        for (i = 0; i < count; i++)
            if (xendevicemodel_nr_vcpus(dmod, domid, &vcpus))
                err(1, "%s", name);
    } else if (!strcmp(name, "inject_msi")) {
        for (i = 0; i < count; i++)
            if (xendevicemodel_inject_msi(dmod, domid, message_address(first_vcpu), PENDING_VECTOR))
                err(1, "%s", name);
    } else if (!strcmp(name, "isa_irq")) {
        for (i = 0; i < count; i++)
            if (xendevicemodel_set_isa_irq_level(dmod, domid, 5, !(i & 1)))
                err(1, "%s", name);
    } else if (!strcmp(name, "map16")) {
        map_frames(count);
    } else {
        return 0;
    }
    return 1;
}

/* NAME=COUNT; the name may end with 2: two vCPUs at once. */
static void measure(char *text)
{
    uint64_t start, guest = 0;
    char *equals = strchr(text, '=');
    unsigned int both = 1;
    uint32_t count;

    if (!equals)
        errx(2, "%s: NAME=COUNT", text);
    *equals = 0;
    count = strtoul(equals + 1, NULL, 10);
    start = now();
    if (!call(text, count)) {
        both += equals[-1] == '2';
        if (!strncmp(text, "port-in", 7))
            guest = run(both, 4, (uint32_t[]){ REPEAT_IN, register_port, 4, count }, 4);
        else if (!strncmp(text, "mmio-load", 9))
            guest = run(both, 5, (uint32_t[]){ REPEAT_LOAD, register_address, 0, 4, count }, 4);
        else if (!strncmp(text, "msi", 3))
            guest = run(both, 4, (uint32_t[]){ REPEAT_MESSAGE, doorbell_port, VECTOR, count }, 4);
        else
            errx(2, "%s?", text);
    }
    printf("%s %u %llu %llu\n", text, count * both, (unsigned long long)(now() - start), (unsigned long long)guest);
}

int main(int argc, char **argv)
{
    char line[64];
    int i, place;

    if (argc < 3)
        errx(2, "usage: peer DOMID PLACE NAME=COUNT...");
    domid = atoi(argv[1]);
    place = atoi(argv[2]);
    first_vcpu = PLACE_VCPUS * place;
    command_port = 0x510 + 0x20 * place;
    register_port = 0x200 + 0x10 * place;
    doorbell_port = register_port + 8;
    register_address = 0xf0000000ull + 0x10000 * place;
    set_up();
    run(1, 2, (uint32_t[]){ ARM_VECTOR, PENDING_VECTOR }, 0);
    run(1, 2, (uint32_t[]){ ARM_VECTOR, VECTOR }, 0);
    for (i = 3; i < argc; i++)
        measure(argv[i]);
    while (argc == 3 && fgets(line, sizeof(line), stdin)) {
        measure(line);
        fflush(stdout);
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
