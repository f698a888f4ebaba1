// What the platform sends and how it takes refusals, on ordinary files. What only Xen can answer:
// Tests/RealXen/transport.

import SystemCalls
import Testing
import XenABI
import XenLinux
import XenPlatform

@Suite struct TransportTests {
    private let folder: DeviceFolder
    private let platform: Platform

    init() throws {
        folder = try DeviceFolder("privcmd", "evtchn", "gntdev", "hypercall")
        try folder.fill("hypercall", [UInt8](repeating: 0, count: 4096))
        platform = try XenLinux.open(devices: folder.path, grants: true, statisticsFolder: nil)
    }

    @Test func aRefusedOperationIsNamedWithItsDomain() {
        var frame = DMOPFrame(DMOP.CreateIOREQServer(handling: .off))
        var data: [UInt8] = []
        let error = errorOf { () throws(XenError) in
            var operation = frame.bytes.mutableSpan
            var second = data.mutableSpan
            try platform.calls.dmOp(DomainID(7), &operation, &second)
        }
        #expect(error?.code == .enotty)
        #expect(error?.call.description == "create_ioreq_server")
        #expect(error?.domain == DomainID(7))
    }

    @Test func aBufferTooShortForAnOperationHasAnErrorToo() {
        var short: [UInt8] = [1, 0]
        var data: [UInt8] = [0]
        let error = errorOf { () throws(XenError) in
            var operation = short.mutableSpan
            var second = data.mutableSpan
            try platform.calls.dmOp(DomainID(7), &operation, &second)
        }
        #expect(error?.code == .enotty)
        #expect(error?.call.description == "dm_op")
    }

