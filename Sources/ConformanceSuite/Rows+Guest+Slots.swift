// Rows B: the life of a request in its slot, by hand, and misuse of it. dmop.md 18.7, sections 5 and 5.1.

internal import HypervisorModel

extension ConformanceSuite {
    static var slotBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.7 Slots", on: .runningPVH, since: .v4_11, setup: GuestServers.all,
                rows: slotRows + ignoredRows + pausedRows),
            ConformanceBlock(
                "18.7 Misuse, a guest each", on: .runningPVH, guestPerRow: true, since: .v4_11,
                setup: GuestServers.all, rows: crashRows + goneRows + sandboxRows),
            ConformanceBlock(
                "18.7 Two vCPUs", on: .runningPVH, vcpus: [2], since: .v4_11, setup: GuestServers.all,
                rows: twoVCPURows),
            ConformanceBlock(
                "18.7 Two vCPUs, a guest each", on: .runningPVH, vcpus: [2], guestPerRow: true, since: .v4_11,
                setup: GuestServers.all, rows: twoVCPUEndRows),
        ]
    }

    private static let pending: [Step] = [
        .begins(.input(0x200, .four)), .sees("A", .read(.pio, 0x200, .four)),
    ]

    // MARK: Nothing ends

    private static var slotRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B16", "an answer counts though the server is disabled, the range gone, the slot's fields changed",
                "5.1",
                steps: pending + [.disable("A"), .answers("A", 1), .finishes().gives(1), .enable("A")]
                    + pending + [
                        .giveUp("A", .port, 0x200, 0x203),
                        .setSlot("A", at: 0, width: 8, 0x777), .setSlot("A", at: 16, width: 4, 9),
                        .setSlot("A", at: 20, width: 4, 1),
                        .answers("A", 0x1234_5678), .finishes().gives(0x1234_5678),
                        .claim("A", .port, 0x200, 0x203),
                    ]),
            ConformanceRow(
                "B17", "RESP_READY without a notification: the vCPU sleeps on", "5",
                steps: pending + [
                    .setSlot("A", at: 8, width: 8, 0x42), .setState("A", 3), .waits(), .state("A").gives(3),
                    .notifies("A"), .finishes().gives(0x42),
                ]),
            ConformanceRow(
                "B18", "a notification without an answer changes nothing", "5.1",
                steps: pending + [
                    .notifies("A"), .waits(), .state("A").gives(1), .answers("A", 0x43), .finishes().gives(0x43),
                ]),
            ConformanceRow(
                "B81", "INPROCESS, then an answer", "5",
                steps: pending + [
                    .setState("A", 2), .notifies("A"), .waits(), .state("A").gives(2), .answers("A", 0x44),
                    .finishes().gives(0x44),
                ]),
            ConformanceRow(
                "B82", "after an answer the slot is NONE and has its port", "5",
                steps: [.port("A", vcpu: 0).named("port")] + pending + [
                    .answers("A", 1), .finishes().gives(1), .state("A").gives(0), .port("A", vcpu: 0).gives("port"),
                ]),
            ConformanceRow(
                "B83", "a server that is disabled and enabled again while a request is pending", "3.5",
                steps: pending + [
                    .disable("A"), .enable("A"), .state("A").gives(1), .answers("A", 5), .finishes().gives(5),
                ]),
        ]
    }

    private static var ignoredRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B84", "notifications without a cause, before and after requests", "5",
                .notifies("A"), .notifies("A"), .notifies("B"),
                .access(.input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 6).gives(6),
                .notifies("A"),
                .access(.input(0x204, .four), asks: "B", .read(.pio, 0x204, .four), answered: 7).gives(7)),
            ConformanceRow(
                "B85", "the other bits of the state's byte do not count in an answer", "5",
                steps: pending + [
                    .setSlot("A", at: 8, width: 8, 0x4546),
                    // df, data_is_ptr, written instead of read; RESP_READY.
                    .setSlot("A", at: 30, width: 1, 0x53), .notifies("A"), .finishes().gives(0x4546),
                ]),
            ConformanceRow(
                "B86", "what is left in a slot's fields is not in the next request", "5",
                .setSlot("A", at: 0, width: 8, .max), .setSlot("A", at: 8, width: 8, .max),
                .setSlot("A", at: 16, width: 8, .max), .setSlot("A", at: 30, width: 1, 0xf0),
                .setSlot("A", at: 31, width: 1, 0xff),
                .access(.output(0x200, .four, 8), asks: "A", .write(.pio, 0x200, .four, 8))),
            ConformanceRow(
                "B87", "other vCPUs' slots may hold anything", "5",
                .setSlot("A", at: 0xf00, width: 8, .max), .setSlot("A", at: 0xf1e, width: 1, 0xff),
                .access(.input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 9).gives(9)),
        ]
    }

    private static var pausedRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B88", "a guest that is paused while its request is answered", "5",
                steps: pending + [
                    .pause, .answers("A", 0x55), .unpause, .finishes().gives(0x55),
                ]
            ).needing(.pausing)
        ]
    }

    // MARK: The guest ends

    private static var crashRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B12", "a slot that is not NONE, access to a port: the domain crashes", "5.1",
                .setState("A", 2), .begins(.input(0x200, .four)), .endsWithoutResult(), .shutdownReason.gives(3)),
            ConformanceRow(
                "B34", "an altered vp_eport, access to a port: the domain crashes", "5.1",
                .setSlot("A", at: 24, width: 4, 0x3ff), .begins(.input(0x200, .four)), .endsWithoutResult(),
                .shutdownReason.gives(3)),
            ConformanceRow(
                "B13", "a slot that is not NONE, access to memory: #GP, which is a triple fault", "5.1",
                .setState("A", 2), .begins(.load(0xf000_0010, .four)), .endsWithoutResult(),
                .shutdownReason.gives(1)),
            ConformanceRow(
                "B35", "an altered vp_eport, access to memory: #GP, which is a triple fault", "5.1",
                .setSlot("A", at: 24, width: 4, 0x3ff), .begins(.load(0xf000_0010, .four)), .endsWithoutResult(),
                .shutdownReason.gives(1)),
            ConformanceRow(
                "B14", "a state that there is not: the domain crashes", "5.1",
                steps: pending + [
                    .setState("A", 7), .notifies("A"), .endsWithoutResult(), .shutdownReason.gives(3),
                ]),
            ConformanceRow(
                "B89", "state 4: the domain crashes", "5.1",
                steps: pending + [
                    .setState("A", 4), .notifies("A"), .endsWithoutResult(), .shutdownReason.gives(3),
                ]),
            ConformanceRow(
                "B90", "state 15: the domain crashes", "5.1",
                steps: pending + [
                    .setState("A", 15), .notifies("A"), .endsWithoutResult(), .shutdownReason.gives(3),
                ]),
        ]
    }

    private static var goneRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B15", "NONE instead of an answer: the read gives ones, the guest goes on", "5.1",
                steps: pending + [
                    .setState("A", 2), .setState("A", 0), .notifies("A"), .finishes().gives(0xffff_ffff),
                    .access(.input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 1).gives(1),
                ]),
            ConformanceRow(
                "B20", "destroying a server that was asked", "3.6", steps: pending + [.destroy("A")]),
            ConformanceRow(
                "B33", "destroying a server whose answer was not fetched: the read gives 0", "3.6",
                steps: pending + [
                    .pause, .answers("A", 0x77), .state("A").gives(3), .destroy("A"), .unpause,
                    .finishes().gives(0),
                ]
            ).needing(.pausing),
            ConformanceRow(
                "B91", "other servers are asked as before when one was destroyed", "3.6",
                .destroy("A"),
                .does(.input(0x200, .four)).gives(0xffff_ffff),
                .access(.input(0x204, .four), asks: "B", .read(.pio, 0x204, .four), answered: 1).gives(1)),
        ]
    }

    private static var sandboxRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B21", "destroying a server that was asked: reads give ones, writes are dropped, the vCPU goes on",
                "15",
                steps: [
                    .begins(.output(0x204, .four, 1)), .sees("B", .write(.pio, 0x204, .four, 1)), .destroy("B"),
                    .finishes(),
                ] + pending + [.destroy("A"), .finishes().gives(0xffff_ffff)]
            ).onSandboxOnly(),
            ConformanceRow(
                "B22", "a server enabled without pages: nobody is asked", "15",
                .create(0, as: "C"), .claim("C", .port, 0x380, 0x383), .enable("C"),
                .does(.input(0x380, .four)).gives(0xffff_ffff)
            ).onSandboxOnly(),
            ConformanceRow(
                "B23", "pages after enabling: nobody is asked until the server is enabled again", "15",
                .create(0, as: "C"), .claim("C", .port, 0x380, 0x383), .enable("C"), .mapResource("C", 1, 1),
                .does(.input(0x380, .four)).gives(0xffff_ffff),
                .disable("C"), .enable("C"), .bindPorts(of: "C"),
                .access(.input(0x380, .four), asks: "C", .read(.pio, 0x380, .four), answered: 1).gives(1)
            ).onSandboxOnly(),
            ConformanceRow(
                "B92", "a state moved back to READY: the request stays pending", "15",
                steps: pending + [
                    .setState("A", 2), .notifies("A"), .waits(), .setState("A", 1), .notifies("A"), .waits(),
                    .answers("A", 2), .finishes().gives(2),
                ]
            ).onSandboxOnly(),
        ]
    }

    // MARK: Two vCPUs

    private static var twoVCPURows: [ConformanceRow] {
        [
            ConformanceRow(
                "B93", "each vCPU has a slot and a port; answers come in any order", "5",
                .begins(.input(0x200, .four)), .sees("A", .read(.pio, 0x200, .four)),
                .begins(.input(0x200, .four), vcpu: 1), .sees("A", .read(.pio, 0x200, .four), vcpu: 1),
                .answers("A", 11, vcpu: 1), .finishes(vcpu: 1).gives(11),
                .state("A").gives(1),
                .answers("A", 10), .finishes().gives(10)),
            ConformanceRow(
                "B94", "vCPUs ask different servers at a time", "5",
                .begins(.input(0x200, .four)), .sees("A", .read(.pio, 0x200, .four)),
                .begins(.load(0xf000_1000, .four), vcpu: 1), .sees("B", .read(.copy, 0xf000_1000, .four), vcpu: 1),
                .answers("A", 1), .finishes().gives(1),
                .answers("B", 2, vcpu: 1), .finishes(vcpu: 1).gives(2)),
            ConformanceRow(
                "B95", "an answer is for the vCPU whose port is notified", "5",
                .begins(.input(0x200, .four), vcpu: 1), .sees("A", .read(.pio, 0x200, .four), vcpu: 1),
                .setSlot("A", at: 8, width: 8, 0x66, vcpu: 1), .setState("A", 3, vcpu: 1),
                .notifies("A"), .waits(vcpu: 1), .state("A", vcpu: 1).gives(3),
                .notifies("A", vcpu: 1), .finishes(vcpu: 1).gives(0x66)),
            ConformanceRow(
                "B96", "a vCPU goes on while another one waits", "5",
                .begins(.input(0x200, .four), vcpu: 1), .sees("A", .read(.pio, 0x200, .four), vcpu: 1),
                .does(.input(0x400, .four)).gives(0xffff_ffff),
                .access(.input(0x204, .four), asks: "B", .read(.pio, 0x204, .four), answered: 3).gives(3),
                .answers("A", 4, vcpu: 1), .finishes(vcpu: 1).gives(4)),
            ConformanceRow(
                "B97", "a slot that is not NONE is its own vCPU's matter", "5.1",
                .setState("A", 2, vcpu: 1),
                .access(.input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 5).gives(5),
                .setState("A", 0, vcpu: 1),
                .access(
                    .input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 6, vcpu: 1
                ).gives(6)),
        ]
    }

    private static var twoVCPUEndRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B32", "a domain does not shut down before a pending request is answered", "5",
                steps: pending + [
                    .does(.shutDown(0), vcpu: 1), .stillRuns, .answers("A", 1), .shutdownReason.gives(0),
                ]),
            ConformanceRow(
                "B98", "misuse of one vCPU's slot crashes the domain, though another one waits", "5.1",
                .begins(.input(0x204, .four), vcpu: 1), .sees("B", .read(.pio, 0x204, .four), vcpu: 1),
                .setState("A", 2), .begins(.input(0x200, .four)), .endsWithoutResult(), .shutdownReason.gives(3)),
            ConformanceRow(
                "B143", "a guest that says it has crashed does not wait for a pending request", "5",
                steps: pending + [.does(.shutDown(3), vcpu: 1), .shutdownReason.gives(3)]),
        ]
    }
}
