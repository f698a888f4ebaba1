// The terminal: its size, and keys that come at once and are not shown.
// Not for: what is shown.

internal import SystemCalls

/// How large a terminal is, in characters.
struct TerminalSize: Equatable {
    var rows: Int
    var columns: Int

    /// TIOCGWINSZ: four numbers of 16 bits.
    private static let request: UInt32 = 0x5413

    /// That of standard output; nil when it is no terminal.
    static func ofOutput() -> TerminalSize? {
        guard let stream = try? OwnedDescriptor.duplicate(ofStandardStream: 1) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 8)
        var room = bytes.mutableSpan
        guard (try? stream.control(request, &room)) != nil else { return nil }
        return TerminalSize(rows: Int(bytes[0]) | Int(bytes[1]) << 8, columns: Int(bytes[2]) | Int(bytes[3]) << 8)
    }
}

/// Standard input as a terminal whose keys are read one by one.
final class TerminalKeys {
    private let stream: OwnedDescriptor
    /// The settings as they were: Linux's `termios`, 36 bytes on every machine.
    private let before: [UInt8]

    private static let byteCount = 36
    private static let get: UInt32 = 0x5401
    private static let set: UInt32 = 0x5402
    /// In the fourth number: lines instead of keys, and showing them.
    private static let lines: UInt8 = 2
    private static let echo: UInt8 = 8

    /// Lets keys through. nil when standard input is no terminal.
    init?() {
        guard let stream = try? OwnedDescriptor.duplicate(ofStandardStream: 0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        var room = bytes.mutableSpan
        guard (try? stream.control(Self.get, &room)) != nil else { return nil }
        self.stream = stream
        before = bytes
        letThrough()
    }

    /// The descriptor, readable when a key has come.
    var descriptor: Int32 { stream.rawValue }

    /// Lets keys through again: a shell that had the terminal meanwhile has changed it.
    func letThrough() {
        var bytes = before
        bytes[12] &= ~(Self.lines | Self.echo)
        // VTIME and VMIN, behind four numbers and a byte: a read waits for one byte.
        bytes[17 + 5] = 0
        bytes[17 + 6] = 1
        apply(bytes)
    }

    /// Makes it as it was.
    func restore() { apply(before) }

    /// Keys that have come; none: the terminal is gone. To be called when there are some.
    func read() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64)
        var room = bytes.mutableSpan
        let count = (try? stream.read(into: &room)) ?? 0
        return Array(bytes[..<count])
    }

    private func apply(_ settings: [UInt8]) {
        var settings = settings
        var room = settings.mutableSpan
        _ = try? stream.control(Self.set, &room)
    }
}
