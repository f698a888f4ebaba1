// corbel-domains: makes the domains that rows of the conformance suite run on, and does with them what no device model
// may: by Xen's unstable interface, so it is built for each release (Lab/conformance/build) and is in no product. The
// suite and this program are what the fence leaves out.
//     corbel-domains make pvh|hvm|pv VCPUS [KERNEL]   prints the id; the domain is paused. Frames 0 to 0x3ff are its
//                                         memory (HVM: but those of the VGA's window, 0xa0 to 0xbf; PV: none). KERNEL
//                                         is an ELF with a PHYS32_ENTRY note, at which vCPU 0 will start
//     corbel-domains create-with-id ID    prints ok, or errno N; the domain has one vCPU and no memory
//     corbel-domains destroy|pause|unpause ID
//     corbel-domains logdirty ID on|off
//     corbel-domains param ID INDEX [VALUE]   prints the value of an HVM parameter, or sets it
//     corbel-domains state ID   prints running|paused|shutdown REASON|dying, then max-vcpus N; or none
// Status 1 and `errno N` on standard output: Xen refuses; the call is named on standard error. Status 2: no such usage.
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domains.h"

enum { MEMORY_KIB = frames_all * page_bytes / 1024, PAGING_POOL_MIB = 4, VCPUS_MAX = 128 };
// What xl's PVH guests have, and its HVM guests.
enum { PVH_DEVICES = XEN_X86_EMU_LAPIC, HVM_DEVICES = XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI };
static const unsigned vga_first = 0xa0, vga_end = 0xc0;

int refused(const char *call) {
    int code = errno;
    fprintf(stderr, "corbel-domains: %s: %s\n", call, strerror(code));
    printf("errno %d\n", code);
    return 1;
}

static int usage(void) {
    fputs("usage: corbel-domains make pvh|hvm|pv VCPUS [KERNEL] | create-with-id ID | destroy ID | pause ID"
          " | unpause ID | logdirty ID on|off | param ID INDEX [VALUE] | state ID\n", stderr);
    return 2;
}

// number TEXT: decimal or 0x and hexadecimal, the whole of the text
static bool number(const char *text, uint64_t most, uint64_t *value) {
    char *end;
    errno = 0;
    unsigned long long found = strtoull(text, &end, 0);
    *value = found;
    return *text >= '0' && *text <= '9' && !*end && !errno && found <= most;
}

// A bare domain; its id in *id, which is the wanted one or 0 for Xen's choice.
static int create(xc_interface *xen, uint32_t *id, uint32_t vcpus, bool hvm, uint32_t devices) {
    struct xen_domctl_createdomain configuration = {
        .flags = hvm ? XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap : 0,
        .max_vcpus = vcpus,
        .max_evtchn_port = 1023,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .arch = {.emulation_flags = devices},
    };
#ifdef XEN_DOMCTL_GRANT_version
    configuration.grant_opts = XEN_DOMCTL_GRANT_version(2);
#endif
    if (xc_domain_create(xen, id, &configuration)) return refused("createdomain");
    if (xc_domain_max_vcpus(xen, *id, vcpus)) return refused("max_vcpus");
    return 0;
}

// The pages of which Xen makes the guest's page tables and, later, its log of dirty pages.
static int give_paging_pool(xc_interface *xen, uint32_t id) {
#ifdef XEN_DOMCTL_GRANT_version
    return xc_set_paging_mempool_size(xen, id, (uint64_t)PAGING_POOL_MIB << 20) ? refused("paging_mempool") : 0;
#else
    unsigned long mib = PAGING_POOL_MIB;
    return xc_shadow_control(xen, id, XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION, NULL, 0, &mib, 0, NULL)
        ? refused("shadow_op set_allocation") : 0;
#endif
}

static int give_memory(xc_interface *xen, uint32_t id, bool vga) {
    xen_pfn_t frames[frames_all];
    unsigned count = 0;
    for (unsigned frame = 0; frame < frames_all; frame++)
        if (!vga || frame < vga_first || frame >= vga_end) frames[count++] = frame;
    // Four times as much as there is: rows move frames about.
    if (xc_domain_setmaxmem(xen, id, 4 * MEMORY_KIB)) return refused("max_mem");
    if (give_paging_pool(xen, id)) return 1;
    if (xc_domain_populate_physmap_exact(xen, id, count, 0, 0, frames)) return refused("populate_physmap");
    return 0;
}

