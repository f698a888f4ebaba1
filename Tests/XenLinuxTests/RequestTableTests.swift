// The table of requests: numbers as Xen's headers give them, and as Linux composes them.

import Testing
import XenABI

/// A request and what it is made of: the driver's letter, its number there, the bytes of its argument.
private struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var request: UInt32
    var golden: UInt32
    var letter: UInt32
    var number: UInt32
    var byteCount: Int

    var testDescription: String { name }
}

private let table: [Row] = [
    row("privcmd HYPERCALL", PrivcmdCall.hypercall, 0x0030_5000, "P", 0, PrivcmdHypercall.byteCount),
    row("privcmd MMAPBATCH_V2", PrivcmdCall.mmapBatchV2, 0x0020_5004, "P", 4, PrivcmdMMAPBatchV2.byteCount),
    row("privcmd DM_OP", PrivcmdCall.dmOp, 0x0010_5005, "P", 5, PrivcmdDMOP.byteCount),
    row("privcmd RESTRICT", PrivcmdCall.restrict, 0x0002_5006, "P", 6, PrivcmdRestrict.byteCount),
    row("privcmd MMAP_RESOURCE", PrivcmdCall.mmapResource, 0x0020_5007, "P", 7, PrivcmdMMAPResource.byteCount),
    row("evtchn BIND_VIRQ", EventChannelCall.bindVIRQ, 0x0004_4500, "E", 0, EventChannelArgument.byteCount),
    row(
        "evtchn BIND_INTERDOMAIN", EventChannelCall.bindInterdomain, 0x0008_4501, "E", 1,
        EventChannelBindInterdomain.byteCount),
    row(
        "evtchn BIND_UNBOUND_PORT", EventChannelCall.bindUnboundPort, 0x0004_4502, "E", 2,
        EventChannelArgument.byteCount),
    row("evtchn UNBIND", EventChannelCall.unbind, 0x0004_4503, "E", 3, EventChannelArgument.byteCount),
    row("evtchn NOTIFY", EventChannelCall.notify, 0x0004_4504, "E", 4, EventChannelArgument.byteCount),
    row("evtchn RESET", EventChannelCall.reset, 0x0000_4505, "E", 5, 0),
    row("evtchn RESTRICT_DOMID", EventChannelCall.restrict, 0x0002_4506, "E", 6, EventChannelRestrict.byteCount),
    row(
        "gntdev MAP_GRANT_REF", GrantDeviceCall.mapGrantReference, 0x0018_4700, "G", 0, MapGrantReference.byteCount),
    row(
        "gntdev UNMAP_GRANT_REF", GrantDeviceCall.unmapGrantReference, 0x0010_4701, "G", 1,
        UnmapGrantReference.byteCount),
]

private func row(
    _ name: String, _ request: UInt32, _ golden: UInt32, _ letter: Unicode.Scalar, _ number: UInt32, _ byteCount: Int
) -> Row {
    Row(name: name, request: request, golden: golden, letter: letter.value, number: number, byteCount: byteCount)
}

@Suite struct RequestTableTests {
    @Test(arguments: table)
    private func aRequestIsItsGoldenNumberAndCarriesItsArgumentsSize(_ row: Row) {
        #expect(row.request == row.golden)
        #expect(row.request == UInt32(row.byteCount) << 16 | row.letter << 8 | row.number)
    }

    /// XenLinux fills in addresses at these offsets (PrivcmdOffset).
    @Test func addressesLieWhereTheTransportPutsThem() {
        let operation = PrivcmdDMOP(domain: DomainID(0), count: 0, buffers: .max).encodedBytes
        #expect(operation.firstIndex(of: 0xFF) == 8)
        let frames = PrivcmdMMAPBatchV2(count: 0, domain: DomainID(0), address: 0, frames: .max, errors: 0)
        #expect(frames.encodedBytes.firstIndex(of: 0xFF) == 16)
        let errors = PrivcmdMMAPBatchV2(count: 0, domain: DomainID(0), address: 0, frames: 0, errors: .max)
        #expect(errors.encodedBytes.firstIndex(of: 0xFF) == 24)
    }
}
