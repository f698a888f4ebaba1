// Golden bytes: payloads of ioreq servers.
// The numbers are those of Tests/Layouts/layouts.c, which checks them against Xen's headers.

import Testing
import XenABI

@Suite("Payloads of ioreq servers")
struct ServerPayloadTests {
    @Test("operation 1, create_ioreq_server") func createIOREQServer() throws {
        try verify(
            DMOP.CreateIOREQServer(handling: BufferedHandling(rawValue: 0x11), id: IOREQServerID(rawValue: 0x2221)),
            """
            struct xen_dm_op_create_ioreq_server: 6 bytes
              0  handle_bufioreq  11
              1  pad              00 00 00
              4  id               21 22
            """)
    }

    @Test("operation 2, get_ioreq_server_info") func getIOREQServerInfo() throws {
        try verify(
            DMOP.GetIOREQServerInfo(
                id: IOREQServerID(rawValue: 0x1211), flags: ServerInfoFlags(rawValue: 0x2221),
                bufferedPort: EventPort(rawValue: 0x34333231), ioreqFrame: GuestFrame(rawValue: 0x48474645_44434241),
                bufferedFrame: GuestFrame(rawValue: 0x58575655_54535251)),
            """
            struct xen_dm_op_get_ioreq_server_info: 24 bytes
              0  id             11 12
              2  flags          21 22
              4  bufioreq_port  31 32 33 34
              8  ioreq_gfn      41 42 43 44 45 46 47 48
             16  bufioreq_gfn   51 52 53 54 55 56 57 58
            """)
    }

    @Test("operation 3, map_io_range_to_ioreq_server") func mapIORange() throws {
        try verify(
            DMOP.MapIORange(
                id: IOREQServerID(rawValue: 0x1211), type: IORangeType(rawValue: 0x24232221),
                start: 0x38373635_34333231, end: 0x48474645_44434241),
            """
            struct xen_dm_op_ioreq_server_range: 24 bytes
              0  id     11 12
              2  pad    00 00
              4  type   21 22 23 24
              8  start  31 32 33 34 35 36 37 38
             16  end    41 42 43 44 45 46 47 48
            """)
    }

    @Test("operation 4, unmap_io_range_from_ioreq_server") func unmapIORange() throws {
        try verify(
            DMOP.UnmapIORange(
                id: IOREQServerID(rawValue: 0x1211), type: IORangeType(rawValue: 0x24232221),
                start: 0x38373635_34333231, end: 0x48474645_44434241),
            """
            struct xen_dm_op_ioreq_server_range: 24 bytes
              0  id     11 12
              2  pad    00 00
              4  type   21 22 23 24
              8  start  31 32 33 34 35 36 37 38
             16  end    41 42 43 44 45 46 47 48
            """)
    }

    @Test("operation 5, set_ioreq_server_state") func setIOREQServerState() throws {
        try verify(
            DMOP.SetIOREQServerState(id: IOREQServerID(rawValue: 0x1211), enabledRawValue: 0x21),
            """
            struct xen_dm_op_set_ioreq_server_state: 4 bytes
              0  id       11 12
              2  enabled  21
              3  pad      00
            """)
    }

    @Test("operation 6, destroy_ioreq_server") func destroyIOREQServer() throws {
        try verify(
            DMOP.DestroyIOREQServer(id: IOREQServerID(rawValue: 0x1211)),
            """
            struct xen_dm_op_destroy_ioreq_server: 4 bytes
              0  id   11 12
              2  pad  00 00
            """)
    }

    @Test("operation 15, map_mem_type_to_ioreq_server") func mapMemoryType() throws {
        try verify(
            DMOP.MapMemoryType(
                id: IOREQServerID(rawValue: 0x1211), type: MemoryType(rawValue: 0x2221),
                flags: MemoryAccessFlags(rawValue: 0x34333231), opaque: 0x48474645_44434241),
            """
            struct xen_dm_op_map_mem_type_to_ioreq_server: 16 bytes
              0  id      11 12
              2  type    21 22
              4  flags   31 32 33 34
              8  opaque  41 42 43 44 45 46 47 48
            """)
    }

    @Test("operation 20, nr_vcpus") func vCPUCount() throws {
        try verify(
            DMOP.VCPUCount(count: 0x14131211),
            """
            struct xen_dm_op_nr_vcpus: 4 bytes
              0  vcpus  11 12 13 14
            """)
    }
}
