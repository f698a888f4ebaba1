// Rows H, grants by /dev/xen/gntdev, and D, domctl 90. dmop.md 18.6, sections 11 and 12.
// Not for: event channels (Rows+Events).

internal import HypervisorModel
internal import XenABI

extension ConformanceSuite {
    static var grantBlocks: [ConformanceBlock] {
        [
            // Reference 1 grants frame 0x300 to dom0, as a toolstack grants the Xenstore page: an entry of version 1.
            ConformanceBlock(
                "18.6 Grants", on: .pausedPVH, vcpus: [1], needs: [.bareNodes, .grants],
                setup: [
                    .mapResource(0, 0, 1, type: 1, as: "table"),
                    .write(4, at: "table+12", 0x300), .write(2, at: "table+10", 0), .write(2, at: "table+8", 1),
                ], rows: grantRows)
        ]
    }

    static var domainStateBlocks: [ConformanceBlock] {
        [
            ConformanceBlock("18.6 Domain states", on: .pausedPVH, rows: domainStateRows),
            ConformanceBlock(
                "18.6 Domain states: polling", on: .pausedPVH, vcpus: [1], since: .v4_21, rows: domainPollRows),
        ]
    }

    private static var grantRows: [ConformanceRow] {
        [
            ConformanceRow(
                "H1", "MAP_GRANT_REF: no grant, too many", "11",
                .mapGrant(1, count: 0).gives(.einval),
                .mapGrant(1, count: GrantDeviceCall.grantsMax + 1).gives(.einval)),
            ConformanceRow(
                "H2", "MAP_GRANT_REF: the indices of a fresh file", "11",
                .open(.gntdev, as: "fresh"),
                .mapGrant(0x1ff, by: "fresh").gives(0),
                .mapGrant(1, by: "fresh").gives(0x1000).named("good")),
            ConformanceRow(
                "H3", "mmap: a grant that Xen refuses; private; too long; no index", "11",
                .mmap(1, as: "refused", by: "fresh").gives(.einval),
                .mmap(1, as: "private", offset: "good", isShared: false, by: "fresh").gives(.einval),
                .mmap(2, as: "long", offset: "good", by: "fresh").gives(.einval),
                .mmap(1, as: "unknown", offset: 0x5000, by: "fresh").gives(.einval)),
            ConformanceRow(
                "H4", "mmap: a good grant, once; its offset", "11",
                .mmap(1, as: "granted", offset: "good", by: "fresh"),
                .mmap(1, as: "again", offset: "good", by: "fresh").gives(.einval),
                .grantOffset(of: "granted", by: "fresh").gives(["good", 1])),
            ConformanceRow(
                "H5", "UNMAP_GRANT_REF: the index and count that were given, once", "11",
                .unmapGrant("good", count: 2, by: "fresh").gives(.enoent),
                .unmapGrant("good", count: 1, by: "fresh"),
                .unmapGrant("good", count: 1, by: "fresh").gives(.enoent)),
            ConformanceRow(
                "H6", "ioctls that are not there; the offset of other memory", "11",
                .ioctl(0x0000_47ff, by: "gntdev").gives(.enotty),
                .ioctl(GrantDeviceCall.setMaxGrants, "memory", by: "gntdev").gives(.enotty),
                .grantOffset(of: "memory").gives(.einval)),
            ConformanceRow(
                "H7", "arguments that can't be read", "11",
                .ioctl(GrantDeviceCall.mapGrantReference, "null", by: "gntdev").gives(.efault),
                .ioctl(GrantDeviceCall.unmapGrantReference, "null", by: "gntdev").gives(.efault),
                .ioctl(GrantDeviceCall.getOffsetForAddress, "null", by: "gntdev").gives(.efault)),
            ConformanceRow(
                "H8", "a mapping of a grant outlives UNMAP_GRANT_REF and is gone with munmap", "11",
                .open(.gntdev, as: "second"),
                .mapGrant(1, by: "second").gives(0),
                .mmap(1, as: "second page", by: "second"),
                .read(4, at: "second page").named("first word"),
                .unmapGrant(0, count: 1, by: "second"),
                .read(4, at: "second page").gives("first word"),
                .munmap("second page")),
        ]
    }

    private static var domainStateRows: [ConformanceRow] {
        [
            ConformanceRow(
                "D1", "domctl 90: not before 4.21", "12",
                .domainState(of: "G").gives(.eacces).from(.v4_21, .success),
                .domainState(of: 0x7ff4).gives(.eacces).from(.v4_21, .oneOf([.success, .enoent, .eacces]))),
            ConformanceRow(
                "D2", "domctl 90 with the release's own interface version", "12",
                .domainState(of: "G", version: .ofRelease).gives(.enosys).before(.v4_15, .eopnotsupp)
                    .from(.v4_21, .eacces)),
            ConformanceRow(
                "D3", "domctl 90: no such domain; pad0", "12",
                .domainState(of: 77).gives(.esrch),
                .domainState(of: "G", pad: 1).gives(.einval)
            ).since(.v4_21),
            ConformanceRow("D4", "a hypercall that is not there", "9.2", .hypercall(999).gives(.enosys)),
            ConformanceRow(
                "D5", "domctl: a structure that can't be read", "12",
                .hypercall(Hypercall.domctl, ["unmapped"]).gives(.efault)),
            ConformanceRow(
                "D6", "domctl 90: states are 1 of a live domain, 3 of one that has shut down, and ids stay", "12",
                .domainState(of: "G").gives(1),
                .domainUniqueID(of: "G").named("unique"),
                .op(16, ["reason": 0]),
                .domainState(of: "G").gives(3),
                .domainUniqueID(of: "G").gives("unique"),
                .domainState(of: 0).gives(1)
            ).since(.v4_21),
        ]
    }

    /// Who polls takes what has changed away from the host's Xenstore.
    private static var domainPollRows: [ConformanceRow] {
        [
            ConformanceRow(
                "D7", "domctl 90: binding the interrupt flags every domain, and each is told of once", "12",
                .bindVIRQ(3),
                .changedDomains().gives(.success).also("the guest among them") { bench throws(HostError) in
                    bench.find("changed G") == 1 ? nil : "it is not"
                },
                .domainState(of: 0x7ff4).gives(.enoent)
            ).dangerous(),
            ConformanceRow(
                "D8", "domctl 90: a domain that shuts down has changed", "12",
                .op(16, ["reason": 0]),
                .changedDomains().gives(1),
                .domainState(of: 0x7ff4).gives(.enoent)
            ).dangerous(),
        ]
    }
}
