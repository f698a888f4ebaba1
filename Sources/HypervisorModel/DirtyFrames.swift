// Which frames were written to: the window of op 7, and log-dirty mode. dmop.md sections 3.7 and 3.11.

internal import XenABI

/// What is known of writes to a domain's RAM.
struct DirtyFrames {
    /// The window of op 7 and a bit for each of its frames.
    struct Window {
        let first: UInt64
        let count: UInt32
        var bits: [UInt8]

        init(first: UInt64, count: UInt32) {
            self.first = first
            self.count = count
            bits = [UInt8](repeating: 0, count: (Int(count) + 7) / 8)
        }
    }

    var window: Window?
    /// Frames written to while in log-dirty mode.
    private(set) var logged: Set<GuestFrame> = []
    /// Log-dirty mode.
    var isLogging = false {
        didSet { if !isLogging { logged = [] } }
    }

    /// The bits of a window, which are cleared; nil when it was not the window yet, but is from now on.
    mutating func take(first: UInt64, count: UInt32) -> [UInt8]? {
        let fresh = Window(first: first, count: count)
        let old = window
        window = fresh
        guard let old, old.first == first, old.count == count else { return nil }
        return old.bits
    }

    /// The guest has written.
    mutating func guestWrote(_ frame: GuestFrame) {
        if isLogging { logged.insert(frame) }
        // Not bound to a name, which would have all bits copied for each write.
        guard let first = window?.first, let count = window?.count, frame.rawValue >= first else { return }
        let index = frame.rawValue - first
        guard index < UInt64(count) else { return }
        window?.bits[Int(index / 8)] |= 1 << UInt8(index % 8)
    }

    /// A device model says that it has written: that is not seen by op 7 (row V7).
    mutating func deviceModelWrote(_ frame: GuestFrame) {
        if isLogging { logged.insert(frame) }
    }
}
