// Every number of the ABI beside its name in Xen's headers. Tests/Layouts/check compares them with layouts.c.

import Testing
import XenABI

/// A number as Xen's headers name it, and as our code has it.
struct Constant: Sendable, CustomTestStringConvertible {
    let name: String
    let expected: UInt64
    let actual: UInt64

    init(_ name: String, _ expected: UInt64, _ actual: some BinaryInteger) {
        self.name = name
        self.expected = expected
        self.actual = UInt64(actual)
    }

    var testDescription: String { name }
}

@Suite("Numbers of the ABI")
struct ConstantTests {
    @Test("each has the value that Xen's headers give it", arguments: Constant.all)
    func value(_ constant: Constant) { #expect(constant.actual == constant.expected) }
}

extension Constant {
    static var all: [Constant] { operations + payloadNumbers + requests + names + ioctls + errnos }

    // Operations (dmop.md section 2).
    static let operations = [
        Constant("XEN_DMOP_create_ioreq_server", 1, DMOpcode.createIOREQServer.rawValue),
        Constant("XEN_DMOP_get_ioreq_server_info", 2, DMOpcode.getIOREQServerInfo.rawValue),
        Constant("XEN_DMOP_map_io_range_to_ioreq_server", 3, DMOpcode.mapIORange.rawValue),
        Constant("XEN_DMOP_unmap_io_range_from_ioreq_server", 4, DMOpcode.unmapIORange.rawValue),
        Constant("XEN_DMOP_set_ioreq_server_state", 5, DMOpcode.setIOREQServerState.rawValue),
        Constant("XEN_DMOP_destroy_ioreq_server", 6, DMOpcode.destroyIOREQServer.rawValue),
        Constant("XEN_DMOP_track_dirty_vram", 7, DMOpcode.trackDirtyVRAM.rawValue),
        Constant("XEN_DMOP_set_pci_intx_level", 8, DMOpcode.setPCIINTxLevel.rawValue),
        Constant("XEN_DMOP_set_isa_irq_level", 9, DMOpcode.setISAIRQLevel.rawValue),
        Constant("XEN_DMOP_set_pci_link_route", 10, DMOpcode.setPCILinkRoute.rawValue),
        Constant("XEN_DMOP_modified_memory", 11, DMOpcode.modifiedMemory.rawValue),
        Constant("XEN_DMOP_set_mem_type", 12, DMOpcode.setMemoryType.rawValue),
        Constant("XEN_DMOP_inject_event", 13, DMOpcode.injectEvent.rawValue),
        Constant("XEN_DMOP_inject_msi", 14, DMOpcode.injectMSI.rawValue),
        Constant("XEN_DMOP_map_mem_type_to_ioreq_server", 15, DMOpcode.mapMemoryType.rawValue),
        Constant("XEN_DMOP_remote_shutdown", 16, DMOpcode.remoteShutdown.rawValue),
        Constant("XEN_DMOP_relocate_memory", 17, DMOpcode.relocateMemory.rawValue),
        Constant("XEN_DMOP_pin_memory_cacheattr", 18, DMOpcode.pinMemoryCacheAttribute.rawValue),
        Constant("XEN_DMOP_set_irq_level", 19, DMOpcode.setIRQLevel.rawValue),
        Constant("XEN_DMOP_nr_vcpus", 20, DMOpcode.vcpuCount.rawValue),
    ]

