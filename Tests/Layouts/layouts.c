/*
 * The layouts and numbers of XenABI, against Xen's installed public headers (libxen-dev). Facts only; no code of Xen's.
 * Tests/Layouts/check compiles and runs this, and compares the numbers with those in Tests/XenABITests.
 * Not for: structures newer than Xen 4.17's headers; those are under NEWER and only compared with the Swift side. */
#define __XEN_TOOLS__ 1
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/ioreq.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>
#include <xen/sys/privcmd.h>
#include <xen/sys/xenbus_dev.h>
/* The names without XEN_ are Linux', from the C library; those with it are Xen's. */
#define XEN_ERRNO(name, value) XEN_##name = value,
enum xen_errno {
#include <xen/errno.h>
};

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define FIELD(type, field, offset, size) \
    _Static_assert(offsetof(type, field) == (offset) && sizeof(((type *)0)->field) == (size), #type "." #field)
/* A hole that the compiler makes, and bytes of bit-fields: the fields around them and main() say where they are. */
#define PAD(type, offset, size) _Static_assert(sizeof(type) >= (offset) + (size), #type)
#define BITS(type, name, offset, size) _Static_assert(sizeof(type) >= (offset) + (size), #type)
#define VALUE(name, value) _Static_assert((uint64_t)(name) == (uint64_t)(value), #name)
#define ERRNO(name, value) _Static_assert(name == (value) && XEN_##name == (value), #name)
/* Newer than these headers, or not in any that is installed. */
#define NEWER(...) _Static_assert(1, "")

/* ---- The frame and its buffers (dmop.md section 1.1) ---- */

SIZE(struct xen_dm_op, 32);
FIELD(struct xen_dm_op, op, 0, 4);
FIELD(struct xen_dm_op, pad, 4, 4);
FIELD(struct xen_dm_op, u, 8, 24);
SIZE(struct xen_dm_op_buf, 16);
FIELD(struct xen_dm_op_buf, h, 0, 8);
FIELD(struct xen_dm_op_buf, size, 8, 8);

/* ---- Payloads (dmop.md section 2) ---- */

SIZE(struct xen_dm_op_create_ioreq_server, 6);
FIELD(struct xen_dm_op_create_ioreq_server, handle_bufioreq, 0, 1);
FIELD(struct xen_dm_op_create_ioreq_server, pad, 1, 3);
FIELD(struct xen_dm_op_create_ioreq_server, id, 4, 2);

SIZE(struct xen_dm_op_get_ioreq_server_info, 24);
FIELD(struct xen_dm_op_get_ioreq_server_info, id, 0, 2);
FIELD(struct xen_dm_op_get_ioreq_server_info, flags, 2, 2);
FIELD(struct xen_dm_op_get_ioreq_server_info, bufioreq_port, 4, 4);
FIELD(struct xen_dm_op_get_ioreq_server_info, ioreq_gfn, 8, 8);
FIELD(struct xen_dm_op_get_ioreq_server_info, bufioreq_gfn, 16, 8);

SIZE(struct xen_dm_op_ioreq_server_range, 24);
FIELD(struct xen_dm_op_ioreq_server_range, id, 0, 2);
FIELD(struct xen_dm_op_ioreq_server_range, pad, 2, 2);
FIELD(struct xen_dm_op_ioreq_server_range, type, 4, 4);
FIELD(struct xen_dm_op_ioreq_server_range, start, 8, 8);
FIELD(struct xen_dm_op_ioreq_server_range, end, 16, 8);

SIZE(struct xen_dm_op_set_ioreq_server_state, 4);
FIELD(struct xen_dm_op_set_ioreq_server_state, id, 0, 2);
FIELD(struct xen_dm_op_set_ioreq_server_state, enabled, 2, 1);
FIELD(struct xen_dm_op_set_ioreq_server_state, pad, 3, 1);

SIZE(struct xen_dm_op_destroy_ioreq_server, 4);
FIELD(struct xen_dm_op_destroy_ioreq_server, id, 0, 2);
FIELD(struct xen_dm_op_destroy_ioreq_server, pad, 2, 2);

SIZE(struct xen_dm_op_map_mem_type_to_ioreq_server, 16);
FIELD(struct xen_dm_op_map_mem_type_to_ioreq_server, id, 0, 2);
FIELD(struct xen_dm_op_map_mem_type_to_ioreq_server, type, 2, 2);
FIELD(struct xen_dm_op_map_mem_type_to_ioreq_server, flags, 4, 4);
FIELD(struct xen_dm_op_map_mem_type_to_ioreq_server, opaque, 8, 8);

SIZE(struct xen_dm_op_nr_vcpus, 4);
FIELD(struct xen_dm_op_nr_vcpus, vcpus, 0, 4);

SIZE(struct xen_dm_op_set_pci_intx_level, 6);
FIELD(struct xen_dm_op_set_pci_intx_level, domain, 0, 2);
FIELD(struct xen_dm_op_set_pci_intx_level, bus, 2, 1);
FIELD(struct xen_dm_op_set_pci_intx_level, device, 3, 1);
FIELD(struct xen_dm_op_set_pci_intx_level, intx, 4, 1);
FIELD(struct xen_dm_op_set_pci_intx_level, level, 5, 1);

SIZE(struct xen_dm_op_set_isa_irq_level, 2);
FIELD(struct xen_dm_op_set_isa_irq_level, isa_irq, 0, 1);
FIELD(struct xen_dm_op_set_isa_irq_level, level, 1, 1);

SIZE(struct xen_dm_op_set_pci_link_route, 2);
FIELD(struct xen_dm_op_set_pci_link_route, link, 0, 1);
FIELD(struct xen_dm_op_set_pci_link_route, isa_irq, 1, 1);

SIZE(struct xen_dm_op_inject_event, 24);
FIELD(struct xen_dm_op_inject_event, vcpuid, 0, 4);
FIELD(struct xen_dm_op_inject_event, vector, 4, 1);
FIELD(struct xen_dm_op_inject_event, type, 5, 1);
FIELD(struct xen_dm_op_inject_event, insn_len, 6, 1);
FIELD(struct xen_dm_op_inject_event, pad0, 7, 1);
FIELD(struct xen_dm_op_inject_event, error_code, 8, 4);
FIELD(struct xen_dm_op_inject_event, pad1, 12, 4);
FIELD(struct xen_dm_op_inject_event, cr2, 16, 8);

SIZE(struct xen_dm_op_inject_msi, 16);
FIELD(struct xen_dm_op_inject_msi, data, 0, 4);
FIELD(struct xen_dm_op_inject_msi, pad, 4, 4);
FIELD(struct xen_dm_op_inject_msi, addr, 8, 8);

SIZE(struct xen_dm_op_set_irq_level, 8);
FIELD(struct xen_dm_op_set_irq_level, irq, 0, 4);
FIELD(struct xen_dm_op_set_irq_level, level, 4, 1);
FIELD(struct xen_dm_op_set_irq_level, pad, 5, 3);

SIZE(struct xen_dm_op_track_dirty_vram, 16);
FIELD(struct xen_dm_op_track_dirty_vram, nr, 0, 4);
FIELD(struct xen_dm_op_track_dirty_vram, pad, 4, 4);
FIELD(struct xen_dm_op_track_dirty_vram, first_pfn, 8, 8);

SIZE(struct xen_dm_op_modified_memory, 8);
FIELD(struct xen_dm_op_modified_memory, nr_extents, 0, 4);
FIELD(struct xen_dm_op_modified_memory, opaque, 4, 4);

SIZE(struct xen_dm_op_modified_memory_extent, 16);
FIELD(struct xen_dm_op_modified_memory_extent, nr, 0, 4);
FIELD(struct xen_dm_op_modified_memory_extent, pad, 4, 4);
FIELD(struct xen_dm_op_modified_memory_extent, first_pfn, 8, 8);

SIZE(struct xen_dm_op_set_mem_type, 16);
FIELD(struct xen_dm_op_set_mem_type, nr, 0, 4);
FIELD(struct xen_dm_op_set_mem_type, mem_type, 4, 2);
FIELD(struct xen_dm_op_set_mem_type, pad, 6, 2);
FIELD(struct xen_dm_op_set_mem_type, first_pfn, 8, 8);

SIZE(struct xen_dm_op_remote_shutdown, 4);
FIELD(struct xen_dm_op_remote_shutdown, reason, 0, 4);

SIZE(struct xen_dm_op_relocate_memory, 24);
FIELD(struct xen_dm_op_relocate_memory, size, 0, 4);
FIELD(struct xen_dm_op_relocate_memory, pad, 4, 4);
FIELD(struct xen_dm_op_relocate_memory, src_gfn, 8, 8);
FIELD(struct xen_dm_op_relocate_memory, dst_gfn, 16, 8);

SIZE(struct xen_dm_op_pin_memory_cacheattr, 24);
FIELD(struct xen_dm_op_pin_memory_cacheattr, start, 0, 8);
FIELD(struct xen_dm_op_pin_memory_cacheattr, end, 8, 8);
FIELD(struct xen_dm_op_pin_memory_cacheattr, type, 16, 4);
FIELD(struct xen_dm_op_pin_memory_cacheattr, pad, 20, 4);

/* ---- Requests (dmop.md section 4) ---- */

SIZE(struct ioreq, 32);
FIELD(struct ioreq, addr, 0, 8);
FIELD(struct ioreq, data, 8, 8);
FIELD(struct ioreq, count, 16, 4);
FIELD(struct ioreq, size, 20, 4);
FIELD(struct ioreq, vp_eport, 24, 4);
FIELD(struct ioreq, _pad0, 28, 2);
BITS(struct ioreq, bits, 30, 1);
FIELD(struct ioreq, type, 31, 1);

SIZE(struct buf_ioreq, 8);
FIELD(struct buf_ioreq, type, 0, 1);
BITS(struct buf_ioreq, bits, 1, 3);
FIELD(struct buf_ioreq, data, 4, 4);

FIELD(struct buffered_iopage, read_pointer, 0, 4);
FIELD(struct buffered_iopage, write_pointer, 4, 4);
FIELD(struct buffered_iopage, buf_ioreq, 8, 4088);
SIZE(struct buffered_iopage, 4096);

/* ---- Resources (dmop.md section 8.1) ---- */

SIZE(struct xen_mem_acquire_resource, 32);
FIELD(struct xen_mem_acquire_resource, domid, 0, 2);
FIELD(struct xen_mem_acquire_resource, type, 2, 2);
FIELD(struct xen_mem_acquire_resource, id, 4, 4);
FIELD(struct xen_mem_acquire_resource, nr_frames, 8, 4);
FIELD(struct xen_mem_acquire_resource, pad, 12, 4);
FIELD(struct xen_mem_acquire_resource, frame, 16, 8);
FIELD(struct xen_mem_acquire_resource, frame_list, 24, 8);

/* ---- Domain state, domctl 90 (dmop.md section 12) ---- */

SIZE(struct xen_domctl, 144);
FIELD(struct xen_domctl, cmd, 0, 4);
FIELD(struct xen_domctl, interface_version, 4, 4);
FIELD(struct xen_domctl, domain, 8, 2);
FIELD(struct xen_domctl, _pad, 10, 6);
FIELD(struct xen_domctl, u, 16, 128);
NEWER(struct xen_domctl, state, 16, 2);
NEWER(struct xen_domctl, caps, 18, 2);
NEWER(struct xen_domctl, pad0, 20, 4);
NEWER(struct xen_domctl, unique_id, 24, 8);
NEWER(struct xen_domctl, rest, 32, 112);
#ifdef XEN_DOMCTL_get_domain_state
VALUE(XEN_DOMCTL_get_domain_state, 90);
FIELD(struct xen_domctl_get_domain_state, state, 0, 2);
FIELD(struct xen_domctl_get_domain_state, caps, 2, 2);
FIELD(struct xen_domctl_get_domain_state, pad, 4, 4);
FIELD(struct xen_domctl_get_domain_state, unique_id, 8, 8);
#endif

/* ---- A port's status (xenstored.md 9.6) ---- */

SIZE(struct evtchn_status, 24);
FIELD(struct evtchn_status, dom, 0, 2);
PAD(struct evtchn_status, 2, 2);
FIELD(struct evtchn_status, port, 4, 4);
FIELD(struct evtchn_status, status, 8, 4);
FIELD(struct evtchn_status, vcpu, 12, 4);
FIELD(struct evtchn_status, u.interdomain.dom, 16, 2);
PAD(struct evtchn_status, 18, 2);
FIELD(struct evtchn_status, u.interdomain.port, 20, 4);
VALUE(EVTCHNOP_status, 5);
VALUE(EVTCHNSTAT_closed, 0);
VALUE(EVTCHNSTAT_unbound, 1);
VALUE(EVTCHNSTAT_interdomain, 2);
VALUE(EVTCHNSTAT_pirq, 3);
VALUE(EVTCHNSTAT_virq, 4);
VALUE(EVTCHNSTAT_ipi, 5);

/* ---- Linux: privcmd (dmop.md section 9) ---- */

SIZE(struct privcmd_hypercall, 48);
FIELD(struct privcmd_hypercall, op, 0, 8);
FIELD(struct privcmd_hypercall, arg[0], 8, 8);
FIELD(struct privcmd_hypercall, arg[1], 16, 8);
FIELD(struct privcmd_hypercall, arg[2], 24, 8);
FIELD(struct privcmd_hypercall, arg[3], 32, 8);
FIELD(struct privcmd_hypercall, arg[4], 40, 8);

SIZE(struct privcmd_mmapbatch_v2, 32);
FIELD(struct privcmd_mmapbatch_v2, num, 0, 4);
FIELD(struct privcmd_mmapbatch_v2, dom, 4, 2);
PAD(struct privcmd_mmapbatch_v2, 6, 2);
FIELD(struct privcmd_mmapbatch_v2, addr, 8, 8);
FIELD(struct privcmd_mmapbatch_v2, arr, 16, 8);
FIELD(struct privcmd_mmapbatch_v2, err, 24, 8);

SIZE(struct privcmd_dm_op, 16);
FIELD(struct privcmd_dm_op, dom, 0, 2);
FIELD(struct privcmd_dm_op, num, 2, 2);
PAD(struct privcmd_dm_op, 4, 4);
FIELD(struct privcmd_dm_op, ubufs, 8, 8);

SIZE(struct privcmd_dm_op_buf, 16);
FIELD(struct privcmd_dm_op_buf, uptr, 0, 8);
FIELD(struct privcmd_dm_op_buf, size, 8, 8);

SIZE(domid_t, 2);

SIZE(struct privcmd_mmap_resource, 32);
FIELD(struct privcmd_mmap_resource, dom, 0, 2);
PAD(struct privcmd_mmap_resource, 2, 2);
FIELD(struct privcmd_mmap_resource, type, 4, 4);
FIELD(struct privcmd_mmap_resource, id, 8, 4);
FIELD(struct privcmd_mmap_resource, idx, 12, 4);
FIELD(struct privcmd_mmap_resource, num, 16, 8);
FIELD(struct privcmd_mmap_resource, addr, 24, 8);

/* ---- Linux: evtchn (dmop.md section 10) ---- */

SIZE(struct ioctl_evtchn_notify, 4);
FIELD(struct ioctl_evtchn_notify, port, 0, 4);

SIZE(struct ioctl_evtchn_bind_interdomain, 8);
FIELD(struct ioctl_evtchn_bind_interdomain, remote_domain, 0, 4);
FIELD(struct ioctl_evtchn_bind_interdomain, remote_port, 4, 4);

SIZE(struct ioctl_evtchn_restrict_domid, 2);
FIELD(struct ioctl_evtchn_restrict_domid, domid, 0, 2);

SIZE(struct ioctl_evtchn_bind_virq, 4);
SIZE(struct ioctl_evtchn_bind_unbound_port, 4);
SIZE(struct ioctl_evtchn_unbind, 4);

/* ---- Linux: gntdev (dmop.md section 11) ---- */

SIZE(struct ioctl_gntdev_grant_ref, 8);
FIELD(struct ioctl_gntdev_grant_ref, domid, 0, 4);
FIELD(struct ioctl_gntdev_grant_ref, ref, 4, 4);

SIZE(struct ioctl_gntdev_map_grant_ref, 24);
FIELD(struct ioctl_gntdev_map_grant_ref, count, 0, 4);
FIELD(struct ioctl_gntdev_map_grant_ref, pad, 4, 4);
FIELD(struct ioctl_gntdev_map_grant_ref, index, 8, 8);
FIELD(struct ioctl_gntdev_map_grant_ref, refs[0].domid, 16, 4);
FIELD(struct ioctl_gntdev_map_grant_ref, refs[0].ref, 20, 4);

SIZE(struct ioctl_gntdev_unmap_grant_ref, 16);
FIELD(struct ioctl_gntdev_unmap_grant_ref, index, 0, 8);
FIELD(struct ioctl_gntdev_unmap_grant_ref, count, 8, 4);
FIELD(struct ioctl_gntdev_unmap_grant_ref, pad, 12, 4);

SIZE(struct ioctl_gntdev_get_offset_for_vaddr, 24);
FIELD(struct ioctl_gntdev_get_offset_for_vaddr, vaddr, 0, 8);
FIELD(struct ioctl_gntdev_get_offset_for_vaddr, offset, 8, 8);
FIELD(struct ioctl_gntdev_get_offset_for_vaddr, count, 16, 4);
FIELD(struct ioctl_gntdev_get_offset_for_vaddr, pad, 20, 4);

SIZE(struct ioctl_gntdev_set_max_grants, 4);
FIELD(struct ioctl_gntdev_set_max_grants, count, 0, 4);

SIZE(struct ioctl_gntdev_unmap_notify, 16);
FIELD(struct ioctl_gntdev_unmap_notify, index, 0, 8);
FIELD(struct ioctl_gntdev_unmap_notify, action, 8, 4);
FIELD(struct ioctl_gntdev_unmap_notify, event_channel_port, 12, 4);

/* ---- Operations (dmop.md section 2) ---- */

VALUE(XEN_DMOP_create_ioreq_server, 1);
VALUE(XEN_DMOP_get_ioreq_server_info, 2);
VALUE(XEN_DMOP_map_io_range_to_ioreq_server, 3);
VALUE(XEN_DMOP_unmap_io_range_from_ioreq_server, 4);
VALUE(XEN_DMOP_set_ioreq_server_state, 5);
VALUE(XEN_DMOP_destroy_ioreq_server, 6);
VALUE(XEN_DMOP_track_dirty_vram, 7);
VALUE(XEN_DMOP_set_pci_intx_level, 8);
VALUE(XEN_DMOP_set_isa_irq_level, 9);
VALUE(XEN_DMOP_set_pci_link_route, 10);
VALUE(XEN_DMOP_modified_memory, 11);
VALUE(XEN_DMOP_set_mem_type, 12);
VALUE(XEN_DMOP_inject_event, 13);
VALUE(XEN_DMOP_inject_msi, 14);
VALUE(XEN_DMOP_map_mem_type_to_ioreq_server, 15);
VALUE(XEN_DMOP_remote_shutdown, 16);
VALUE(XEN_DMOP_relocate_memory, 17);
VALUE(XEN_DMOP_pin_memory_cacheattr, 18);
VALUE(XEN_DMOP_set_irq_level, 19);
VALUE(XEN_DMOP_nr_vcpus, 20);

/* ---- Numbers inside of payloads (dmop.md section 3) ---- */

VALUE(HVM_IOREQSRV_BUFIOREQ_OFF, 0);
VALUE(HVM_IOREQSRV_BUFIOREQ_LEGACY, 1);
VALUE(HVM_IOREQSRV_BUFIOREQ_ATOMIC, 2);
VALUE(XEN_DMOP_no_gfns, 1);
VALUE(XEN_DMOP_IO_RANGE_PORT, 0);
VALUE(XEN_DMOP_IO_RANGE_MEMORY, 1);
VALUE(XEN_DMOP_IO_RANGE_PCI, 2);
VALUE(HVMMEM_ram_rw, 0);
VALUE(HVMMEM_ram_ro, 1);
VALUE(HVMMEM_mmio_dm, 2);
VALUE(HVMMEM_ioreq_server, 4);
VALUE(XEN_DMOP_IOREQ_MEM_ACCESS_READ, 1);
VALUE(XEN_DMOP_IOREQ_MEM_ACCESS_WRITE, 2);
VALUE(XEN_DMOP_EVENT_ext_int, 0);
VALUE(XEN_DMOP_EVENT_nmi, 2);
VALUE(XEN_DMOP_EVENT_hw_exc, 3);
VALUE(XEN_DMOP_EVENT_sw_int, 4);
VALUE(XEN_DMOP_EVENT_pri_sw_exc, 5);
VALUE(XEN_DMOP_EVENT_sw_exc, 6);
VALUE(SHUTDOWN_poweroff, 0);
VALUE(SHUTDOWN_reboot, 1);
VALUE(SHUTDOWN_suspend, 2);
VALUE(SHUTDOWN_crash, 3);
VALUE(SHUTDOWN_watchdog, 4);
VALUE(SHUTDOWN_soft_reset, 5);
VALUE(XEN_DMOP_MEM_CACHEATTR_UC, 0);
VALUE(XEN_DMOP_MEM_CACHEATTR_WC, 1);
VALUE(XEN_DMOP_MEM_CACHEATTR_WT, 4);
VALUE(XEN_DMOP_MEM_CACHEATTR_WP, 5);
VALUE(XEN_DMOP_MEM_CACHEATTR_WB, 6);
VALUE(XEN_DMOP_MEM_CACHEATTR_UCM, 7);
VALUE(XEN_DMOP_DELETE_MEM_CACHEATTR, 0xffffffff);

/* ---- Requests (dmop.md section 4) ---- */

VALUE(IOREQ_TYPE_PIO, 0);
VALUE(IOREQ_TYPE_COPY, 1);
VALUE(IOREQ_TYPE_PCI_CONFIG, 2);
VALUE(IOREQ_TYPE_TIMEOFFSET, 7);
VALUE(IOREQ_TYPE_INVALIDATE, 8);
VALUE(STATE_IOREQ_NONE, 0);
VALUE(STATE_IOREQ_READY, 1);
VALUE(STATE_IOREQ_INPROCESS, 2);
VALUE(STATE_IORESP_READY, 3);
VALUE(IOREQ_BUFFER_SLOT_NUM, 511);

/* ---- Hypercalls, domains, resources (dmop.md sections 8.1 and 19) ---- */

VALUE(__HYPERVISOR_memory_op, 12);
VALUE(__HYPERVISOR_event_channel_op, 32);
VALUE(__HYPERVISOR_domctl, 36);
VALUE(__HYPERVISOR_dm_op, 41);
VALUE(XENMEM_acquire_resource, 28);
VALUE(XENMEM_resource_ioreq_server, 0);
VALUE(XENMEM_resource_grant_table, 1);
VALUE(XENMEM_resource_vmtrace_buf, 2);
VALUE(XENMEM_resource_ioreq_server_frame_bufioreq, 0);
VALUE(XENMEM_resource_ioreq_server_frame_ioreq(0), 1);
VALUE(DOMID_SELF, 0x7FF0);
VALUE(DOMID_IO, 0x7FF1);
VALUE(DOMID_XEN, 0x7FF2);
VALUE(DOMID_COW, 0x7FF3);
VALUE(DOMID_INVALID, 0x7FF4);
VALUE(DOMID_IDLE, 0x7FFF);
VALUE(VIRQ_DOM_EXC, 3);
VALUE(GNTTAB_RESERVED_XENSTORE, 1);
VALUE(XEN_DMOP_PCI_SBDF(0x1234, 0x56, 0x17, 5), 0x123456bd);

/* ---- Ioctls (dmop.md sections 9 to 11) ---- */

VALUE(IOCTL_PRIVCMD_HYPERCALL, 0x00305000);
VALUE(IOCTL_PRIVCMD_MMAPBATCH, 0x00185003);
VALUE(IOCTL_PRIVCMD_MMAPBATCH_V2, 0x00205004);
VALUE(IOCTL_PRIVCMD_DM_OP, 0x00105005);
VALUE(IOCTL_PRIVCMD_RESTRICT, 0x00025006);
VALUE(IOCTL_PRIVCMD_MMAP_RESOURCE, 0x00205007);
VALUE(IOCTL_PRIVCMD_UNIMPLEMENTED, 0x000050ff);
VALUE(IOCTL_EVTCHN_BIND_VIRQ, 0x00044500);
VALUE(IOCTL_EVTCHN_BIND_INTERDOMAIN, 0x00084501);
VALUE(IOCTL_EVTCHN_BIND_UNBOUND_PORT, 0x00044502);
VALUE(IOCTL_EVTCHN_UNBIND, 0x00044503);
VALUE(IOCTL_EVTCHN_NOTIFY, 0x00044504);
VALUE(IOCTL_EVTCHN_RESET, 0x00004505);
VALUE(IOCTL_EVTCHN_RESTRICT_DOMID, 0x00024506);
NEWER(IOCTL_EVTCHN_BIND_STATIC, 0x00044507);
VALUE(IOCTL_GNTDEV_MAP_GRANT_REF, 0x00184700);
VALUE(IOCTL_GNTDEV_UNMAP_GRANT_REF, 0x00104701);
VALUE(IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, 0x00184702);
VALUE(IOCTL_GNTDEV_SET_MAX_GRANTS, 0x00044703);
VALUE(IOCTL_GNTDEV_SET_UNMAP_NOTIFY, 0x00104707);
VALUE(UNMAP_NOTIFY_CLEAR_BYTE, 1);
VALUE(UNMAP_NOTIFY_SEND_EVENT, 2);
VALUE(IOCTL_XENBUS_BACKEND_EVTCHN, 0x00004200);

/* ---- Errno (dmop.md section 19) ---- */

ERRNO(EPERM, 1);
ERRNO(ENOENT, 2);
ERRNO(ESRCH, 3);
VALUE(EINTR, 4);
ERRNO(EIO, 5);
ERRNO(ENXIO, 6);
ERRNO(E2BIG, 7);
ERRNO(EAGAIN, 11);
ERRNO(ENOMEM, 12);
ERRNO(EACCES, 13);
ERRNO(EFAULT, 14);
ERRNO(EBUSY, 16);
ERRNO(EEXIST, 17);
ERRNO(EXDEV, 18);
ERRNO(ENODEV, 19);
ERRNO(EINVAL, 22);
VALUE(ENOTTY, 25);
VALUE(EFBIG, 27);
ERRNO(ENOSPC, 28);
ERRNO(ERANGE, 34);
ERRNO(ENOSYS, 38);
ERRNO(ENODATA, 61);
ERRNO(EOVERFLOW, 75);
ERRNO(EOPNOTSUPP, 95);
ERRNO(EISCONN, 106);
ERRNO(ENOTCONN, 107);
ERRNO(ETIMEDOUT, 110);

/* ---- Bit-fields, which no constant expression can look into ---- */

static int wrong;

static void expect(const void *object, size_t size, const char *hex, const char *what)
{
    char text[2 * 32 + 1] = "";

    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", ((const unsigned char *)object)[i]);
    if (strcmp(text, hex) == 0)
        return;
    printf("# %s: %s where Swift has %s\n", what, text, hex);
    wrong = 1;
}

#define ZEROES_30 "000000000000000000000000000000000000000000000000000000000000"
#define IOREQ(hex, ...) expect(&(struct ioreq){__VA_ARGS__}, 32, ZEROES_30 hex "00", "ioreq " #__VA_ARGS__)
#define BUFFERED(hex, ...) expect(&(struct buf_ioreq){__VA_ARGS__}, 8, hex, "buf_ioreq " #__VA_ARGS__)

int main(void)
{
    IOREQ("0f", .state = 15);
    IOREQ("10", .data_is_ptr = 1);
    IOREQ("20", .dir = 1);
    IOREQ("40", .df = 1);
    BUFFERED("0002000000000000", .dir = 1);
    BUFFERED("000c000000000000", .size = 3);
    BUFFERED("00f0ffff00000000", .addr = 0xfffff);
    return wrong;
}
