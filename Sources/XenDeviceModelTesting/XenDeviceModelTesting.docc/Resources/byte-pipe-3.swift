// A pipe of bytes at two ports: the first one puts in and takes out, the second one says how many are there.

import XenABI
import XenDeviceModel

final class BytePipe: IODevice {
    static let bytesMax = 255
    private var bytes: [UInt8] = []
    private let domain: DeviceModelDomain
    /// Who waits for a byte. A second one takes its place; it is dropped then, and reads all ones.
    private var reader: IORequest?

    init(_ domain: DeviceModelDomain) { self.domain = domain }

    func accept(_ request: consuming IORequest) throws(XenError) {
        if !request.isRead {
            if request.offset == 0 { for value in request.elements() ?? [] { try put(UInt8(value & 0xFF)) } }
            request.answer()
        } else if request.offset == 1 {
            request.answer(UInt64(bytes.count))
        } else if request.isString {
            let taken = bytes.prefix(request.count)
            bytes.removeFirst(taken.count)
            request.answer(elements: taken.map { UInt64($0) })
        } else if bytes.isEmpty {
            reader = consume request
        } else {
            request.answer(UInt64(bytes.removeFirst()))
        }
    }

    private func put(_ byte: UInt8) throws(XenError) {
        if let waiting = reader.take() { return waiting.answer(UInt64(byte)) }
        guard bytes.count < Self.bytesMax else { return }
        bytes.append(byte)
        if bytes.count == 1 { try domain.injectMSI(address: 0xFEE0_0000, data: 0x40) }
    }
}
