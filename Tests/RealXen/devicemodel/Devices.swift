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
    /// Added to `answer` after each read.
    var step: UInt64 = 0

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        accesses.append(Access(isRead: true, offset: offset, bytes: width.byteCount))
        defer { answer &+= step }
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

/// Registers that keep nothing but counts: for loads that must not make the process grow.
final class Steady: RegisterDevice {
    private let answer: UInt64
    private(set) var reads = 0
    private(set) var writes = 0

    init(answer: UInt64) { self.answer = answer }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        reads += 1
        return answer
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) { writes += 1 }
}

/// Throws from the read on that comes after `goodReads` good ones, and for every write while `isRefusing`.
final class Faulty: RegisterDevice {
    var goodReads = 0
    var isRefusing = true
    private(set) var calls = 0

    func read(offset: UInt64, width: AccessWidth) throws(XenError) -> UInt64 {
        calls += 1
        if goodReads == 0, isRefusing { throw XenError(.eio, "Faulty.read") }
        goodReads -= 1
        return 0x3C
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) throws(XenError) {
        calls += 1
        if isRefusing { throw XenError(.eio, "Faulty.write") }
    }
}

/// Takes no request.
final class Refusing: IODevice {
    func accept(_ request: consuming IORequest) throws(XenError) { throw XenError(.enodev, "Refusing.accept") }
}

/// A level-triggered line's device: each write to it is an interrupt handler's acknowledgement; the last of `patience`
/// lowers the line.
final class Acknowledged: RegisterDevice {
    var patience = 1
    private(set) var count = 0
    private let lower: () throws(XenError) -> Void

    init(_ lower: @escaping () throws(XenError) -> Void) { self.lower = lower }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 { UInt64(count) }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) throws(XenError) {
        count += 1
        patience -= 1
        if patience == 0 { try lower() }
    }
}
