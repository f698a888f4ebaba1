// A pipe of bytes at two ports: the first one puts in and takes out, the second one says how many are there.

import XenDeviceModel

final class BytePipe: RegisterDevice {
    static let bytesMax = 255
    private var bytes: [UInt8] = []

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        if offset == 1 { return UInt64(bytes.count) }
        return bytes.isEmpty ? 0xFF : UInt64(bytes.removeFirst())
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        guard offset == 0, bytes.count < Self.bytesMax else { return }
        bytes.append(UInt8(value & 0xFF))
    }
}