    // Numbers inside of payloads (dmop.md section 3).
    static let payloadNumbers = [
        Constant("HVM_IOREQSRV_BUFIOREQ_OFF", 0, BufferedHandling.off.rawValue),
        Constant("HVM_IOREQSRV_BUFIOREQ_LEGACY", 1, BufferedHandling.legacy.rawValue),
        Constant("HVM_IOREQSRV_BUFIOREQ_ATOMIC", 2, BufferedHandling.atomic.rawValue),
        Constant("XEN_DMOP_no_gfns", 1, ServerInfoFlags.noGFNs.rawValue),
        Constant("XEN_DMOP_IO_RANGE_PORT", 0, IORangeType.port.rawValue),
        Constant("XEN_DMOP_IO_RANGE_MEMORY", 1, IORangeType.memory.rawValue),
        Constant("XEN_DMOP_IO_RANGE_PCI", 2, IORangeType.pci.rawValue),
        Constant("HVMMEM_ram_rw", 0, MemoryType.ramReadWrite.rawValue),
        Constant("HVMMEM_ram_ro", 1, MemoryType.ramReadOnly.rawValue),
        Constant("HVMMEM_mmio_dm", 2, MemoryType.mmioDM.rawValue),
        Constant("HVMMEM_ioreq_server", 4, MemoryType.ioreqServer.rawValue),
        Constant("XEN_DMOP_IOREQ_MEM_ACCESS_READ", 1, MemoryAccessFlags.read.rawValue),
        Constant("XEN_DMOP_IOREQ_MEM_ACCESS_WRITE", 2, MemoryAccessFlags.write.rawValue),
        Constant("XEN_DMOP_EVENT_ext_int", 0, EventType.externalInterrupt.rawValue),
        Constant("XEN_DMOP_EVENT_nmi", 2, EventType.nmi.rawValue),
        Constant("XEN_DMOP_EVENT_hw_exc", 3, EventType.hardwareException.rawValue),
        Constant("XEN_DMOP_EVENT_sw_int", 4, EventType.softwareInterrupt.rawValue),
        Constant("XEN_DMOP_EVENT_pri_sw_exc", 5, EventType.debugException.rawValue),
        Constant("XEN_DMOP_EVENT_sw_exc", 6, EventType.softwareException.rawValue),
        Constant("SHUTDOWN_poweroff", 0, ShutdownReason.powerOff.rawValue),
        Constant("SHUTDOWN_reboot", 1, ShutdownReason.reboot.rawValue),
        Constant("SHUTDOWN_suspend", 2, ShutdownReason.suspend.rawValue),
        Constant("SHUTDOWN_crash", 3, ShutdownReason.crash.rawValue),
        Constant("SHUTDOWN_watchdog", 4, ShutdownReason.watchdog.rawValue),
        Constant("SHUTDOWN_soft_reset", 5, ShutdownReason.softReset.rawValue),
        Constant("XEN_DMOP_MEM_CACHEATTR_UC", 0, CacheAttribute.uncacheable.rawValue),
        Constant("XEN_DMOP_MEM_CACHEATTR_WC", 1, CacheAttribute.writeCombining.rawValue),
        Constant("XEN_DMOP_MEM_CACHEATTR_WT", 4, CacheAttribute.writeThrough.rawValue),
        Constant("XEN_DMOP_MEM_CACHEATTR_WP", 5, CacheAttribute.writeProtected.rawValue),
        Constant("XEN_DMOP_MEM_CACHEATTR_WB", 6, CacheAttribute.writeBack.rawValue),
        Constant("XEN_DMOP_MEM_CACHEATTR_UCM", 7, CacheAttribute.uncacheableMinus.rawValue),
        Constant("XEN_DMOP_DELETE_MEM_CACHEATTR", 0xffffffff, CacheAttribute.delete.rawValue),
    ]

    // Requests (dmop.md section 4).
    static let requests = [
        Constant("IOREQ_TYPE_PIO", 0, IOREQType.portIO.rawValue),
        Constant("IOREQ_TYPE_COPY", 1, IOREQType.copy.rawValue),
        Constant("IOREQ_TYPE_PCI_CONFIG", 2, IOREQType.pciConfig.rawValue),
        Constant("IOREQ_TYPE_TIMEOFFSET", 7, IOREQType.timeOffset.rawValue),
        Constant("IOREQ_TYPE_INVALIDATE", 8, IOREQType.invalidate.rawValue),
        Constant("STATE_IOREQ_NONE", 0, IOREQState.none.rawValue),
        Constant("STATE_IOREQ_READY", 1, IOREQState.ready.rawValue),
        Constant("STATE_IOREQ_INPROCESS", 2, IOREQState.inProcess.rawValue),
        Constant("STATE_IORESP_READY", 3, IOREQState.responseReady.rawValue),
        Constant("IOREQ_BUFFER_SLOT_NUM", 511, BufferedPage.slotCount),
    ]

