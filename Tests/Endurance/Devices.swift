// The devices of the long runs. What the library promises them is checked at each access.

import XenABI
import XenDeviceModel

/// What a device was given that it must never be given.
nonisolated(unsafe) var brokenPromises: UInt64 = 0

private func promise(_ holds: Bool) {
    if !holds { unsafe brokenPromises += 1 }
}

/// A block of registers of `byteCount` bytes. Each 16th access throws when it is told to.
final class Registers: RegisterDevice {
    private let byteCount: UInt64
    private(set) var reads: UInt64 = 0
    private(set) var writes: UInt64 = 0
    private(set) var thrown: UInt64 = 0
    var throwsSometimes = false

    init(byteCount: UInt64) { self.byteCount = byteCount }

    private func admit(_ offset: UInt64, _ width: AccessWidth) throws(XenError) {
        promise(offset < byteCount && byteCount - offset >= UInt64(width.byteCount))
        guard throwsSometimes, (reads &+ writes) % 16 == 15 else { return }
        thrown += 1
        throw XenError(.ebusy, "inject_msi")
    }

    func read(offset: UInt64, width: AccessWidth) throws(XenError) -> UInt64 {
        reads += 1
        try admit(offset, width)
        return offset &* 0x0101_0101_0101_0101
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) throws(XenError) {
        writes += 1
        promise(value & ~width.allOnes == 0)
        try admit(offset, width)
    }
}

/// Takes string accesses whole, and answers every second request one request later.
final class Patient: IODevice {
    private var waiting: IORequest?
    private(set) var elements: UInt64 = 0

    func accept(_ request: consuming IORequest) {
        promise(request.count >= 1 && request.count <= 65536)
        if !request.isRead, let copied = request.elements() {
            promise(copied.count == request.count && copied.allSatisfy { $0 & ~request.width.allOnes == 0 })
            elements &+= UInt64(copied.count)
        }
        if waiting == nil {
            waiting = consume request
        } else {
            waiting.take()?.answer(1)
            request.answer(2)
        }
    }

    func finish() { waiting.take()?.answer(3) }
}
