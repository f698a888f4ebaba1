/*
 * A small device model in C, to be tested in the lab: four bytes of RAM at I/O ports 0x300 to 0x303 of a guest with one
 * vCPU. On Xen's stable libraries; build: cc -o port-echo port-echo.c -lxendevicemodel -lxenforeignmemory -lxenevtchn
 * Ends with 0 when its guest is gone. Not for a guest with more vCPUs, or for string instructions (they read ones).
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#define __XEN_TOOLS__ 1
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/ioreq.h>
#include <xen/memory.h>

enum { FIRST = 0x300, LAST = 0x303 };

static void check(int good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

/* One access. What is in the request is the guest's word: nothing is believed but that Xen sends us our ports only. */
static void answer(volatile ioreq_t *request)
{
    static uint8_t bytes[LAST - FIRST + 1];
    uint64_t address = request->addr, data = request->data;
    uint32_t size = request->size;

    if (request->type != IOREQ_TYPE_PIO || request->data_is_ptr || size > sizeof bytes || address < FIRST ||
        address + size - 1 > LAST) {
        request->data = ~UINT64_C(0);
        return;
    }
    if (request->dir == IOREQ_WRITE) {
        for (uint32_t i = 0; i < size; i++)
            bytes[address - FIRST + i] = data >> 8 * i;
        return;
    }
    data = 0;
    for (uint32_t i = 0; i < size; i++)
        data |= (uint64_t)bytes[address - FIRST + i] << 8 * i;
    request->data = data;
}

int main(int count, char **words)
{
    char *end = NULL;
    long number = count == 2 ? strtol(words[1], &end, 10) : -1;
    if (number < 1 || number > 0x7fef || *end) {
        fprintf(stderr, "usage: port-echo DOMID\n");
        return 2;
    }
    domid_t guest = number;
    xendevicemodel_handle *model = xendevicemodel_open(NULL, 0);
    xenforeignmemory_handle *memory = xenforeignmemory_open(NULL, 0);
    xenevtchn_handle *events = xenevtchn_open(NULL, 0);
    check(model && memory && events, "no Xen here");

    ioservid_t server;
    check(!xendevicemodel_create_ioreq_server(model, guest, HVM_IOREQSRV_BUFIOREQ_OFF, &server), "create_ioreq_server");
    void *address = NULL;
    check(xenforeignmemory_map_resource(memory, guest, XENMEM_resource_ioreq_server, server,
                                        XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &address,
                                        PROT_READ | PROT_WRITE, 0) != NULL, "map_resource");
    volatile ioreq_t *request = &((shared_iopage_t *)address)->vcpu_ioreq[0];
    check(!xendevicemodel_map_io_range_to_ioreq_server(model, guest, server, 0, FIRST, LAST), "map_io_range");
    /* Enabling comes first: until then Xen has not said which event channel is ours. */
    check(!xendevicemodel_set_ioreq_server_state(model, guest, server, 1), "set_ioreq_server_state");
    xenevtchn_port_or_error_t port = xenevtchn_bind_interdomain(events, guest, request->vp_eport);
    check(port >= 0, "bind_interdomain");

    struct pollfd wait = {.fd = xenevtchn_fd(events), .events = POLLIN};
    for (;;) {
        int ready = poll(&wait, 1, 250);
        check(ready >= 0 || errno == EINTR, "poll");
        /* Nothing tells that a domain has gone, but a call for it then fails. */
        if (ready == 0 && xendevicemodel_set_ioreq_server_state(model, guest, server, 1))
            return 0;
        if (ready <= 0)
            continue;
        xenevtchn_port_or_error_t fired = xenevtchn_pending(events);
        check(fired >= 0 && !xenevtchn_unmask(events, fired), "event channel");
        /* The state says whose turn it is: the rest of the request is read after it and written before it. */
        if (request->state != STATE_IOREQ_READY)
            continue;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        answer(request);
        __atomic_thread_fence(__ATOMIC_RELEASE);
        request->state = STATE_IORESP_READY;
        check(!xenevtchn_notify(events, port), "notify");
    }
}
