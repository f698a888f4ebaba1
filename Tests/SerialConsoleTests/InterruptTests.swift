// One test for each rule of the 16550A's interrupts.

import Testing

@testable import SerialConsole

@Suite struct InterruptTests {
    let port = GuestPort()

    @Test func iirReportsTheMostUrgentFirst() {
        port.enableEverything(trigger: 1)
        port[.data] = 0x41  // transmitter empty
        port[.mcr] = 0x18  // modem status
        port[.mcr] = 0x08
        port.uart.receive([1, 2, 3])  // below the trigger level of 4
        port.uart.receive(4, errors: .parityError)
        _ = port[.data]
        _ = port[.data]
        _ = port[.data]  // brings the error to the top
        #expect(port[.iirFcr] == 0xC6)
        #expect(port[.lsr] == 0xE5)
        #expect(port[.iirFcr] == 0xCC)
        #expect(port[.data] == 4)
        #expect(port[.iirFcr] == 0xC2)
        #expect(port[.iirFcr] == 0xC0)
        #expect(port.line.level)
        _ = port[.msr]
        #expect(port[.iirFcr] == 0xC1)
        #expect(!port.line.level)
    }

    @Test(arguments: [(0, 1), (1, 4), (2, 8), (3, 14)] as [(UInt8, Int)])
    func dataIsReportedFromTheTriggerLevelOn(setting: UInt8, level: Int) {
        port.enableEverything(trigger: setting)
        port.uart.receive(repeatElement(7, count: level - 1))
        #expect(port[.iirFcr] == (level == 1 ? 0xC1 : 0xCC))
        port.uart.receive([7])
        #expect(port[.iirFcr] == 0xC4)
        _ = port[.data]
        #expect(port[.iirFcr] == (level == 1 ? 0xC1 : 0xCC))
    }

    @Test func withoutFIFOsOneByteIsReportedAsData() {
        port[.mcr] = 0x08
        port[.ier] = 0x01
        port.uart.receive([7])
        #expect(port[.iirFcr] == 0x04)
        #expect(port.line.levels == [true])
        _ = port[.data]
        #expect(port.line.levels == [true, false])
    }

    @Test func readingOneByteOfATimeoutMakesAnEdgeForTheNext() {
        port.enableEverything(trigger: 3)
        port.line.levels = []
        port.uart.receive([1, 2])
        #expect(port.line.levels == [true])
        _ = port[.data]
        #expect(port.line.levels == [true, false, true])
        _ = port[.data]
        #expect(port.line.levels == [true, false, true, false])
    }

    @Test func enablingTheTransmittersInterruptRaisesIt() {
        port[.mcr] = 0x08
        port[.ier] = 0x02
        #expect(port.line.levels == [true])
        port[.ier] = 0x00
        #expect(port.line.levels == [true, false])
        #expect(port[.iirFcr] == 0x01)
        port[.ier] = 0x02
        #expect(port[.iirFcr] == 0x02)
    }

    @Test func writingTheSameIERDoesNotRaiseItAgain() {
        port[.ier] = 0x02
        #expect(port[.iirFcr] == 0x02)
        port[.ier] = 0x03
        #expect(port[.iirFcr] == 0x01)
    }

    @Test func readingIIRClearsTheTransmittersInterrupt() {
        port[.mcr] = 0x08
        port[.ier] = 0x02
        #expect(port[.iirFcr] == 0x02)
        #expect(port[.iirFcr] == 0x01)
        #expect(port.line.levels == [true, false])
    }

    @Test func readingIIRForAnotherCauseKeepsTheTransmittersInterrupt() {
        port[.ier] = 0x03
        port.uart.receive([1])
        #expect(port[.iirFcr] == 0x04)
        _ = port[.data]
        #expect(port[.iirFcr] == 0x02)
    }

    @Test func eachSentByteMakesAnEdge() {
        port[.mcr] = 0x08
        port[.ier] = 0x02
        port.line.levels = []
        port[.data] = 0x41
        #expect(port.line.levels == [false, true])
    }

    @Test func overrunRaisesLineStatus() {
        port[.mcr] = 0x08
        port[.ier] = 0x04
        port.uart.receive([1])
        #expect(port.line.levels.isEmpty)
        port.uart.receive([2])
        #expect(port[.iirFcr] == 0x06)
        #expect(port.line.levels == [true])
        _ = port[.lsr]
        #expect(port.line.levels == [true, false])
    }

    @Test func modemStatusRaisesAndReadingClears() {
        port[.ier] = 0x08
        port[.mcr] = 0x10
        port[.mcr] = 0x08
        #expect(port[.iirFcr] == 0x00)
        #expect(port.line.levels == [true])
        _ = port[.msr]
        #expect(port[.iirFcr] == 0x01)
        #expect(port.line.levels == [true, false])
    }

    @Test func out2GatesThePinAndNotIIR() {
        port[.ier] = 0x01
        port.uart.receive([1])
        #expect(port[.iirFcr] == 0x04)
        #expect(port.line.levels.isEmpty)
        port[.mcr] = 0x08
        #expect(port.line.levels == [true])
        port[.mcr] = 0x00
        #expect(port.line.levels == [true, false])
    }

    @Test func loopbackIdlesThePinAndKeepsIIRWorking() {
        port[.mcr] = 0x08
        port[.ier] = 0x01
        port[.mcr] = 0x18
        port[.data] = 0x41
        #expect(port[.iirFcr] == 0x04)
        #expect(port.line.levels.isEmpty)
    }
}
