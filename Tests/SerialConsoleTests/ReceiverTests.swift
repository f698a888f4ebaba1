// One test for each rule of the 16550A's receiver: FIFO, overrun, line errors.

import Testing

@testable import SerialConsole

@Suite struct ReceiverTests {
    let port = GuestPort()

    @Test func receivedBytesAreReadInOrder() {
        port[.iirFcr] = 0x01
        port.uart.receive([1, 2, 3])
        #expect(port[.lsr] == 0x61)
        #expect(port.drain() == [1, 2, 3])
    }

    @Test func anEmptyReceiverReadsZero() {
        #expect(port[.data] == 0)
        #expect(port[.lsr] == 0x60)
    }

    @Test func theFIFOHolds16BytesAndTheNextIsLost() {
        port[.iirFcr] = 0x01
        port.uart.receive(0..<17)
        #expect(port[.lsr] == 0x63)
        #expect(port[.lsr] == 0x61)
        #expect(port.drain() == Array(0..<16))
    }

    @Test func withoutFIFOsTheNewByteReplacesTheOld() {
        port.uart.receive([1, 2])
        #expect(port[.lsr] == 0x63)
        #expect(port.drain() == [2])
    }

    @Test func theFIFOGoesRoundItsEnd() {
        port[.iirFcr] = 0x01
        for start in stride(from: UInt8(0), to: 200, by: 10) {
            port.uart.receive(start..<start + 10)
            #expect(port.drain() == Array(start..<start + 10))
        }
    }

    @Test func roomIsWhatCanBeReceivedWithoutLoss() {
        #expect(port.uart.receiveRoom == 1)
        port[.iirFcr] = 0x01
        #expect(port.uart.receiveRoom == 16)
        port.uart.receive(0..<16)
        #expect(port.uart.receiveRoom == 0)
        #expect(port.line.roomCalls == 0)
        _ = port[.data]
        #expect(port.uart.receiveRoom == 1)
        #expect(port.line.roomCalls == 1)
    }

    @Test func fcrResetEmptiesTheReceiver() {
        port[.iirFcr] = 0x01
        port.uart.receive([1, 2])
        port[.iirFcr] = 0x05  // the transmitter's reset leaves it alone
        #expect(port[.lsr] == 0x61)
        port[.iirFcr] = 0x03
        #expect(port[.lsr] == 0x60)
    }

    @Test func fcrResetWithoutTheEnableBitDoesNothing() {
        port.uart.receive([1])
        port[.iirFcr] = 0x06
        #expect(port.drain() == [1])
    }

    @Test func fcrResetTakesTheErrorsOfItsBytesAndKeepsTheOverrun() {
        port[.iirFcr] = 0x01
        port.uart.receive(9, errors: .parityError)
        port.uart.receive(0..<16)
        port[.iirFcr] = 0x03
        #expect(port[.lsr] == 0x62)
    }

    @Test func switchingTheFIFOsEmptiesTheReceiver() {
        port.uart.receive([1])
        port[.iirFcr] = 0x01
        #expect(port[.lsr] == 0x60)
        port.uart.receive([1])
        port[.iirFcr] = 0x00
        #expect(port[.lsr] == 0x60)
    }

    @Test func anErrorIsShownWhenItsByteComesToTheTop() {
        port[.iirFcr] = 0x01
        port.uart.receive([1])
        port.uart.receive(2, errors: .framingError)
        #expect(port[.lsr] == 0xE1)  // only bit 7: the error is further down
        #expect(port[.data] == 1)
        #expect(port[.lsr] == 0xE9)
        #expect(port[.lsr] == 0x61)  // cleared by reading
        #expect(port[.data] == 2)
    }

    @Test func aBreakIsAZeroByteWithItsBit() {
        port[.iirFcr] = 0x01
        port.uart.receive(0, errors: .breakReceived)
        #expect(port[.lsr] == 0xF1)
        #expect(port[.data] == 0)
        #expect(port[.lsr] == 0x60)
    }

    @Test func withoutFIFOsThereIsNoErrorInFIFOBit() {
        port.uart.receive(9, errors: .parityError)
        #expect(port[.lsr] == 0x65)
    }

    @Test func onlyErrorsOfAByteCanComeWithIt() {
        port.uart.receive(9, errors: LineStatus(rawValue: 0xFF))
        #expect(port[.lsr] == 0x7D)
    }
}