static int make(xc_interface *xen, const char *kind, uint32_t vcpus, const char *kernel) {
    bool hvm = !strcmp(kind, "hvm"), paged = hvm || !strcmp(kind, "pvh");
    if ((!paged && strcmp(kind, "pv")) || (kernel && !paged)) return usage();
    uint32_t id = 0;
    int status = create(xen, &id, vcpus, paged, !paged ? 0 : hvm ? HVM_DEVICES : PVH_DEVICES);
    if (!status && paged) status = give_memory(xen, id, hvm);
    if (!status && kernel) status = load(xen, id, kernel);
    if (!status) printf("%u\n", id);
    else if (id) xc_domain_destroy(xen, id);
    return status;
}

static int create_with_id(xc_interface *xen, uint32_t wanted) {
    uint32_t id = wanted;
    int status = create(xen, &id, 1, true, PVH_DEVICES);
    if (!status && id == wanted) puts("ok");
    else if (!status) {
        fprintf(stderr, "corbel-domains: got domain %u, wanted %u\n", id, wanted);
        errno = EBUSY;
        status = refused("createdomain");
        xc_domain_destroy(xen, id);
    }
    return status;
}

static int set_log_dirty(xc_interface *xen, uint32_t id, const char *word) {
    unsigned operation = !strcmp(word, "on") ? XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY : XEN_DOMCTL_SHADOW_OP_OFF;
    if (strcmp(word, "on") && strcmp(word, "off")) return usage();
#ifdef XEN_DOMCTL_GRANT_version
    int status = xc_shadow_control(xen, id, operation, NULL, 0);
#else
    int status = xc_shadow_control(xen, id, operation, NULL, 0, NULL, 0, NULL);
#endif
    return status < 0 ? refused("shadow_op") : 0;
}

static int parameter(xc_interface *xen, uint32_t id, uint32_t index, const char *text) {
    uint64_t value = 0;
    if (text && !number(text, UINT64_MAX, &value)) return usage();
    if (text) return xc_hvm_param_set(xen, id, index, value) ? refused("set_param") : 0;
    if (xc_hvm_param_get(xen, id, index, &value)) return refused("get_param");
    printf("%llu\n", (unsigned long long)value);
    return 0;
}

static int show_state(xc_interface *xen, uint32_t id) {
    xc_domaininfo_t domain;
    int count = xc_domain_getinfolist(xen, id, 1, &domain);
    if (count < 0) return refused("getdomaininfolist");
    if (count == 0 || domain.domain != id) {
        puts("none");
        return 0;
    }
    if (domain.flags & XEN_DOMINF_dying) printf("dying");
    else if (domain.flags & XEN_DOMINF_shutdown)
        printf("shutdown %u", (domain.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask);
    else printf(domain.flags & XEN_DOMINF_paused ? "paused" : "running");
    printf(" max-vcpus %u\n", domain.max_vcpu_id + 1);
    return 0;
}

// act VERB ID: the verbs about one domain
static int act(xc_interface *xen, const char *verb, uint32_t id, int count, char **words) {
    if (count == 0) {
        if (!strcmp(verb, "create-with-id")) return create_with_id(xen, id);
        if (!strcmp(verb, "destroy")) return xc_domain_destroy(xen, id) ? refused("destroydomain") : 0;
        if (!strcmp(verb, "pause")) return xc_domain_pause(xen, id) ? refused("pausedomain") : 0;
        if (!strcmp(verb, "unpause")) return xc_domain_unpause(xen, id) ? refused("unpausedomain") : 0;
        if (!strcmp(verb, "state")) return show_state(xen, id);
    }
    if (count == 1 && !strcmp(verb, "logdirty")) return set_log_dirty(xen, id, words[0]);
    uint64_t index;
    if ((count == 1 || count == 2) && !strcmp(verb, "param") && number(words[0], UINT32_MAX, &index))
        return parameter(xen, id, index, count == 2 ? words[1] : NULL);
    return usage();
}

int main(int count, char **words) {
    bool making = count > 1 && !strcmp(words[1], "make");
    uint64_t value;  // of vCPUs, or an id: not dom0's, nor one of the reserved
    if (making ? (count != 4 && count != 5) || !number(words[3], VCPUS_MAX, &value)
               : count < 3 || !number(words[2], DOMID_FIRST_RESERVED - 1, &value)) return usage();
    if (value == 0) return usage();
    xc_interface *xen = xc_interface_open(NULL, NULL, 0);
    if (!xen) return refused("xc_interface_open");
    int status = making ? make(xen, words[2], value, count == 5 ? words[4] : NULL)
                        : act(xen, words[1], value, count - 3, words + 3);
    xc_interface_close(xen);
    return status;
}
