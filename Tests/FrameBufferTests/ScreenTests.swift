// The screen of FrameBuffer, in the memory of a guest in the sandbox.

import StoredPNG
import Testing
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@testable import FrameBuffer

@Suite struct ScreenTests {
    let bench: SandboxBench
    let screen: Screen
    /// Asking for the domain is asking what is dirty, too.
    private let askedBefore: UInt64

    init() throws(XenError) {
        bench = try SandboxBench(restricted: true)
        screen = Screen(bench.domain)
        try bench.serve(Screen.range, by: screen)
        askedBefore = bench.domain.counter(of: .trackDirtyVRAM).count
    }

    /// The guest switches on a screen of 3 x 2 pixels at frame 2: their numbers, from 0x010203 on.
    private func switchOn(base: UInt64 = 0x2000, width: UInt64 = 3, height: UInt64 = 2) throws {
        for pixel in 0..<6 as Range<UInt64> { try draw(pixel, 0x01_0203 + pixel) }
        try write(0x00, .quadWord, base)
        try write(0x08, .doubleWord, width)
        try write(0x0C, .doubleWord, height)
        try write(0x10, .doubleWord, 1)
    }

    private func draw(_ pixel: UInt64, _ color: UInt64) throws {
        try bench.guest.write(address: 0x2000 + pixel * 4, .doubleWord, color)
    }

    private func write(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) throws {
        try bench.guest.write(address: 0xF002_0000 + offset, width, value)
    }

    private func read(_ offset: UInt64) throws -> UInt64 {
        try bench.guest.read(address: 0xF002_0000 + offset, .doubleWord)
    }

    /// How often the screen has asked Xen what is dirty.
    private var askedCount: UInt64 { bench.domain.counter(of: .trackDirtyVRAM).count - askedBefore }

    @Test func aScreenThatIsOffShowsNothingAndAsksNothing() {
        #expect(screen.check() == nil)
        #expect(askedCount == 0 && bench.guest.dirtyWindow == nil)
    }

    @Test func thePictureHasThePixels() throws {
        try switchOn()
        let picture = try #require(screen.check().flatMap { StoredPNG($0) })
        #expect((picture.width, picture.height) == (3, 2))
        #expect(picture.pixels == (0x01_0203...0x01_0208).map { $0 })
        #expect(askedCount == 1)
        #expect(bench.guest.dirtyWindow?.first == GuestFrame(2) && bench.guest.dirtyWindow?.count == 1)
    }

    @Test func thereIsANewOneWhenXenSaysThatItIsDirtyAndNotOtherwise() throws {
        try switchOn()
        #expect(screen.check() != nil)
        #expect(screen.check() == nil)
        try draw(1, 0xFFFF_FFFF)
        #expect(screen.check().flatMap { StoredPNG($0) }?[1, 0] == 0xFF_FFFF)
        #expect(screen.check() == nil)
        #expect(try read(0x18) == 2)
        #expect(try read(0x14) == 4)
    }

    @Test func whatTheGuestDrawsByStringsAndBesideTheScreenIsToldApart() throws {
        try switchOn()
        _ = screen.check()
        bench.guest.poke(0x3000, [1, 2, 3])
        #expect(screen.check() == nil)
        // `rep movs` from the screen's own registers into its pixels: the width, which is 3.
        try bench.guest.copy(fromDevice: 0xF002_0008, .doubleWord, count: 1, to: 0x2000)
        #expect(screen.check().flatMap { StoredPNG($0) }?[0, 0] == 3)
    }

    @Test func aNewModeIsShownThoughNothingIsDirty() throws {
        try switchOn()
        _ = screen.check()
        try write(0x08, .doubleWord, 2)
        #expect(screen.check().flatMap { StoredPNG($0) }?.width == 2)
    }

    /// ENOMEM is injected: Xen gives it when it has no memory for its bitmap, which no guest can bring about.
    @Test func aPictureThatCouldNotBeReadIsShownWhenItCan() throws {
        try switchOn(base: 0xFFFF_F000)
        #expect(screen.check() == nil)
        #expect(try read(0x1C) == 1)
        bench.refusals[.trackDirtyVRAM] = .enomem
        #expect(screen.check() == nil)
        #expect(try read(0x1C) == 2)
        bench.refusals = [:]
        try switchOn()
        #expect(screen.check() != nil)
    }

    @Test func sizesWithoutPixelsOrWithTooManyAreOff() throws {
        for (width, height) in [(0, 2), (3, 0), (1025, 1), (1, 769), (.max, .max)] as [(UInt64, UInt64)] {
            try switchOn(width: width & 0xFFFF_FFFF, height: height & 0xFFFF_FFFF)
            #expect(screen.check() == nil)
        }
        #expect(askedCount == 0 && bench.guest.dirtyWindow == nil)
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        var guest = HostileGuest(seed: 4)
        for _ in 0..<1000 {
            let tooWide = try guest.run(against: screen, byteCount: 0x1000, steps: 1000)
            #expect(tooWide == 0)
            bench.guest.poke(guest.next() % 0x40_0000, [UInt8(truncatingIfNeeded: guest.next())])
            _ = screen.check()
        }
        for _ in 0..<100 {
            try guest.attack(Screen.range, of: bench.guest, steps: 100)
            _ = screen.check()
        }
        #expect(bench.log.misuses.isEmpty)
    }
}

@Suite struct PNGTests {
    @Test(arguments: [(1, 1), (2, 3), (1024, 2), (5, 768)])
    func everySizeCanBeReadBack(width: Int, height: Int) throws {
        let pixels = (0..<width * height * 4).map { UInt8(truncatingIfNeeded: $0 &* 7 + $0 >> 8) }
        let picture = try #require(StoredPNG(PNG.encode(width: width, height: height, pixels)))
        #expect((picture.width, picture.height) == (width, height))
        for pixel in 0..<width * height {
            let (blue, green, red) = (pixels[pixel * 4], pixels[pixel * 4 + 1], pixels[pixel * 4 + 2])
            #expect(picture.pixels[pixel] == UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue))
        }
    }

    /// One black pixel; the sums are zlib's.
    @Test func theBytesAreThoseOfTheSpecification() {
        let file = PNG.encode(width: 1, height: 1, [0, 0, 0, 0])
        let hex = file.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(
            hex == "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
                + "0000000f494441547801010400fbff00000000000400016549c3600000000049454e44ae426082"
        )
    }

    @Test func theReaderOfTheseTestsRefusesAWrongByteAnywhere() {
        let file = PNG.encode(width: 2, height: 2, (0..<16).map { UInt8($0) })
        for index in file.indices {
            var wrong = file
            wrong[index] ^= 0x10
            #expect(StoredPNG(wrong) == nil, "byte \(index)")
        }
    }
}