    @Test func mappingIsRefusedByCountWithoutACall() {
        let frames = [GuestFrame](repeating: GuestFrame(1), count: PrivilegedCommands.framesPerMappingMax + 1)
        let memory = platform.memory
        #expect(
            errorOf { () throws(XenError) in
                try memory.mapFrames(DomainID(7), [], access: .read).close()
            }?.code == .einval)
        #expect(
            errorOf { () throws(XenError) in
                try memory.mapFrames(DomainID(7), frames, access: .read).close()
            }?.code == .e2big)
        // At the limit the call is made.
        #expect(
            errorOf { () throws(XenError) in
                try memory.mapFrames(DomainID(7), Array(frames.dropLast()), access: .read).close()
            }?.code == .enotty)
        for count in [-1, 0] {
            #expect(
                errorOf { () throws(XenError) in
                    try memory.mapResource(DomainID(7), .ioreqServer, id: 0, frame: 1, count: count).close()
                }?.code == .einval)
        }
    }

    @Test func aRefusedMappingLeavesNothingMapped() throws {
        let before = try mappedLines()
        for _ in 0..<20 {
            _ = errorOf { () throws(XenError) in
                try platform.memory.mapFrames(DomainID(7), [GuestFrame(1)], access: .readWrite).close()
            }
            _ = errorOf { () throws(XenError) in
                try platform.memory.mapResource(DomainID(7), .ioreqServer, id: 0, frame: 0, count: 2).close()
            }
        }
        #expect(try mappedLines() == before)
    }

    @Test func everyOtherCallPassesTheRefusalOn() {
        let calls: [(StaticString, () throws(XenError) -> Void)] = [
            ("IOCTL_PRIVCMD_RESTRICT", { () throws(XenError) in try platform.calls.restrict(to: DomainID(7)) }),
            (
                "IOCTL_PRIVCMD_MMAP_RESOURCE",
                { () throws(XenError) in
                    _ = try platform.memory.resourceSize(DomainID(7), .ioreqServer, id: 0)
                }
            ),
            (
                "IOCTL_EVTCHN_BIND_INTERDOMAIN",
                { () throws(XenError) in
                    try platform.events.bindInterdomain(DomainID(7), port: EventPort(3)).close()
                }
            ),
            (
                "IOCTL_EVTCHN_BIND_UNBOUND_PORT",
                { () throws(XenError) in
                    try platform.events.bindUnbound(DomainID(7)).close()
                }
            ),
            (
                "IOCTL_EVTCHN_BIND_VIRQ",
                { () throws(XenError) in
                    try platform.events.bindVIRQ(.domainException).close()
                }
            ),
            ("IOCTL_EVTCHN_NOTIFY", { () throws(XenError) in try platform.events.notify(EventPort(3)) }),
            (
                "IOCTL_EVTCHN_RESTRICT_DOMID",
                { () throws(XenError) in
                    try platform.events.restrict(to: DomainID(7))
                }
            ),
            (
                "IOCTL_GNTDEV_MAP_GRANT_REF",
                { () throws(XenError) in
                    try platform.grants?.mapGrant(DomainID(7), .xenstore).close()
                }
            ),
            ("get_domain_state", { () throws(XenError) in _ = try platform.states?.state(of: DomainID(7)) }),
            ("get_domain_state", { () throws(XenError) in _ = try platform.states?.pollChanged() }),
        ]
        for (name, body) in calls {
            let error = errorOf(body)
            #expect(error?.code == .enotty, "\(name)")
            #expect(error?.call.description == name.description)
        }
    }

    @Test func onlyDomainZeroIsAskedForUntilTheCallIsKnownToExist() throws {
        _ = errorOf { () throws(XenError) in _ = try platform.states?.state(of: DomainID(7)) }
        // The file stands for hypercall memory: the question is still in it.
        #expect(try folder.bytes("hypercall", 4096).prefix(144) == GetDomainState.ask(DomainID(0)).encodedBytes[...])
    }

    @Test func theIDThatWouldPollIsNoDomain() throws {
        let error = errorOf { () throws(XenError) in _ = try platform.states?.state(of: .invalid) }
        #expect(error?.code == .esrch)
        #expect(try folder.bytes("hypercall", 144).allSatisfy { $0 == 0 }, "nothing was asked")
    }

    @Test func portsAreReadInBatchesAndHandedOutInOrder() throws {
        let numbers = (1...100).map { UInt32($0) * 0x0101 }
        try folder.fill("evtchn", numbers.flatMap { EventChannelArgument(value: $0).encodedBytes })
        let events = platform.events
        for number in numbers.prefix(64) { #expect(try events.next() == EventPort(number)) }
        #expect(try events.next() == nil, "a batch is one look, so that who serves it comes back to its other work")
        for number in numbers.dropFirst(64) { #expect(try events.next() == EventPort(number)) }
        #expect(try events.next() == nil)
    }

    @Test func aReadThatEmptiedTheRingIsNotFollowedByAnother() throws {
        // The file goes on where the first read has ended: a second read would find what comes there meanwhile.
        try folder.fill("evtchn", [1, 0, 0, 0])
        let events = platform.events
        #expect(try events.next() == EventPort(1))
        try folder.fill("evtchn", [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
        #expect(try events.next() == nil, "as of the last look")
        #expect(try events.next() == EventPort(2))
        #expect(try events.wait(orReadable: nil, milliseconds: nil) == .event)
        #expect(try events.next() == EventPort(3))
    }

    @Test func waitingLooksAnew() throws {
        try folder.fill("evtchn", [1, 0, 0, 0])
        let events = platform.events
        #expect(try events.next() == EventPort(1))
        try folder.fill("evtchn", [1, 0, 0, 0, 2, 0, 0, 0])
        #expect(try events.wait(orReadable: nil, milliseconds: nil) == .event)
        #expect(try events.next() == EventPort(2))
    }

    @Test func unmaskingWritesThePortsNumber() throws {
        try platform.events.unmask(EventPort(0x0403_0201))
        #expect(try folder.bytes("evtchn", 8) == [1, 2, 3, 4])
    }

    @Test func portsAlreadyFetchedEndAWaitAtOnce() throws {
        try folder.fill("evtchn", [1, 0, 0, 0, 2, 0, 0, 0])
        let events = platform.events
        _ = try events.next()
        #expect(try events.wait(orReadable: nil, milliseconds: nil) == .event)
        let counter = try EventCounter()
        #expect(try events.wait(orReadable: counter.descriptor.rawValue, milliseconds: nil) == .event)
        try counter.signal()
        #expect(try events.wait(orReadable: counter.descriptor.rawValue, milliseconds: nil) == .other)
    }

    /// Mappings of this test's nodes in the process.
    private func mappedLines() throws -> Int {
        let file = try OwnedDescriptor.open(path: "/proc/self/maps", .read)
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            var span = part.mutableSpan
            let count = try file.read(into: &span)
            if count == 0 { break }
            text += part.prefix(count)
        }
        let privcmd = folder.path + "/privcmd"
        return String(decoding: text, as: UTF8.self).split(separator: "\n").count { $0.hasSuffix(privcmd) }
    }
}
