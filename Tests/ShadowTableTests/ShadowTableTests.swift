// The registers and the tracked page of ShadowTable, in the memory of a guest in the sandbox.

import Testing
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@testable import ShadowTable

@Suite struct ShadowTableTests {
    let bench: SandboxBench
    let server: TestServer
    var guest: TestGuest { bench.guest }

    init() throws {
        bench = try SandboxBench(restricted: true)
        let device: TableRegisters
        (server, device) = try bench.serve(TableRegisters.range) { TableRegisters($0) }
        try server.claimMemoryType()
        self.device = device
    }

    private let device: TableRegisters

    private func read(_ offset: UInt64, _ width: AccessWidth = .doubleWord) throws -> UInt64 {
        try guest.read(address: 0xF004_0000 + offset, width)
    }

    private func write(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) throws {
        try guest.write(address: 0xF004_0000 + offset, width, value)
    }

    private func track(_ address: UInt64) throws -> UInt64 {
        try write(0, .quadWord, address)
        try write(8, .doubleWord, 1)
        return try read(0xC)
    }

    /// What is claimed beside the registers.
    private var claims: [IORange] { bench.claims.filter { $0 != TableRegisters.range } }
    private var trackedFrames: [GuestFrame] { guest.frames(of: .ioreqServer) }

    @Test func aTableIsTrackedClaimedAndCopied() throws {
        guest.poke(0x3000, [1, 0x10, 0, 0, 0, 0, 0, 0, 2, 0x20, 0, 0, 0, 0, 0, 0])
        #expect(try read(0x1000, .quadWord) == .max)
        #expect(try track(0x3000) == 1)
        #expect(claims == [.memory(0x3000...0x3FFF)])
        #expect(trackedFrames == [GuestFrame(3)])
        #expect(try read(0x1000, .quadWord) == 0x1001)
        #expect(try read(0x1008, .quadWord) == 0)
    }

    @Test func theGuestsOwnWritesToTheTableAreFollowed() throws {
        #expect(try track(0x3000) == 1)
        try guest.write(address: 0x3010, .quadWord, 0x7001)
        #expect(try guest.read(address: 0x3010, .quadWord) == 0x7001)
        #expect(try read(0x1010, .quadWord) == 0x7001)
        try guest.write(address: 0x3010, .byte, 0)
        #expect(try read(0x1010, .quadWord) == 0)
        try write(8, .doubleWord, 0)
        try guest.write(address: 0x3018, .quadWord, 0x8001)
        #expect(guest.peek(0x3018, 2) == [1, 0x80])
        #expect(server.statistics.requests > 0 && bench.log.misuses.isEmpty)
    }

    /// Xen tracks no page for a server that does not hold the memory type.
    @Test func aPageThatXenDoesNotTrackIsNotClaimed() throws {
        let bench = try SandboxBench(restricted: true)
        let (server, device) = try bench.serve(TableRegisters.range) { TableRegisters($0) }
        let other = ShadowTableTests(bench, server, device)
        #expect(try other.track(0x3000) == 2)
        #expect(other.claims.isEmpty)
        #expect(try other.track(0xFFFF_FFFF_FFFF_F000) == 2)
        try server.claimMemoryType()
        #expect(try other.track(0x3000) == 1)
    }

    private init(_ bench: SandboxBench, _ server: TestServer, _ device: TableRegisters) {
        (self.bench, self.server, self.device) = (bench, server, device)
    }

    @Test func anotherTableTakesThePlaceOfTheFirst() throws {
        #expect(try track(0x3000) == 1)
        #expect(try track(0x5FFF) == 1)
        #expect(claims == [.memory(0x5000...0x5FFF)])
        #expect(trackedFrames == [GuestFrame(5)])
        try write(8, .byte, 0)
        #expect(claims.isEmpty && trackedFrames.isEmpty)
        #expect(try read(0xC) == 0)
    }

    @Test func aPageThatTheGuestHasGivenAwayIsLetGo() throws {
        #expect(try track(0x3000) == 1)
        #expect(try bench.run(script: "balloon 3 1").isFinished)
        try write(8, .doubleWord, 0)
        #expect(try read(0xC) == 2)
        #expect(claims.isEmpty)
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        var hostile = HostileGuest(seed: 5)
        let tooWide = try hostile.run(against: device, byteCount: 0x2000, steps: 200_000)
        #expect(tooWide == 0)
        #expect(claims.count <= 1 && trackedFrames.count <= 1)
        try hostile.attack(TableRegisters.range, of: guest)
        _ = try track(0x3000)
        try hostile.attack(.memory(0x3000...0x3FFF), of: guest)
        #expect(claims.count <= 1 && trackedFrames.count <= 1)
        #expect(bench.log.misuses.isEmpty)
    }
}

@Suite struct TrackedPageTests {
    let bench: SandboxBench
    let page: TrackedPage
    var guest: TestGuest { bench.guest }

    /// A page that is tracked for a server that has claimed nothing else.
    init() throws {
        bench = try SandboxBench(restricted: true)
        let (server, _) = try bench.serve(TableRegisters.range) { TableRegisters($0) }
        try server.claimMemoryType()
        page = try TrackedPage(at: 0x4000, server.handle)
    }

    @Test func aWriteIsInTheGuestsPageAndInTheShadow() throws {
        try guest.write(address: 0x4018, .quadWord, 0xABC1)
        #expect(guest.peek(0x4018, 2) == [0xC1, 0xAB])
        #expect(page.shadow[0x18, .quadWord] == 0xABC1)
        #expect(page.read(offset: 0x18, width: .word) == 0xABC1)
        #expect(try guest.read(address: 0x4018, .word) == 0xABC1)
    }

    @Test func aWriteAcrossTwoEntriesChangesBoth() throws {
        try guest.write(address: 0x4000, .byte, 1)
        try guest.write(address: 0x4004, .quadWord, 0x0000_0101_FFFF_FFFF)
        #expect(page.shadow[0, .quadWord] == 0xFFFF_FFFF_0000_0001)
        #expect(page.shadow[8, .quadWord] == 0x101)
        try guest.write(address: 0x4008, .byte, 0)
        #expect(page.shadow[8, .quadWord] == 0)
    }

    @Test func theShadowIsTheValidEntriesAfterAnyWrites() throws {
        var hostile = HostileGuest(seed: 6)
        let tooWide = try hostile.run(against: page, byteCount: 0x1000)
        #expect(tooWide == 0)
        expectShadow()
        try hostile.attack(.memory(0x4000...0x4FFF), of: guest)
        expectShadow()
    }

    private func expectShadow() {
        for entry in stride(from: 0, to: 4096, by: 8) {
            let bytes = guest.peek(0x4000 + UInt64(entry), 8)
            let value = (0..<8).reduce(0) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
            #expect(page.shadow[entry, .quadWord] == (value & 1 != 0 ? value : 0))
        }
    }
}
