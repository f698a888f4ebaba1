// The screen of FrameBuffer, on a Xen of a few lines.

import FakeGuest
import StoredPNG
import Testing
import XenABI
import XenDeviceModel

@testable import FrameBuffer

@Suite struct ScreenTests {
    let xen = FakeGuest()
    let screen: Screen

    init() throws { screen = Screen(try xen.domain()) }

    /// A screen of 3 x 2 pixels at frame 2: their numbers, from 0x010203 on.
    private func switchOn(base: UInt64 = 0x2000, width: UInt64 = 3, height: UInt64 = 2) {
        for pixel in 0..<6 { draw(pixel, UInt32(0x01_0203 + pixel)) }
        screen.write(offset: 0x00, width: .quadWord, value: base)
        screen.write(offset: 0x08, width: .doubleWord, value: width)
        screen.write(offset: 0x0C, width: .doubleWord, value: height)
        screen.write(offset: 0x10, width: .doubleWord, value: 1)
    }

    private func draw(_ pixel: Int, _ color: UInt32) {
        xen[0x2000 + pixel * 4, count: 4] = (0..<4).map { UInt8(color >> (8 * UInt32($0)) & 0xFF) }
    }

    @Test func aScreenThatIsOffShowsNothingAndAsksNothing() {
        #expect(screen.check() == nil)
        #expect(xen.windows.isEmpty)
    }

    @Test func thePictureHasThePixels() throws {
        switchOn()
        let picture = try #require(screen.check().flatMap { StoredPNG($0) })
        #expect((picture.width, picture.height) == (3, 2))
        #expect(picture.pixels == (0x01_0203...0x01_0208).map { $0 })
        #expect(xen.windows.map(\.first) == [2] && xen.windows.map(\.count) == [1])
    }

    @Test func thereIsANewOneWhenXenSaysThatItIsDirtyAndNotOtherwise() {
        switchOn()
        #expect(screen.check() != nil)
        #expect(screen.check() == nil)
        draw(1, 0xFFFF_FFFF)
        xen.dirtyByte = 1
        #expect(screen.check().flatMap { StoredPNG($0) }?[1, 0] == 0xFF_FFFF)
        #expect(screen.check() == nil)
        #expect(screen.read(offset: 0x18, width: .doubleWord) == 2)
        #expect(screen.read(offset: 0x14, width: .doubleWord) == 4)
    }

    @Test func aNewModeIsShownThoughNothingIsDirty() {
        switchOn()
        _ = screen.check()
        screen.write(offset: 0x08, width: .doubleWord, value: 2)
        #expect(screen.check().flatMap { StoredPNG($0) }?.width == 2)
    }

    @Test func aPictureThatCouldNotBeReadIsShownWhenItCan() {
        switchOn(base: 0xFFFF_F000)
        #expect(screen.check() == nil)
        #expect(screen.read(offset: 0x1C, width: .doubleWord) == 1)
        xen.refusals[.trackDirtyVRAM] = .enomem
        #expect(screen.check() == nil)
        #expect(screen.read(offset: 0x1C, width: .doubleWord) == 2)
        xen.refusals = [:]
        switchOn()
        #expect(screen.check() != nil)
    }

    @Test func sizesWithoutPixelsOrWithTooManyAreOff() {
        for (width, height) in [(0, 2), (3, 0), (1025, 1), (1, 769), (.max, .max)] as [(UInt64, UInt64)] {
            switchOn(width: width & 0xFFFF_FFFF, height: height & 0xFFFF_FFFF)
            #expect(screen.check() == nil)
        }
        #expect(xen.windows.isEmpty)
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        var guest = HostileGuest(seed: 4)
        for _ in 0..<1000 {
            let tooWide = try guest.run(against: screen, byteCount: 0x1000, steps: 1000)
            #expect(tooWide == 0)
            xen.dirtyByte = UInt8(truncatingIfNeeded: guest.next())
            _ = screen.check()
        }
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
