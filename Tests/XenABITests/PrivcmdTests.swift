// Golden bytes: arguments of /dev/xen/privcmd. Numbers are those of Tests/Layouts/layouts.c.

import Testing
import XenABI

@Suite("Arguments of /dev/xen/privcmd")
struct PrivcmdTests {
    @Test("privcmd_hypercall") func privcmdHypercall() throws {
        try verify(
            PrivcmdHypercall(
                number: 0x18171615_14131211, argument0: 0x28272625_24232221, argument1: 0x38373635_34333231,
                argument2: 0x48474645_44434241, argument3: 0x58575655_54535251, argument4: 0x68676665_64636261),
            """
            struct privcmd_hypercall: 48 bytes
              0  op      11 12 13 14 15 16 17 18
              8  arg[0]  21 22 23 24 25 26 27 28
             16  arg[1]  31 32 33 34 35 36 37 38
             24  arg[2]  41 42 43 44 45 46 47 48
             32  arg[3]  51 52 53 54 55 56 57 58
             40  arg[4]  61 62 63 64 65 66 67 68
            """)
    }

    @Test("privcmd_mmapbatch_v2") func privcmdMMAPBatchV2() throws {
        try verify(
            PrivcmdMMAPBatchV2(
                count: 0x14131211, domain: DomainID(rawValue: 0x2221), address: 0x38373635_34333231,
                frames: 0x48474645_44434241, errors: 0x58575655_54535251),
            """
            struct privcmd_mmapbatch_v2: 32 bytes
              0  num   11 12 13 14
              4  dom   21 22
              6  pad   00 00
              8  addr  31 32 33 34 35 36 37 38
             16  arr   41 42 43 44 45 46 47 48
             24  err   51 52 53 54 55 56 57 58
            """)
    }

    @Test("privcmd_dm_op") func privcmdDMOP() throws {
        try verify(
            PrivcmdDMOP(domain: DomainID(rawValue: 0x1211), count: 0x2221, buffers: 0x38373635_34333231),
            """
            struct privcmd_dm_op: 16 bytes
              0  dom    11 12
              2  num    21 22
              4  pad    00 00 00 00
              8  ubufs  31 32 33 34 35 36 37 38
            """)
    }

    @Test("privcmd_dm_op_buf") func privcmdBuffer() throws {
        try verify(
            PrivcmdBuffer(address: 0x18171615_14131211, byteLength: 0x28272625_24232221),
            """
            struct privcmd_dm_op_buf: 16 bytes
              0  uptr  11 12 13 14 15 16 17 18
              8  size  21 22 23 24 25 26 27 28
            """)
    }

    @Test("privcmd_restrict") func privcmdRestrict() throws {
        try verify(
            PrivcmdRestrict(domain: DomainID(rawValue: 0x1211)),
            """
            domid_t: 2 bytes
              0  domain  11 12
            """)
    }

    @Test("privcmd_mmap_resource") func privcmdMMAPResource() throws {
        try verify(
            PrivcmdMMAPResource(
                domain: DomainID(rawValue: 0x1211), type: ResourceType(rawValue: 0x24232221), id: 0x34333231,
                firstFrame: 0x44434241, count: 0x58575655_54535251, address: 0x68676665_64636261),
            """
            struct privcmd_mmap_resource: 32 bytes
              0  dom   11 12
              2  pad   00 00
              4  type  21 22 23 24
              8  id    31 32 33 34
             12  idx   41 42 43 44
             16  num   51 52 53 54 55 56 57 58
             24  addr  61 62 63 64 65 66 67 68
            """)
    }
}
