// Golden bytes: payloads of guest memory.
// The numbers are those of Tests/Layouts/layouts.c, which checks them against Xen's headers.

import Testing
import XenABI

@Suite("Payloads of guest memory")
struct MemoryPayloadTests {
    @Test("operation 7, track_dirty_vram") func trackDirtyVRAM() throws {
        try verify(
            DMOP.TrackDirtyVRAM(count: 0x14131211, first: GuestFrame(rawValue: 0x28272625_24232221)),
            """
            struct xen_dm_op_track_dirty_vram: 16 bytes
              0  nr         11 12 13 14
              4  pad        00 00 00 00
              8  first_pfn  21 22 23 24 25 26 27 28
            """)
    }

    @Test("operation 11, modified_memory") func modifiedMemory() throws {
        try verify(
            DMOP.ModifiedMemory(extentCount: 0x14131211, opaque: 0x24232221),
            """
            struct xen_dm_op_modified_memory: 8 bytes
              0  nr_extents  11 12 13 14
              4  opaque      21 22 23 24
            """)
    }

    @Test("one extent of operation 11") func extent() throws {
        try verify(
            DMOP.Extent(count: 0x14131211, first: GuestFrame(rawValue: 0x28272625_24232221)),
            """
            struct xen_dm_op_modified_memory_extent: 16 bytes
              0  nr         11 12 13 14
              4  pad        00 00 00 00
              8  first_pfn  21 22 23 24 25 26 27 28
            """)
    }

    @Test("operation 12, set_mem_type") func setMemoryType() throws {
        try verify(
            DMOP.SetMemoryType(
                count: 0x14131211, type: MemoryType(rawValue: 0x2221),
                first: GuestFrame(rawValue: 0x38373635_34333231)),
            """
            struct xen_dm_op_set_mem_type: 16 bytes
              0  nr         11 12 13 14
              4  mem_type   21 22
              6  pad        00 00
              8  first_pfn  31 32 33 34 35 36 37 38
            """)
    }

    @Test("operation 16, remote_shutdown") func remoteShutdown() throws {
        try verify(
            DMOP.RemoteShutdown(reason: ShutdownReason(rawValue: 0x14131211)),
            """
            struct xen_dm_op_remote_shutdown: 4 bytes
              0  reason  11 12 13 14
            """)
    }

    @Test("operation 17, relocate_memory") func relocateMemory() throws {
        try verify(
            DMOP.RelocateMemory(
                count: 0x14131211, source: GuestFrame(rawValue: 0x28272625_24232221),
                destination: GuestFrame(rawValue: 0x38373635_34333231)),
            """
            struct xen_dm_op_relocate_memory: 24 bytes
              0  size     11 12 13 14
              4  pad      00 00 00 00
              8  src_gfn  21 22 23 24 25 26 27 28
             16  dst_gfn  31 32 33 34 35 36 37 38
            """)
    }

    @Test("operation 18, pin_memory_cacheattr") func pinMemoryCacheAttribute() throws {
        try verify(
            DMOP.PinMemoryCacheAttribute(
                start: GuestFrame(rawValue: 0x18171615_14131211), end: GuestFrame(rawValue: 0x28272625_24232221),
                type: CacheAttribute(rawValue: 0x34333231)),
            """
            struct xen_dm_op_pin_memory_cacheattr: 24 bytes
              0  start  11 12 13 14 15 16 17 18
              8  end    21 22 23 24 25 26 27 28
             16  type   31 32 33 34
             20  pad    00 00 00 00
            """)
    }
}
