// Makes an empty PVH domain with a wanted id, by Xen's unstable interface for domains: no device model may do that, and
// xl can't (it takes ids as they come). For the rows about a domain id that is used again. Default release alone.
//     same-id make ID       one vCPU, no memory, paused; 1: Xen refuses
//     same-id destroy ID
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

static int refused(const char *call) {
    fprintf(stderr, "%s: %s\n", call, strerror(errno));
    return 1;
}

static int make(xc_interface *xen, uint32_t wanted) {
    struct xen_domctl_createdomain configuration = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = 1,
        .max_evtchn_port = 1023,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .grant_opts = XEN_DOMCTL_GRANT_version(2),
        .arch = {.emulation_flags = XEN_X86_EMU_LAPIC},
    };
    uint32_t id = wanted;
    if (xc_domain_create(xen, &id, &configuration)) return refused("createdomain");
    if (id != wanted) {
        fprintf(stderr, "got domain %u, wanted %u\n", id, wanted);
        xc_domain_destroy(xen, id);
        return 1;
    }
    if (xc_domain_max_vcpus(xen, id, 1)) {
        int status = refused("max_vcpus");
        xc_domain_destroy(xen, id);
        return status;
    }
    return 0;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    xc_interface *xen = xc_interface_open(NULL, NULL, 0);
    if (!xen) return refused("xc_interface_open");
    uint32_t id = (uint32_t)atoi(words[2]);
    if (!strcmp(words[1], "make")) return make(xen, id);
    if (!strcmp(words[1], "destroy")) return xc_domain_destroy(xen, id) ? refused("destroydomain") : 0;
    return 2;
}
