// Golden bytes: arguments of /dev/xen/gntdev. Numbers are those of Tests/Layouts/layouts.c.

import Testing
import XenABI

@Suite("Arguments of /dev/xen/gntdev")
struct GrantDeviceTests {
    @Test("ioctl_gntdev_grant_ref") func grantReferencePair() throws {
        try verify(
            GrantReferencePair(domain: 0x14131211, reference: GrantReference(rawValue: 0x24232221)),
            """
            struct ioctl_gntdev_grant_ref: 8 bytes
              0  domid  11 12 13 14
              4  ref    21 22 23 24
            """)
    }

    @Test("ioctl_gntdev_map_grant_ref") func mapGrantReference() throws {
        try verify(
            MapGrantReference(
                count: 0x14131211, index: 0x28272625_24232221, domain: 0x34333231,
                reference: GrantReference(rawValue: 0x44434241)),
            """
            struct ioctl_gntdev_map_grant_ref: 24 bytes
              0  count          11 12 13 14
              4  pad            00 00 00 00
              8  index          21 22 23 24 25 26 27 28
             16  refs[0].domid  31 32 33 34
             20  refs[0].ref    41 42 43 44
            """)
    }

    @Test("ioctl_gntdev_unmap_grant_ref") func unmapGrantReference() throws {
        try verify(
            UnmapGrantReference(index: 0x18171615_14131211, count: 0x24232221),
            """
            struct ioctl_gntdev_unmap_grant_ref: 16 bytes
              0  index  11 12 13 14 15 16 17 18
              8  count  21 22 23 24
             12  pad    00 00 00 00
            """)
    }

    @Test("ioctl_gntdev_get_offset_for_vaddr") func getOffsetForAddress() throws {
        try verify(
            GetOffsetForAddress(address: 0x18171615_14131211, offset: 0x28272625_24232221, count: 0x34333231),
            """
            struct ioctl_gntdev_get_offset_for_vaddr: 24 bytes
              0  vaddr   11 12 13 14 15 16 17 18
              8  offset  21 22 23 24 25 26 27 28
             16  count   31 32 33 34
             20  pad     00 00 00 00
            """)
    }

    @Test("ioctl_gntdev_set_max_grants") func setMaxGrants() throws {
        try verify(
            SetMaxGrants(count: 0x14131211),
            """
            struct ioctl_gntdev_set_max_grants: 4 bytes
              0  count  11 12 13 14
            """)
    }

    @Test("ioctl_gntdev_unmap_notify") func setUnmapNotify() throws {
        try verify(
            SetUnmapNotify(
                index: 0x18171615_14131211, action: UnmapAction(rawValue: 0x24232221),
                port: EventPort(rawValue: 0x34333231)),
            """
            struct ioctl_gntdev_unmap_notify: 16 bytes
              0  index               11 12 13 14 15 16 17 18
              8  action              21 22 23 24
             12  event_channel_port  31 32 33 34
            """)
    }
}
