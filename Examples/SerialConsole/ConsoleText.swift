// A guest's bytes as lines that are safe to show.
// Not for: writing them anywhere (see ConsoleOutput).

/// Turns a stream of guest bytes into prefixed lines. A guest may send anything; with `escaping`, nothing that a
/// terminal would obey gets through: control characters become `^X` (but for line feed and tab), C1 controls and
/// bytes that are not UTF-8 become `\xNN`. The carriage return before a line feed is dropped.
struct ConsoleText {
    private let prefix: [UInt8]
    private let escaping: Bool
    private var atLineStart = true
    private var returnPending = false
    private var character = UTF8Collector()

    init(prefix: String, escaping: Bool) {
        self.prefix = Array(prefix.utf8)
        self.escaping = escaping
    }

    /// Adds what is to be shown for `byte` to `output`. A byte may wait for the next one.
    mutating func append(_ byte: UInt8, to output: inout [UInt8]) {
        if returnPending {
            returnPending = false
            if byte != UInt8(ascii: "\n") { show(UInt8(ascii: "\r"), on: &output) }
        }
        if byte == UInt8(ascii: "\r") {
            endCharacter(on: &output)
            returnPending = true
        } else {
            show(byte, on: &output)
        }
    }

    /// Nothing follows: shows what was waiting and ends the line.
    mutating func finish(to output: inout [UInt8]) {
        endCharacter(on: &output)
        returnPending = false
        if !atLineStart { show(UInt8(ascii: "\n"), on: &output) }
    }

    private mutating func show(_ byte: UInt8, on output: inout [UInt8]) {
        guard escaping else { return put(byte, on: &output) }
        switch character.take(byte) {
        case .incomplete:
            break
        case .complete(let bytes):
            for byte in bytes { put(byte, on: &output) }
        case .broken(let bytes, let rest):
            for byte in bytes { putHexadecimal(byte, on: &output) }
            if let rest { putASCII(rest, on: &output) }
        case .ascii(let byte):
            putASCII(byte, on: &output)
        }
    }

    private mutating func endCharacter(on output: inout [UInt8]) {
        for byte in character.giveUp() { putHexadecimal(byte, on: &output) }
    }

    private mutating func putASCII(_ byte: UInt8, on output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\n"), UInt8(ascii: "\t"), 0x20..<0x7F:
            put(byte, on: &output)
        default:
            put(UInt8(ascii: "^"), on: &output)
            put(byte ^ 0x40, on: &output)
        }
    }

    private mutating func putHexadecimal(_ byte: UInt8, on output: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        for shown in [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]] {
            put(shown, on: &output)
        }
    }

    private mutating func put(_ byte: UInt8, on output: inout [UInt8]) {
        if atLineStart { output.append(contentsOf: prefix) }
        output.append(byte)
        atLineStart = byte == UInt8(ascii: "\n")
    }
}

/// Collects the bytes of one UTF-8 character. Source: RFC 3629 section 4.
private struct UTF8Collector {
    enum Outcome {
        case ascii(UInt8)
        /// A whole character that is fit to be shown.
        case complete([UInt8])
        case incomplete
        /// Bytes that make no character, or a C1 control; then an ASCII byte that ended them, if any.
        case broken([UInt8], then: UInt8?)
    }

    private var bytes: [UInt8] = []
    private var wanted = 0

    mutating func take(_ byte: UInt8) -> Outcome {
        if bytes.isEmpty { return begin(byte) }
        guard byte & 0xC0 == 0x80 else {
            let broken = giveUp()
            // What ended it may begin the next one.
            switch begin(byte) {
            case .ascii(let byte): return .broken(broken, then: byte)
            case .broken(let more, _): return .broken(broken + more, then: nil)
            case .incomplete, .complete: return .broken(broken, then: nil)
            }
        }
        bytes.append(byte)
        if bytes.count < wanted { return .incomplete }
        let whole = giveUp()
        return Self.isShowable(whole) ? .complete(whole) : .broken(whole, then: nil)
    }

    /// The bytes of a character that does not go on.
    mutating func giveUp() -> [UInt8] {
        defer {
            bytes = []
            wanted = 0
        }
        return bytes
    }

    private mutating func begin(_ byte: UInt8) -> Outcome {
        switch byte {
        case 0..<0x80: return .ascii(byte)
        case 0xC2...0xDF: wanted = 2
        case 0xE0...0xEF: wanted = 3
        case 0xF0...0xF4: wanted = 4
        default: return .broken([byte], then: nil)
        }
        bytes = [byte]
        return .incomplete
    }

    /// No C1 control (U+0080 to U+009F), nothing overlong, no surrogate, nothing past U+10FFFF.
    private static func isShowable(_ whole: [UInt8]) -> Bool {
        switch (whole[0], whole[1]) {
        case (0xC2, ..<0xA0), (0xE0, ..<0xA0), (0xED, 0xA0...), (0xF0, ..<0x90), (0xF4, 0x90...): false
        default: true
        }
    }
}
