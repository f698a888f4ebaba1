// Buffer 0: the header, where the payload lies, and the table of the operations.

import Testing
import XenABI

@Suite("Buffer 0 of a DM_OP")
struct DMOPFrameTests {
    private let range = DMOP.MapIORange(id: IOREQServerID(0x1211), type: .memory, start: 0x21, end: 0x31)

    private func bytes(_ frame: DMOPFrame) -> [UInt8] { frame.bytes.indices.map { frame.bytes[$0] } }

    @Test("header, then payload") func layout() throws {
        let header: [UInt8] = [3, 0, 0, 0, 0, 0, 0, 0]
        #expect(bytes(DMOPFrame(range)) == header + range.encodedBytes)
        #expect(DMOPFrame.byteCount == 32)
        #expect(DMOPFrame.payloadOffset == header.count)
        #expect(DMOPFrame.payloadOffset + DMOPFrame.payloadBytesMax == DMOPFrame.byteCount)
    }

    @Test("bytes after a short payload are 0") func surplus() {
        let frame = DMOPFrame(DMOP.SetISAIRQLevel(irq: 4, level: 1))
        #expect(bytes(frame) == [9, 0, 0, 0, 0, 0, 0, 0, 4, 1] + [UInt8](repeating: 0, count: 22))
    }

    @Test("the payload comes back as it went in") func roundTrip() {
        let frame = DMOPFrame(range)
        #expect(frame.opcode == .mapIORange)
        #expect(frame.headerPad == 0)
        #expect(frame.payload(DMOP.MapIORange.self) == range)
    }

    @Test("what Xen writes into the bytes is what the payload says") func writeBack() {
        var frame = DMOPFrame(DMOP.CreateIOREQServer(handling: .atomic))
        var span = frame.bytes.mutableSpan
        span[12] = 0x05
        span[13] = 0x01
        #expect(frame.payload(DMOP.CreateIOREQServer.self).id == IOREQServerID(0x105))
        #expect(frame != DMOPFrame(DMOP.CreateIOREQServer(handling: .atomic)))
        #expect(frame == DMOPFrame(DMOP.CreateIOREQServer(handling: .atomic, id: IOREQServerID(0x105))))
    }

    @Test("a pad that is not 0 is seen, in the header or in the payload, and nowhere else") func pads() {
        var frame = DMOPFrame(range)
        frame.bytes[5] = 1
        #expect(frame.headerPad == 0x100)
        #expect(frame.hasZeroPads(DMOP.MapIORange.self))
        frame.bytes[11] = 1
        #expect(!frame.hasZeroPads(DMOP.MapIORange.self))
        var short = DMOPFrame(DMOP.VCPUCount())
        short.bytes[31] = 1
        #expect(short.hasZeroPads(DMOP.VCPUCount.self), "bytes after the payload are no pad")
    }

    @Test("an unknown operation number survives") func unknownOperation() {
        var frame = DMOPFrame()
        for index in 0..<4 { frame.bytes[index] = 0xff }
        #expect(frame.opcode == DMOpcode(0xffff_ffff))
        #expect(!frame.opcode.isKnown)
    }

    @Test("enabling is 1, disabling 0, and any other number enables too") func enabled() {
        let id = IOREQServerID(2)
        #expect(DMOP.SetIOREQServerState(id: id, enabled: true).encodedBytes == [2, 0, 1, 0])
        #expect(DMOP.SetIOREQServerState(id: id, enabled: false).encodedBytes == [2, 0, 0, 0])
        var state = DMOP.SetIOREQServerState(id: id, enabledRawValue: 255)
        #expect(state.enabled)
        state.enabled = false
        #expect(state.enabledRawValue == 0)
    }
}

@Suite("The table of the operations")
struct DMOpcodeTests {
    /// Section 2 of dmop.md, row by row: number, name, payload bytes; section 1.4: written back; section 1.2 row 12: where.
    private static let table: [(UInt32, String, Int, DMOpcode.WriteBack, DMOpcode.Architectures)] = [
        (1, "create_ioreq_server", 6, .onSuccess, .all),
        (2, "get_ioreq_server_info", 24, .onSuccess, .all),
        (3, "map_io_range_to_ioreq_server", 24, .never, .all),
        (4, "unmap_io_range_from_ioreq_server", 24, .never, .all),
        (5, "set_ioreq_server_state", 4, .never, .all),
        (6, "destroy_ioreq_server", 4, .never, .all),
        (7, "track_dirty_vram", 16, .never, .x86),
        (8, "set_pci_intx_level", 6, .never, .x86),
        (9, "set_isa_irq_level", 2, .never, .x86),
        (10, "set_pci_link_route", 2, .never, .x86),
        (11, "modified_memory", 8, .onContinuation, .x86),
        (12, "set_mem_type", 16, .onSuccess, .x86),
        (13, "inject_event", 24, .never, .x86),
        (14, "inject_msi", 16, .never, .x86),
        (15, "map_mem_type_to_ioreq_server", 16, .onSuccess, .x86),
        (16, "remote_shutdown", 4, .never, .x86),
        (17, "relocate_memory", 24, .onContinuation, .x86),
        (18, "pin_memory_cacheattr", 24, .never, .x86),
        (19, "set_irq_level", 8, .never, .arm),
        (20, "nr_vcpus", 4, .onSuccess, .all),
    ]

    @Test("every row is the specification's") func rows() {
        #expect(DMOpcode.all.map(\.rawValue) == Self.table.map(\.0))
        for (opcode, row) in zip(DMOpcode.all, Self.table) {
            #expect(opcode.name.description == row.1)
            #expect(opcode.payloadByteCount == row.2)
            #expect(opcode.writeBack == row.3)
            #expect(opcode.architectures == row.4)
            #expect(opcode.usesSecondBuffer == (row.0 == 7 || row.0 == 11))
            #expect(opcode.payloadByteCount <= DMOPFrame.payloadBytesMax)
            #expect(opcode.description == row.1)
        }
    }

    @Test("numbers that are no operation have no size and say so", arguments: [UInt32(0), 21, .max])
    func unknown(_ number: UInt32) {
        let opcode = DMOpcode(number)
        #expect(!opcode.isKnown)
        #expect(opcode.payloadByteCount == 0)
        #expect(opcode.writeBack == .never)
        #expect(opcode.name.description == "unknown operation")
        #expect(opcode.description == "unknown operation \(number)")
    }

    @Test("the limits through Linux follow from its buffer size") func limits() {
        #expect(DMOPLimits.dirtyFramesPerCall == DMOPLimits.linuxBufferBytesMax * 8)
        #expect(DMOPLimits.extentsPerCall == DMOPLimits.linuxBufferBytesMax / DMOP.Extent.byteCount)
    }
}
