// Golden bytes: arguments of /dev/xen/evtchn. Numbers are those of Tests/Layouts/layouts.c.

import Testing
import XenABI

@Suite("Arguments of /dev/xen/evtchn")
struct EventChannelDeviceTests {
    @Test("ioctl_evtchn") func eventChannelArgument() throws {
        try verify(
            EventChannelArgument(value: 0x14131211),
            """
            struct ioctl_evtchn_notify: 4 bytes
              0  port  11 12 13 14
            """)
    }

    @Test("ioctl_evtchn_bind_interdomain") func eventChannelBindInterdomain() throws {
        try verify(
            EventChannelBindInterdomain(remoteDomain: 0x14131211, remotePort: EventPort(rawValue: 0x24232221)),
            """
            struct ioctl_evtchn_bind_interdomain: 8 bytes
              0  remote_domain  11 12 13 14
              4  remote_port    21 22 23 24
            """)
    }

    @Test("ioctl_evtchn_restrict_domid") func eventChannelRestrict() throws {
        try verify(
            EventChannelRestrict(domain: DomainID(rawValue: 0x1211)),
            """
            struct ioctl_evtchn_restrict_domid: 2 bytes
              0  domid  11 12
            """)
    }
}
