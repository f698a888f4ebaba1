// Rows C: event channels by bare ioctls. dmop.md 18.6, section 10. Not for: grants, domain states (Rows+Grants).

internal import HypervisorModel
internal import XenABI

extension ConformanceSuite {
    static var eventBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.6 Event channels", on: .pausedPVH, since: .v4_11,
                setup: [
                    .create(2, as: "S"), .mapResource("S", 0, 2), .enable("S"),
                    .port("S", vcpu: 0).named("vp"),
                    .op(2, ["id": "S", "flags": 1]).answering("bufioreq_port").named("bufioreq"),
                ],
                rows: eventRefusalRows + eventBindingRows + eventRestrictionRows),
            ConformanceBlock(
                "18.6 Event channels of dom0 with itself", on: .none, rows: eventDeliveryRows + eventArgumentRows),
        ] + grantBlocks + domainStateBlocks
    }

    private static var eventRefusalRows: [ConformanceRow] {
        [
            ConformanceRow(
                "C1", "NOTIFY: a port that is not ours", "10",
                .notify(900).gives(.enotconn),
                .notify(.allOnes).gives(.enotconn)),
            ConformanceRow(
                "C2", "UNBIND: a port that is not ours, and one that can't be", "10",
                .unbind(900).gives(.enotconn),
                .unbind(.allOnes).gives(.einval)),
            ConformanceRow("C3", "an unknown ioctl", "10", .ioctl(0x45ff, by: "evtchn").gives(.enosys)),
            ConformanceRow(
                "C4", "read: nothing there; less than a port", "10",
                .readNode(4).gives(.eagain),
                .readNode(3).gives(0)),
            ConformanceRow(
                "C5", "write: foreign ports are ignored, bytes of a port too", "10",
                .writeNode([9]).gives(4),
                .writeNode([9], bytes: 3).gives(0),
                .writeNode(from: "null", 4).gives(.efault)),
            ConformanceRow(
                "C6", "BIND_INTERDOMAIN: no such port, no such domain", "10",
                .bind(9999).gives(.einval),
                .bind(9999, of: 77).gives(.esrch)),
        ]
    }

    private static var eventBindingRows: [ConformanceRow] {
        [
            ConformanceRow(
                "C7", "a server's ports can be bound once each, and fire at once without a cause", "10",
                .bind("vp").named("near"),
                .bind("vp").gives(.einval),
                .bind("bufioreq").named("ring"),
                .eventsCome(2).gives(8)),
            ConformanceRow(
                "C8", "a port belongs to the file that has bound it", "10",
                .open(.evtchn, as: "other"),
                .notify("near", by: "other").gives(.enotconn),
                .unbind("near", by: "other").gives(.enotconn)),
            ConformanceRow(
                "C9", "RESTRICT_DOMID: to a domain, once", "10",
                .open(.evtchn, as: "restricted"),
                .restrictEvents(to: 0, by: "restricted").gives(.einval),
                .restrictEvents(to: 0x7ff0, by: "restricted").gives(.einval),
                .restrictEvents(to: "G", by: "restricted"),
                .restrictEvents(to: "G", by: "restricted").gives(.eacces)),
            ConformanceRow(
                "C10", "a restricted file binds to its domain alone", "10",
                .bind(9999, of: "G+1", by: "restricted").gives(.eacces),
                .bindVIRQ(3, by: "restricted").gives(.eacces),
                .bindUnbound(77, by: "restricted").gives(.eacces)),
            ConformanceRow(
                "C11", "a port that was unbound can be bound by another file", "10",
                .unbind("near"),
                .bind("vp", by: "other").named("near")),
            ConformanceRow(
                "C12", "RESET; a port for a domain that is not there", "10",
                .resetEvents(),
                .bindUnbound(77).named("unbound"),
                .unbind("unbound")),
            ConformanceRow(
                "C13", "BIND_VIRQ: one holder; no such interrupt", "10",
                .bindVIRQ(3).named("virq"),
                .bindVIRQ(3, by: "other").gives(.eexist),
                .bindVIRQ(99).gives(.einval)
            ).needing(.exceptionVIRQ),
            ConformanceRow(
                "C14", "BIND_VIRQ: free again when it is unbound", "10",
                .unbind("virq"),
                .bindVIRQ(3, by: "other").named("virq"),
                .unbind("virq", by: "other")
            ).needing(.exceptionVIRQ),
            ConformanceRow(
                "C15", "closing a file unbinds its ports", "10",
                .close("other"),
                .notify("near").gives(.enotconn),
                .bind("vp").named("near")),
        ]
    }

    private static var eventRestrictionRows: [ConformanceRow] {
        [
            ConformanceRow(
                "C16", "a restricted file binds ports of its domain, and only ports that wait for dom0", "10",
                .unbind("near"),
                .bind("vp", by: "restricted").named("near"),
                .notify("near", by: "restricted"),
                .bind(9999, by: "restricted").gives(.einval)),
            ConformanceRow(
                "C17", "ports that were bound before the restriction stay usable", "10",
                .open(.evtchn, as: "late"),
                .bindUnbound(0, by: "late").named("before"),
                .restrictEvents(to: "G", by: "late"),
                .notify("before", by: "late"),
                .unbind("before", by: "late")),
            ConformanceRow(
                "C18", "a restricted file: the argument comes after the restriction, but with BIND_INTERDOMAIN", "10",
                .ioctl(EventChannelCall.bindVIRQ, "null", by: "restricted").gives(.eacces),
                .ioctl(EventChannelCall.bindUnboundPort, "null", by: "restricted").gives(.eacces),
                .ioctl(EventChannelCall.restrict, "null", by: "restricted").gives(.eacces),
                .ioctl(EventChannelCall.bindInterdomain, "null", by: "restricted").gives(.efault)),
        ]
    }

    /// What comes, when, and what is masked, on a channel whose ends are both ours.
    private static var eventDeliveryRows: [ConformanceRow] {
        [
            ConformanceRow(
                "C19", "a fresh interdomain port fires once without a cause", "10",
                .bindUnbound(0).named("near"),
                .bind("near", of: 0).named("far"),
                .eventsCome(1).gives(4),
                .read(4, at: "memory").gives("far"),
                .readNode(64).gives(.eagain)),
            ConformanceRow(
                "C20", "a port that was read is masked until it is written", "10",
                .notify("far"),
                .eventsCome(1).gives(4),
                .read(4, at: "memory").gives("near"),
                .notify("far"),
                .quiet(),
                .writeNode(["near"]).gives(4),
                .eventsCome(1).gives(4),
                .read(4, at: "memory").gives("near")),
            ConformanceRow(
                "C21", "notifications of a masked port merge", "10",
                .writeNode(["near"]).gives(4),
                .notify("far"), .waitForEvents(), .notify("far"), .notify("far"),
                .eventsCome(1).gives(4),
                .writeNode(["near"]).gives(4),
                .eventsCome(1).gives(4),
                .writeNode(["near"]).gives(4),
                .quiet()),
            ConformanceRow(
                "C22", "read and write take whole ports only", "10",
                .notify("far"),
                .waitForEvents(),
                .readNode(7).gives(4),
                .read(4, at: "memory").gives("near"),
                .writeNode(["near", 0], bytes: 7).gives(4),
                .notify("far"),
                .eventsCome(1).gives(4)),
            ConformanceRow(
                "C23", "RESET empties the ring; what was in it stays masked", "10",
                .writeNode(["near"]).gives(4),
                .notify("far"),
                .waitForEvents(),
                .resetEvents(),
                .readNode(64).gives(.eagain),
                .notify("far"),
                .quiet()),
        ]
    }

    private static var eventArgumentRows: [ConformanceRow] {
        [
            ConformanceRow(
                "C24", "arguments that can't be read", "10",
                .ioctl(EventChannelCall.notify, "null", by: "evtchn").gives(.efault),
                .ioctl(EventChannelCall.unbind, "null", by: "evtchn").gives(.efault),
                .ioctl(EventChannelCall.bindInterdomain, "null", by: "evtchn").gives(.efault),
                .ioctl(EventChannelCall.bindVIRQ, "null", by: "evtchn").gives(.efault),
                .ioctl(EventChannelCall.bindUnboundPort, "null", by: "evtchn").gives(.efault),
                .ioctl(EventChannelCall.restrict, "null", by: "evtchn").gives(.efault)),
            ConformanceRow(
                "C25", "a port that waits for another domain is not for us", "10",
                .bindUnbound(77).named("theirs"),
                .bind("theirs", of: 0).gives(.einval),
                .unbind("theirs")),
        ]
    }
}
