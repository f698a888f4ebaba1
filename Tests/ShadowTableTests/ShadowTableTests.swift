// The registers and the tracked page of ShadowTable, on a Xen of a few lines.

import FakeGuest
import Testing
import XenABI
import XenDeviceModel

@testable import ShadowTable

@Suite struct ShadowTableTests {
    let xen = FakeGuest()

    /// Runs a test on a device whose server lives as long.
    private func withDevice(_ body: (TableRegisters) throws -> Void) throws {
        let server = try xen.domain().makeIOREQServer().mapPages()
        try body(TableRegisters(server.handle))
    }

    private func track(_ address: UInt64, _ device: TableRegisters) -> UInt64 {
        device.write(offset: 0, width: .quadWord, value: address)
        device.write(offset: 8, width: .doubleWord, value: 1)
        return device.read(offset: 0xC, width: .doubleWord)
    }

    @Test func aTableIsTrackedClaimedAndCopied() throws {
        xen[0x3000, count: 16] = [1, 0x10, 0, 0, 0, 0, 0, 0, 2, 0x20, 0, 0, 0, 0, 0, 0]
        try withDevice { device in
            #expect(device.read(offset: 0x1000, width: .quadWord) == .max)
            #expect(track(0x3000, device) == 1)
            #expect(xen.claims == ["memory 0x3000...0x3fff"])
            #expect(xen.trackedFrames == [3])
            #expect(device.read(offset: 0x1000, width: .quadWord) == 0x1001)
            #expect(device.read(offset: 0x1008, width: .quadWord) == 0)
        }
    }

    @Test func aPageThatXenDoesNotTrackIsNotClaimed() throws {
        try withDevice { device in
            xen.refusals[.setMemoryType] = .einval
            #expect(track(0x3000, device) == 2)
            #expect(xen.claims.isEmpty)
            #expect(track(0xFFFF_FFFF_FFFF_F000, device) == 2)
            xen.refusals = [:]
            #expect(track(0x3000, device) == 1)
        }
    }

    @Test func anotherTableTakesThePlaceOfTheFirst() throws {
        try withDevice { device in
            #expect(track(0x3000, device) == 1)
            #expect(track(0x5FFF, device) == 1)
            #expect(xen.claims == ["memory 0x5000...0x5fff"])
            #expect(xen.trackedFrames == [5])
            device.write(offset: 8, width: .byte, value: 0)
            #expect(xen.claims.isEmpty && xen.trackedFrames.isEmpty)
            #expect(device.read(offset: 0xC, width: .doubleWord) == 0)
        }
    }

    @Test func aPageThatTheGuestHasGivenAwayIsLetGo() throws {
        try withDevice { device in
            #expect(track(0x3000, device) == 1)
            xen.refusals[.setMemoryType] = .einval
            device.write(offset: 8, width: .doubleWord, value: 0)
            #expect(device.read(offset: 0xC, width: .doubleWord) == 2)
            #expect(xen.claims.isEmpty)
        }
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        try withDevice { device in
            var guest = HostileGuest(seed: 5)
            let tooWide = try guest.run(against: device, byteCount: 0x2000, steps: 200_000)
            #expect(tooWide == 0)
            #expect(xen.claims.count <= 1 && xen.trackedFrames.count <= 1)
        }
    }
}

@Suite struct TrackedPageTests {
    let xen = FakeGuest()

    private func withPage(_ body: (TrackedPage) throws -> Void) throws {
        let server = try xen.domain().makeIOREQServer().mapPages()
        try body(TrackedPage(at: 0x4000, server.handle))
    }

    @Test func aWriteIsInTheGuestsPageAndInTheShadow() throws {
        try withPage { page in
            page.write(offset: 0x18, width: .quadWord, value: 0xABC1)
            #expect(xen[0x4018, count: 2] == [0xC1, 0xAB])
            #expect(page.shadow[0x18, .quadWord] == 0xABC1)
            #expect(page.read(offset: 0x18, width: .word) == 0xABC1)
        }
    }

    @Test func aWriteAcrossTwoEntriesChangesBoth() throws {
        try withPage { page in
            page.write(offset: 0, width: .byte, value: 1)
            page.write(offset: 4, width: .quadWord, value: 0x0000_0101_FFFF_FFFF)
            #expect(page.shadow[0, .quadWord] == 0xFFFF_FFFF_0000_0001)
            #expect(page.shadow[8, .quadWord] == 0x101)
            page.write(offset: 8, width: .byte, value: 0)
            #expect(page.shadow[8, .quadWord] == 0)
        }
    }

    @Test func theShadowIsTheValidEntriesAfterAnyWrites() throws {
        try withPage { page in
            var guest = HostileGuest(seed: 6)
            let tooWide = try guest.run(against: page, byteCount: 0x1000)
            #expect(tooWide == 0)
            for entry in stride(from: 0, to: 4096, by: 8) {
                let bytes = xen[0x4000 + entry, count: 8]
                let value = (0..<8).reduce(0) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
                #expect(page.shadow[entry, .quadWord] == (value & 1 != 0 ? value : 0))
            }
        }
    }
}
