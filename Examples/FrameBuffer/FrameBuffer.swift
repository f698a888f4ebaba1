// A screen in guest memory: when Xen says that the guest has drawn, a PNG is written. README.md has the registers.

import SystemCalls
import XenABI
import XenDeviceModel
import XenLinux

final class Screen: RegisterDevice {
    static let range = IORange.memory(0xF002_0000...0xF002_0FFF)

    /// Byte offsets.
    enum Register {
        static let (base, width, height, enable) = (0x00, 0x08, 0x0C, 0x10)
        static let (checks, pictures, refusals) = (0x14, 0x18, 0x1C)
    }

    private var registers = RegisterFile(byteCount: 0x20)
    private let domain: DeviceModelDomain
    private var isStale = true

    init(_ domain: DeviceModelDomain) {
        self.domain = domain
        registers.define(Register.base, .quadWord, writable: ~0xFFF)
        registers.define(Register.width, .quadWord, writable: .max)  // and height
        registers.define(Register.enable, writable: 1)
    }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 { registers.read(offset: offset, width: width) }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        registers.write(offset: offset, width: width, value: value)
        isStale = true
    }

    /// The picture as a PNG; nil when it is the same as the last time.
    func check() -> [UInt8]? {
        registers[Register.checks] &+= 1
        let (width, height) = (registers[Register.width], registers[Register.height])
        let base = registers[Register.base, .quadWord]
        guard registers[Register.enable] == 1, 1...1024 ~= width, 1...768 ~= height else { return nil }
        let byteCount = Int(width * height * 4)  // A pixel: blue, green, red, unused. No gap after a row.
        let frameCount = (byteCount + GuestFrame.byteCount - 1) / GuestFrame.byteCount
        var dirty = [UInt8](repeating: 0, count: (frameCount + 7) / 8)
        do throws(XenError) {
            // First the bitmap, then the pixels: what is drawn in between is drawn again the next time.
            var bitmap = dirty.mutableSpan
            try domain.trackDirtyVRAM(first: GuestFrame(containing: base), count: frameCount, into: &bitmap)
            guard isStale || dirty.contains(where: { $0 != 0 }) else { return nil }
            let pixels = try domain.readMemory(at: base, byteCount: byteCount)
            isStale = false
            registers[Register.pictures] &+= 1
            return PNG.encode(width: Int(width), height: Int(height), pixels)
        } catch {
            registers[Register.refusals] &+= 1  // The guest has no memory there.
            isStale = true
            return nil
        }
    }
}

/// A PNG file. Its pixels lie in deflate blocks that are stored, not compressed: no library is needed.
enum PNG {
    static func encode(width: Int, height: Int, _ pixels: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var (low, high): (UInt32, UInt32) = (1, 0)  // Adler-32
        for row in 0..<height {
            var line: [UInt8] = [0]
            for pixel in row * width..<(row + 1) * width { line += pixels[pixel * 4..<pixel * 4 + 3].reversed() }
            let sizes = [line.count, ~line.count].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8 & 0xFF)] }
            stream += [row == height - 1 ? 1 : 0] + sizes + line
            for byte in line { (low, high) = ((low + UInt32(byte)) % 65521, (high + low + UInt32(byte)) % 65521) }
        }
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", bytes(UInt32(width)) + bytes(UInt32(height)) + [8, 2, 0, 0, 0])
            + chunk("IDAT", stream + bytes(high << 16 | low)) + chunk("IEND", [])
    }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = type.utf8 + data
        let crc = body.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1) * 0xEDB8_8320 }
        }
        return bytes(UInt32(data.count)) + body + bytes(~crc)
    }

    private static func bytes(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(value >> $0 & 0xFF) } }
}

@main enum FrameBuffer: DeviceProgram {
    static let (name, version, operands) = ("FrameBuffer", "0.1.0", ["PNG"])

    static func serve(_ domain: DeviceModelDomain, _ operands: [String], until stop: StopSignals) throws(XenError) {
        let screen = Screen(domain)
        let server = try domain.makeIOREQServer().mapPages().claim(Screen.range, for: screen).enable()
        try server.serve(until: stop, every: 100) { () throws(XenError) in
            guard let picture = screen.check() else { return }
            try attempt("writing PNG", try replaceFile(path: operands[0], with: picture.span))
        }
    }
}
