// Devices that do all that devices may: answer now, later or never, and act on their server meanwhile.
// Not for: what they do meanwhile (see Scenario).

import XenABI
import XenDeviceModel

/// What the devices tell.
protocol DeviceWatcher: AnyObject {
    /// A request or posted write has reached a device.
    func accepted()
    /// A device's code runs, and may do whatever it likes.
    func act()
}

/// Answers at once.
final class Registers: RegisterDevice {
    private unowned let watcher: any DeviceWatcher
    private let range: IORange
    private let actsOnce: Bool
    private var hasActed = false

    init(_ range: IORange, _ watcher: any DeviceWatcher, acts: Bool) {
        self.watcher = watcher
        self.range = range
        actsOnce = acts
    }

    deinit { if actsOnce { watcher.act() } }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        touch(offset, width)
        return offset &* 0x9E37_79B9_7F4A_7C15
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        touch(offset, width)
        hold(value & ~width.allOnes == 0, "no value is wider than its access")
    }

    private func touch(_ offset: UInt64, _ width: AccessWidth) {
        let last = offset.addingReportingOverflow(UInt64(width.byteCount - 1))
        let size = range.type == .pci ? UInt64(UInt32.max) : range.end - range.start
        // A PCI register is passed on as Xen says it; its last bytes may lie past the end.
        hold(!last.overflow && (range.type == .pci ? offset : last.partialValue) <= size, "an access lies in its claim")
        if actsOnce, !hasActed {
            hasActed = true
            watcher.act()
        }
    }

    func guestMappingsChanged() { if actsOnce { watcher.act() } }
    func timeOffsetChanged(to seconds: Int64) { if actsOnce { watcher.act() } }
}

/// A request that was put aside.
final class Kept {
    private var request: IORequest?

    init(_ request: consuming IORequest) { self.request = consume request }

    func answer(_ value: UInt64) {
        if let request = request.take() { request.answer(value) }
    }
}

/// Where requests are kept. It is not a device's: devices may go before their requests are answered.
final class Shelf {
    var kept: [Kept] = []
}

/// Answers later, or never.
final class Keeper: IODevice {
    private unowned let watcher: any DeviceWatcher
    private let shelf: Shelf

    init(_ watcher: any DeviceWatcher, _ shelf: Shelf) {
        self.watcher = watcher
        self.shelf = shelf
    }

    func accept(_ request: consuming IORequest) {
        watcher.accepted()
        hold(request.count >= 1 && request.count <= 65536, "a request has 1 to 65536 elements")
        shelf.kept.append(Kept(request))
        watcher.act()
    }
}

/// Owns the requests that it never answers: they go when it goes.
final class Hoarder: IODevice {
    private unowned let watcher: any DeviceWatcher
    private var kept: [Kept] = []

    init(_ watcher: any DeviceWatcher) { self.watcher = watcher }

    deinit { watcher.act() }

    func accept(_ request: consuming IORequest) {
        watcher.accepted()
        kept.append(Kept(request))
    }
}

/// Acts, then drops the request.
final class Dropper: IODevice {
    private unowned let watcher: any DeviceWatcher

    init(_ watcher: any DeviceWatcher) { self.watcher = watcher }

    func accept(_ request: consuming IORequest) {
        watcher.accepted()
        watcher.act()
    }

    func guestMappingsChanged() { watcher.act() }
}