    // Hypercalls, domains, resources (dmop.md sections 8.1 and 19).
    static let names = [
        Constant("__HYPERVISOR_memory_op", 12, Hypercall.memoryOp),
        Constant("__HYPERVISOR_event_channel_op", 32, Hypercall.eventChannelOp),
        Constant("EVTCHNOP_status", 5, Hypercall.eventChannelStatus),
        Constant("EVTCHNSTAT_closed", 0, EventChannelKind.closed.rawValue),
        Constant("EVTCHNSTAT_unbound", 1, EventChannelKind.unbound.rawValue),
        Constant("EVTCHNSTAT_interdomain", 2, EventChannelKind.interdomain.rawValue),
        Constant("EVTCHNSTAT_pirq", 3, EventChannelKind.physicalInterrupt.rawValue),
        Constant("EVTCHNSTAT_virq", 4, EventChannelKind.virtualInterrupt.rawValue),
        Constant("EVTCHNSTAT_ipi", 5, EventChannelKind.interprocessor.rawValue),
        Constant("__HYPERVISOR_domctl", 36, Hypercall.domctl),
        Constant("__HYPERVISOR_dm_op", 41, Hypercall.dmOp),
        Constant("XENMEM_acquire_resource", 28, Hypercall.acquireResource),
        Constant("XEN_DOMCTL_get_domain_state", 90, GetDomainState.command),
        Constant("XENMEM_resource_ioreq_server", 0, ResourceType.ioreqServer.rawValue),
        Constant("XENMEM_resource_grant_table", 1, ResourceType.grantTable.rawValue),
        Constant("XENMEM_resource_vmtrace_buf", 2, ResourceType.vmtraceBuffer.rawValue),
        Constant("XENMEM_resource_ioreq_server_frame_bufioreq", 0, IOREQServerFrame.buffered),
        Constant("XENMEM_resource_ioreq_server_frame_ioreq(0)", 1, IOREQServerFrame.synchronous),
        Constant("DOMID_SELF", 0x7FF0, DomainID.caller.rawValue),
        Constant("DOMID_IO", 0x7FF1, DomainID.io.rawValue),
        Constant("DOMID_XEN", 0x7FF2, DomainID.xen.rawValue),
        Constant("DOMID_COW", 0x7FF3, DomainID.copyOnWrite.rawValue),
        Constant("DOMID_INVALID", 0x7FF4, DomainID.invalid.rawValue),
        Constant("DOMID_IDLE", 0x7FFF, DomainID.idle.rawValue),
        Constant("VIRQ_DOM_EXC", 3, VIRQ.domainException.rawValue),
        Constant("GNTTAB_RESERVED_XENSTORE", 1, GrantReference.xenstore.rawValue),
        Constant(
            "XEN_DMOP_PCI_SBDF(0x1234, 0x56, 0x17, 5)", 0x123456bd,
            PCIAddress(segment: 0x1234, bus: 0x56, device: 0x17, function: 5).rawValue),
    ]

