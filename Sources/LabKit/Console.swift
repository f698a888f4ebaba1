// Reads the first serial port (COM1), on which Xen, dom0's kernel and our markers appear. Pure: bytes in, events out.
// The command's output is on the other port and never comes here.

/// What a line on the console means to us.
enum ConsoleEvent: Equatable {
    /// A complete line that is not a marker of ours, without its end.
    case line(String)
    /// A point that dom0's init or the command reached: `init`, `toolstack`, `begin`, `end`, or a name of its own.
    case reached(String)
    /// The exit status of the command, 0 to 255.
    case status(Int32)
    /// Something that the lab itself needs did not start.
    case failed(String)
    /// Xen or dom0 is dead; the line that says so.
    case crashed(String)
}

/// Splits the console into lines and recognises markers and crashes.
struct Console {
    /// A line longer than this is cut: a guest must not fill our memory.
    static let lineBytesMax = 4096

    private let opening: String
    private var partial: [UInt8] = []

    /// A console whose markers carry `key`.
    init(key: String) { opening = "@@corbel \(key) " }

    /// Takes bytes as they come.
    mutating func feed(_ bytes: some Sequence<UInt8>) -> [ConsoleEvent] {
        var events: [ConsoleEvent] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || partial.count == Self.lineBytesMax {
                append(to: &events)
                if byte == UInt8(ascii: "\n") { continue }
            }
            partial.append(byte)
        }
        return events
    }

    /// What is left when the console ends: a marker without its end of line is not one.
    mutating func finish() -> [ConsoleEvent] {
        defer { partial = [] }
        return partial.isEmpty ? [] : [.line(text())]
    }

    private mutating func append(to events: inout [ConsoleEvent]) {
        let line = text()
        partial.removeAll(keepingCapacity: true)
        if let event = marker(in: line) {
            events.append(event)
        } else if !line.isEmpty {
            events.append(.line(line))
            if Self.tellsCrash(line) { events.append(.crashed(line)) }
        }
    }

    private func text() -> String {
        var bytes = partial[...]
        while bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
        // A guest's debug port comes here, too, and users see these lines: nothing for a terminal to obey.
        let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control && scalar != "\t" ? "?" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private func marker(in line: String) -> ConsoleEvent? {
        guard line.hasPrefix(opening), line.hasSuffix("@@") else { return nil }
        let body = line.dropFirst(opening.count).dropLast(2)
        guard let equals = body.firstIndex(of: "=") else { return .reached(String(body)) }
        let value = body[body.index(after: equals)...]
        switch body[..<equals] {
        case "status":
            guard let status = Int32(value), (0...255).contains(status) else { return nil }
            return .status(status)
        case "failed": return .failed(String(value))
        default: return nil
        }
    }

    /// Xen's messages begin with "(XEN)", a guest's with "(dN)" (after "(XEN)" or alone), dom0's with neither.
    static func tellsCrash(_ line: String) -> Bool {
        var line = line[...]
        let fromXen = line.hasPrefix("(XEN) ")
        if fromXen {
            line = line.dropFirst(6)
            // With console_timestamps Xen puts a time after its prefix.
            if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                line = line[line.index(after: end)...].drop { $0 == " " }
            }
        }
        if line.hasPrefix("(d") { return false }
        if !fromXen { return line.contains("Kernel panic - not syncing") }
        return line.hasPrefix("Panic on CPU ") || line.hasPrefix("Hardware Dom0 crashed")
            || line.hasPrefix("Domain 0 crashed") || line.hasPrefix("Hardware Dom0 shutdown: rebooting")
    }
}
