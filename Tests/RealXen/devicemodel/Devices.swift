// The devices under test: they remember what reached them.

import XenABI
import XenDeviceModel

/// One element that reached a device.
struct Access: Equatable {
    var isRead: Bool
    var offset: UInt64
    var bytes: Int
    var value: UInt64 = 0
}

/// Registers that remember each access; reads answer `answer`.
final class Recorder: RegisterDevice {
    var accesses: [Access] = []
    var answer: UInt64 = 0x8877_6655_4433_2211

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        accesses.append(Access(isRead: true, offset: offset, bytes: width.byteCount))
        return answer
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        accesses.append(Access(isRead: false, offset: offset, bytes: width.byteCount, value: value))
    }

    /// What has come since the last look.
    func take() -> [Access] {
        defer { accesses = [] }
        return accesses
    }
}

/// Keeps requests until it is told to answer or to drop them.
final class Keeper: IODevice {
    private final class Kept {
        var request: IORequest?
        init(_ request: consuming IORequest) { self.request = consume request }
    }

    private var kept: [Kept] = []
    var count: Int { kept.count }

    func accept(_ request: consuming IORequest) { kept.append(Kept(request)) }

    func answerFirst(_ value: UInt64) { if !kept.isEmpty { kept.removeFirst().request.take()?.answer(value) } }
    func dropAll() { kept = [] }
}
