// A pipe of bytes at two ports: the first one puts in and takes out, the second one says how many are there.

import XenABI
import XenDeviceModel

final class BytePipe: RegisterDevice {
    static let bytesMax = 255
    private var bytes: [UInt8] = []
    private let domain: DeviceModelDomain

    init(_ domain: DeviceModelDomain) { self.domain = domain }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        if offset == 1 { return UInt64(bytes.count) }
        return bytes.isEmpty ? 0xFF : UInt64(bytes.removeFirst())
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) throws(XenError) {
        guard offset == 0, bytes.count < Self.bytesMax else { return }
        bytes.append(UInt8(value & 0xFF))
        if bytes.count == 1 { try domain.injectMSI(address: 0xFEE0_0000, data: 0x40) }
    }
}
