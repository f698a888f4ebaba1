// The configuration space and the BAR of PCIFunction, on a Xen of a few lines.

import FakeGuest
import Testing
import XenABI
import XenDeviceModel

@testable import PCIFunction

@Suite struct ConfigurationTests {
    let xen = FakeGuest()

    /// Runs a test on a function whose server lives as long.
    func withFunction(_ body: (Configuration) throws -> Void) throws {
        let server = try xen.domain().makeIOREQServer().mapPages()
        try body(Configuration(server.handle))
    }

    private func write(_ function: Configuration, _ offset: UInt64, _ value: UInt64) throws {
        try function.write(offset: offset, width: .doubleWord, value: value)
    }

    @Test func sizingShowsFourKibibytes() throws {
        try withFunction { function in
            try write(function, 0x10, 0xFFFF_FFFF)
            #expect(function.read(offset: 0x10, width: .doubleWord) == 0xFFFF_F000)
            #expect(xen.claims.isEmpty)
        }
    }

    @Test func theBARIsClaimedWhereItIsWhileDecodingIsOn() throws {
        try withFunction { function in
            try write(function, 0x10, 0xE000_0000)
            try write(function, 0x04, 2)
            #expect(xen.claims == ["memory 0xe0000000...0xe0000fff"])
            try write(function, 0x10, 0xE123_4567)
            #expect(xen.claims == ["memory 0xe1234000...0xe1234fff"])
            try function.write(offset: 0x13, width: .byte, value: 0xFF)
            #expect(xen.claims == ["memory 0xff234000...0xff234fff"])
            try write(function, 0x04, 0)
            #expect(xen.claims.isEmpty)
        }
    }

    @Test func aClaimThatXenRefusesIsNotTakenForOne() throws {
        try withFunction { function in
            try write(function, 0x10, 0xE000_0000)
            xen.refusals[.mapIORange] = .enomem
            #expect(throws: XenError(.enomem, "")) { try write(function, 0x04, 2) }
            xen.refusals = [:]
            try write(function, 0x04, 2)
            #expect(xen.claims == ["memory 0xe0000000...0xe0000fff"])
        }
    }

    @Test func theCapabilityListLeadsToMSI() throws {
        try withFunction { function in
            #expect(function.read(offset: 0x06, width: .word) & 0x10 != 0)
            let capability = function.read(offset: 0x34, width: .byte)
            #expect(function.read(offset: capability, width: .word) == 0x0005)
            #expect(function.read(offset: capability + 2, width: .word) == 0x0080)
        }
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        try withFunction { function in
            var guest = HostileGuest(seed: 2)
            let tooWide = try guest.run(against: function, byteCount: 4096, aligned: true)
            #expect(tooWide == 0)
            #expect(xen.claims.count <= 1)
        }
    }
}

@Suite struct DoorbellTests {
    let xen = FakeGuest()

    @Test func itSendsWhatTheGuestProgrammedOnce() throws {
        let doorbell = Doorbell(try xen.domain())
        doorbell.message = (0xFEE0_1000, 0x41)
        doorbell.write(offset: 0, width: .doubleWord, value: 0)
        #expect(xen.interrupts.map(\.address) == [0xFEE0_1000])
        #expect(xen.interrupts.map(\.data) == [0x41])
    }

    @Test func withoutMSIItCountsAndSendsNothing() throws {
        let doorbell = Doorbell(try xen.domain())
        doorbell.write(offset: 0, width: .byte, value: 1)
        doorbell.write(offset: 4, width: .byte, value: 1)
        #expect(doorbell.read(offset: 4, width: .doubleWord) == 1)
        #expect(xen.interrupts.isEmpty)
    }

    @Test func aRefusedMSIIsCounted() throws {
        let doorbell = Doorbell(try xen.domain())
        xen.refusals[.injectMSI] = .erange
        doorbell.message = (0, 0)
        doorbell.write(offset: 0, width: .doubleWord, value: 0)
        #expect(doorbell.read(offset: 8, width: .doubleWord) == 1)
    }

    @Test func messagesNeedMSIAndBusMastering() throws {
        let server = try xen.domain().makeIOREQServer().mapPages()
        let function = Configuration(server.handle)
        let doorbell = function.doorbell
        for (offset, value) in [(0x44, 0xFEE0_0003), (0x48, 1), (0x4C, 0x1_0041)] as [(UInt64, UInt64)] {
            try function.write(offset: offset, width: .doubleWord, value: value)
        }
        try function.write(offset: 0x42, width: .word, value: 1)
        #expect(doorbell.message == nil)
        try function.write(offset: 0x04, width: .word, value: 4)
        #expect(doorbell.message?.address == 0x1_FEE0_0000)
        #expect(doorbell.message?.data == 0x41)
        try function.write(offset: 0x42, width: .word, value: 0)
        #expect(doorbell.message == nil)
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        let doorbell = Doorbell(try xen.domain())
        var guest = HostileGuest(seed: 3)
        let tooWide = try guest.run(against: doorbell, byteCount: 0x1000)
        #expect(tooWide == 0)
    }
}
