// Any access of any guest is safe, and the interrupt pin always follows the registers.

import Testing
import XenDeviceModel

@testable import SerialConsole

/// A small generator, so that a failing run can be run again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

@Suite struct RandomAccessTests {
    /// The pin as the data sheet and the PC's gate have it, from the registers.
    func expectedLevel(_ uart: UART16550) -> Bool {
        guard uart.modemControl.contains(.out2), !uart.modemControl.contains(.loop) else { return false }
        let enabled = uart.interruptEnable
        return enabled.contains(.lineStatus) && !uart.lineErrors.isEmpty
            || enabled.contains(.receivedData) && uart.fifo.count > 0
            || enabled.contains(.transmitterEmpty) && uart.transmitterEmptyPending
            || enabled.contains(.modemStatus) && !uart.modemChanges.isEmpty
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aHundredThousandAccessesKeepThePinInStep(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let port = GuestPort()
        var raised = 0
        for step in 0..<100_000 {
            act(on: port.uart, &random)
            let expected = expectedLevel(port.uart)
            #expect(port.line.level == expected, "seed \(seed), step \(step)")
            if port.line.level != expected { return }
            if expected { raised += 1 }
            let alternates = zip(port.line.levels, port.line.levels.dropFirst()).allSatisfy { $0 != $1 }
            #expect(alternates)
            port.line.levels = port.line.levels.suffix(1)
        }
        // A run in which nothing happens proves nothing.
        #expect(raised > 1000 && raised < 99_000)
        #expect(port.line.sent.count > 100)
    }

    private func act(on uart: UART16550, _ random: inout SeededGenerator) {
        let width = AccessWidth.allCases.randomElement(using: &random) ?? .byte
        let offset = Int.random(in: 0..<50, using: &random) == 0 ? random.next() : random.next() % 9
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            uart.receive((0..<Int.random(in: 0...20, using: &random)).map(UInt8.init))
        case 1:
            let errors = LineStatus(rawValue: UInt8.random(in: 0...255, using: &random))
            uart.receive(UInt8.random(in: 0...255, using: &random), errors: errors)
        case 2...4:
            let value = uart.read(offset: offset, width: width)
            #expect(value & ~width.allOnes == 0)
        default:
            uart.write(offset: offset, width: width, value: random.next() & width.allOnes)
        }
    }
}
