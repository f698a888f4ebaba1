// Golden bytes of the ioreq slot and of the buffered ring, and what is done with them.

import Testing
import XenABI

@Suite("Requests")
struct RequestTests {
    @Test("ioreq slot") func ioreq() throws {
        try verify(
            IOREQ(
                address: 0x18171615_14131211, data: 0x28272625_24232221, count: 0x34333231, size: 0x44434241,
                port: EventPort(0x54535251), pad: 0x6261, state: .responseReady, dataIsPointer: true, isRead: false,
                descending: true, type: .invalidate),
            """
            struct ioreq: 32 bytes
              0  addr      11 12 13 14 15 16 17 18
              8  data      21 22 23 24 25 26 27 28
             16  count     31 32 33 34
             20  size      41 42 43 44
             24  vp_eport  51 52 53 54
             28  _pad0     61 62
             30  bits      53
             31  type      08
            """)
    }

    private static let flags: [(IOREQ, UInt8)] = [
        (IOREQ(address: 0, size: 1, isRead: false, type: .portIO), 0x00),
        (IOREQ(address: 0, size: 1, state: .ready, isRead: false, type: .portIO), 0x01),
        (IOREQ(address: 0, size: 1, state: IOREQState(15), isRead: false, type: .portIO), 0x0f),
        (IOREQ(address: 0, size: 1, dataIsPointer: true, isRead: false, type: .portIO), 0x10),
        (IOREQ(address: 0, size: 1, isRead: true, type: .portIO), 0x20),
        (IOREQ(address: 0, size: 1, isRead: false, descending: true, type: .portIO), 0x40),
    ]

    @Test("each flag of an ioreq is its own bit", arguments: flags)
    func flag(_ request: IOREQ, _ bits: UInt8) throws {
        #expect(request.encodedBytes[IOREQ.stateOffset] == bits)
        #expect(try IOREQ(decoding: request.encodedBytes.span) == request)
    }

    @Test("the unused bit of an ioreq is dropped") func unusedBit() throws {
        let request = IOREQ(address: 1, size: 4, state: .ready, isRead: true, type: .copy)
        var bytes = request.encodedBytes
        bytes[IOREQ.stateOffset] |= 0x80
        #expect(try IOREQ(decoding: bytes.span) == request)
        #expect(try !IOREQ.hasZeroPads(in: bytes.span))
    }

    @Test("a state replaces only its own bits of the slot's byte") func replacingState() {
        #expect(IOREQState.responseReady.replacingState(in: 0xf1) == 0xf3)
        #expect(IOREQState.none.replacingState(in: 0x72) == 0x70)
        #expect(IOREQState(0xff).replacingState(in: 0x00) == 0x0f)
        #expect(IOREQState(slotByte: 0xf2) == .inProcess)
    }

    @Test("named offsets are where the fields are") func offsets() {
        let request = IOREQ(
            address: 0, data: 0xaa, count: 0, size: 0, port: EventPort(0xbb), state: .inProcess, isRead: false,
            type: .portIO)
        let bytes = request.encodedBytes
        #expect(bytes[IOREQ.dataOffset] == 0xaa)
        #expect(bytes[IOREQ.portOffset] == 0xbb)
        #expect(IOREQState(slotByte: bytes[IOREQ.stateOffset]) == .inProcess)
        #expect(IOREQ.slotsPerPage * IOREQ.byteCount == GuestFrame.byteCount)
    }

    @Test("buffered slot") func bufferedSlot() throws {
        try verify(
            BufferedIOREQ(type: IOREQType(0x11), isRead: true, sizeCode: 2, address: 0x34333, data: 0x54535251),
            """
            struct buf_ioreq: 8 bytes
              0  type  11
              1  bits  3a 33 34
              4  data  51 52 53 54
            """)
    }

    @Test("the largest buffered write: 20 bits of address, two slots of data") func largestBufferedWrite() throws {
        let write = BufferedIOREQ(type: .copy, sizeCode: 3, address: 0xfffff, data: ~0)
        #expect(write.encodedBytes == [0x01, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
        #expect(try BufferedIOREQ(decoding: write.encodedBytes.span) == write)
    }

    @Test("a buffered slot says how many bytes it writes; only 8 bytes take two slots", arguments: 0..<4)
    func sizeCode(_ code: Int) {
        let write = BufferedIOREQ(type: .copy, sizeCode: UInt8(code), address: 0, data: 0)
        #expect(write.size == [1, 2, 4, 8][code])
        #expect(write.slotsUsed == [1, 1, 1, 2][code])
    }

    @Test("the buffered ring fills its page") func bufferedPage() {
        #expect(BufferedPage.slotByteCount == BufferedIOREQ.byteCount)
        let end = BufferedPage.slotsOffset + BufferedPage.slotCount * BufferedPage.slotByteCount
        #expect(end == GuestFrame.byteCount)
        #expect(BufferedPage.writePointerOffset == BufferedPage.readPointerOffset + 4)
    }
}

@Suite("PCI addresses")
struct PCIAddressTests {
    @Test("a function's number is taken apart as it was put together") func functionNumber() {
        let function = PCIAddress(segment: 0x1234, bus: 0x56, device: 0x17, function: 5)
        #expect(function.rawValue == 0x123456bd)
        #expect(function.segment == 0x1234)
        #expect(function.bus == 0x56)
        #expect(function.device == 0x17)
        #expect(function.function == 5)
    }

    @Test("a device above 31 and a function above 7 do not spill into their neighbours") func spill() {
        #expect(PCIAddress(device: 32, function: 8).rawValue == 0)
    }

    @Test("a register is the address of a configuration request") func register() {
        let register = PCIRegister(function: PCIAddress(device: 2), offset: 0x42)
        #expect(register.ioreqAddress == 0x10_0000_0042)
        #expect(PCIRegister(ioreqAddress: 0x123456bd_00000040).function.bus == 0x56)
        #expect(PCIRegister(ioreqAddress: register.ioreqAddress) == register)
    }
}
