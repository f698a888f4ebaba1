// String accesses (`rep ins`, `rep outs`, `rep movs`), unrolled for devices made of registers.
// Not for: single accesses.

import XenABI
import XenPlatform

extension IORequest {
    /// Serves every element by one read or write of `device`, then answers. Guest memory that can't be mapped makes the
    /// request end without touching the device. Source: dmop.md section 4.2.
    consuming func answerString(from device: some RegisterDevice) {
        guard let buffer = guestBuffer else {
            answerRepeated(from: device)
            return
        }
        guard
            let bytes = ValidSlot.bytes(at: buffer, width, count: count, descending: isDescending),
            let pages = server.mapGuestBytes(bytes, access: isRead ? .readWrite : .read)
        else {
            server.statistics.malformed += 1
            answer()
            return
        }
        let base = GuestFrame(containing: bytes.lowerBound).rawValue * UInt64(GuestFrame.byteCount)
        for index in 0..<count {
            let place = Int(element(index, from: buffer) - base)
            let target = kind == .memory ? element(index, from: offset) : offset
            if isRead {
                pages.store(device.read(offset: target, width: width), byteCount: width.byteCount, at: place)
            } else {
                device.write(offset: target, width: width, value: pages.load(byteCount: width.byteCount, at: place))
            }
        }
        pages.close()
        answer()
    }

    /// Several elements with the value in the request itself: Xen has no such request today, but the structure allows
    /// it.
    private consuming func answerRepeated(from device: some RegisterDevice) {
        var last: UInt64 = .max
        for index in 0..<count {
            let target = kind == .memory ? element(index, from: offset) : offset
            if isRead {
                last = device.read(offset: target, width: width)
            } else {
                device.write(offset: target, width: width, value: value)
            }
        }
        answer(last)
    }

    /// Address of element `index`; the range was checked not to wrap.
    private borrowing func element(_ index: Int, from start: UInt64) -> UInt64 {
        let distance = UInt64(index) * UInt64(width.byteCount)
        return isDescending ? start - distance : start + distance
    }
}
