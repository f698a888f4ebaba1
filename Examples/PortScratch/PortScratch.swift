// The smallest device model: 16 bytes of RAM at I/O ports 0x100 to 0x10f of a guest. Its whole text is in the README.

import XenABI
import XenDeviceModel
import XenLinux

final class Scratch: RegisterDevice {
    private var bytes = [16 of UInt8](repeating: 0)

    // The library sees to it that an access lies within the range that was claimed.
    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        (0..<width.byteCount).reduce(0) { $0 | UInt64(bytes[Int(offset) + $1]) << (8 * $1) }
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        for index in 0..<width.byteCount { bytes[Int(offset) + index] = UInt8(value >> (8 * index) & 0xFF) }
    }
}

@main enum PortScratch: DeviceProgram {
    static let (name, version) = ("PortScratch", "0.1.0")

    static func serve(_ domain: DeviceModelDomain, _ operands: [String], until stop: StopSignals) throws(XenError) {
        let server = try domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: Scratch()).enable()
        try server.serve(until: stop)
    }
}
