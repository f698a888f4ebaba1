// Devices for the bench's own tests, as a user would write them.

import SystemCalls
import XenABI
import XenDeviceModel
import XenPlatform

/// 64 bytes that the guest may write as it likes.
final class Scratch: RegisterDevice {
    var registers = RegisterFile(byteCount: 64)
    /// What it was asked, in order.
    var accesses: [String] = []

    init() {
        for offset in 0..<64 { registers.define(offset, .byte, writable: 0xFF) }
    }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        accesses.append("r\(width.byteCount)@\(offset)")
        return registers.read(offset: offset, width: width)
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        accesses.append("w\(width.byteCount)@\(offset)=\(value)")
        registers.write(offset: offset, width: width, value: value)
    }
}

/// Keeps each request until it is told what to answer.
final class Waiter: IODevice {
    private final class Box {
        var request: IORequest?
        init(_ request: consuming IORequest) { self.request = consume request }
    }

    private var kept: [Box] = []
    var count: Int { kept.count }

    func accept(_ request: consuming IORequest) { kept.append(Box(request)) }

    /// Answers the oldest.
    func answer(_ value: UInt64) {
        guard !kept.isEmpty, let request = kept.removeFirst().request.take() else { return }
        request.answer(value)
    }
}

/// Throws whatever comes.
final class Broken: IODevice {
    func accept(_ request: consuming IORequest) throws(XenError) { throw XenError(.eio, "broken device") }
}

/// Stops a loop.
final class CounterStop: StopSource {
    private let counter: EventCounter

    init() throws(SystemError) { counter = try EventCounter() }

    var descriptor: Int32 { counter.descriptor.rawValue }

    func stop() { try? counter.signal() }
}
