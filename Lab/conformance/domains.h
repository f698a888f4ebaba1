// What the parts of corbel-domains share.
#pragma once
#include <stdint.h>
#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include <xenctrl.h>

enum { page_bytes = 4096, frames_all = 0x400 };

// Tells of a call that Xen refused, by errno; 1.
int refused(const char *call);

// Puts the kernel into the domain's memory and vCPU 0 at its entry; the status to end with.
int load(xc_interface *xen, uint32_t id, const char *path);