    // Ioctls (dmop.md sections 9 to 11).
    static let ioctls = [
        Constant("IOCTL_PRIVCMD_HYPERCALL", 0x00305000, PrivcmdCall.hypercall),
        Constant("IOCTL_PRIVCMD_MMAPBATCH", 0x00185003, PrivcmdCall.mmapBatch),
        Constant("IOCTL_PRIVCMD_MMAPBATCH_V2", 0x00205004, PrivcmdCall.mmapBatchV2),
        Constant("IOCTL_PRIVCMD_DM_OP", 0x00105005, PrivcmdCall.dmOp),
        Constant("IOCTL_PRIVCMD_RESTRICT", 0x00025006, PrivcmdCall.restrict),
        Constant("IOCTL_PRIVCMD_MMAP_RESOURCE", 0x00205007, PrivcmdCall.mmapResource),
        Constant("IOCTL_PRIVCMD_UNIMPLEMENTED", 0x000050ff, PrivcmdCall.unimplemented),
        Constant("IOCTL_EVTCHN_BIND_VIRQ", 0x00044500, EventChannelCall.bindVIRQ),
        Constant("IOCTL_EVTCHN_BIND_INTERDOMAIN", 0x00084501, EventChannelCall.bindInterdomain),
        Constant("IOCTL_EVTCHN_BIND_UNBOUND_PORT", 0x00044502, EventChannelCall.bindUnboundPort),
        Constant("IOCTL_EVTCHN_UNBIND", 0x00044503, EventChannelCall.unbind),
        Constant("IOCTL_EVTCHN_NOTIFY", 0x00044504, EventChannelCall.notify),
        Constant("IOCTL_EVTCHN_RESET", 0x00004505, EventChannelCall.reset),
        Constant("IOCTL_EVTCHN_RESTRICT_DOMID", 0x00024506, EventChannelCall.restrict),
        Constant("IOCTL_EVTCHN_BIND_STATIC", 0x00044507, EventChannelCall.bindStatic),
        Constant("IOCTL_GNTDEV_MAP_GRANT_REF", 0x00184700, GrantDeviceCall.mapGrantReference),
        Constant("IOCTL_GNTDEV_UNMAP_GRANT_REF", 0x00104701, GrantDeviceCall.unmapGrantReference),
        Constant("IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR", 0x00184702, GrantDeviceCall.getOffsetForAddress),
        Constant("IOCTL_GNTDEV_SET_MAX_GRANTS", 0x00044703, GrantDeviceCall.setMaxGrants),
        Constant("IOCTL_GNTDEV_SET_UNMAP_NOTIFY", 0x00104707, GrantDeviceCall.setUnmapNotify),
        Constant("UNMAP_NOTIFY_CLEAR_BYTE", 1, UnmapAction.clearByte.rawValue),
        Constant("UNMAP_NOTIFY_SEND_EVENT", 2, UnmapAction.sendEvent.rawValue),
        Constant("IOCTL_XENBUS_BACKEND_EVTCHN", 0x00004200, XenbusBackendCall.eventChannel),
    ]

    // Errno (dmop.md section 19).
    static let errnos = [
        Constant("EPERM", 1, XenErrorCode.eperm.rawValue),
        Constant("ENOENT", 2, XenErrorCode.enoent.rawValue),
        Constant("ESRCH", 3, XenErrorCode.esrch.rawValue),
        Constant("EINTR", 4, XenErrorCode.eintr.rawValue),
        Constant("EIO", 5, XenErrorCode.eio.rawValue),
        Constant("ENXIO", 6, XenErrorCode.enxio.rawValue),
        Constant("E2BIG", 7, XenErrorCode.e2big.rawValue),
        Constant("EAGAIN", 11, XenErrorCode.eagain.rawValue),
        Constant("ENOMEM", 12, XenErrorCode.enomem.rawValue),
        Constant("EACCES", 13, XenErrorCode.eacces.rawValue),
        Constant("EFAULT", 14, XenErrorCode.efault.rawValue),
        Constant("EBUSY", 16, XenErrorCode.ebusy.rawValue),
        Constant("EEXIST", 17, XenErrorCode.eexist.rawValue),
        Constant("EXDEV", 18, XenErrorCode.exdev.rawValue),
        Constant("ENODEV", 19, XenErrorCode.enodev.rawValue),
        Constant("EINVAL", 22, XenErrorCode.einval.rawValue),
        Constant("ENOTTY", 25, XenErrorCode.enotty.rawValue),
        Constant("EFBIG", 27, XenErrorCode.efbig.rawValue),
        Constant("ENOSPC", 28, XenErrorCode.enospc.rawValue),
        Constant("ERANGE", 34, XenErrorCode.erange.rawValue),
        Constant("ENOSYS", 38, XenErrorCode.enosys.rawValue),
        Constant("ENODATA", 61, XenErrorCode.enodata.rawValue),
        Constant("EOVERFLOW", 75, XenErrorCode.eoverflow.rawValue),
        Constant("EOPNOTSUPP", 95, XenErrorCode.eopnotsupp.rawValue),
        Constant("EISCONN", 106, XenErrorCode.eisconn.rawValue),
        Constant("ENOTCONN", 107, XenErrorCode.enotconn.rawValue),
        Constant("ETIMEDOUT", 110, XenErrorCode.etimedout.rawValue),
    ]
}
