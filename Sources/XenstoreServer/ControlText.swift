// Words in, text out: the parameters of a control command, and its answer (xenstored.md 12).
// Not for: what commands do.

internal import XenstoreCore
internal import XenstoreWire

/// The words of a CONTROL request: a command and its parameters, each ended by a NUL. Bytes after the last NUL are
/// ignored (xenstored.md 1.4).
struct ControlWords {
    let command: [UInt8]
    let parameters: [[UInt8]]

    /// nil without a NUL.
    init?(_ payload: [UInt8]) {
        var words: [[UInt8]] = []
        XenstoreText.forEachString(in: payload.span) { words.append(Array(payload[$0])) }
        guard let first = words.first else { return nil }
        command = first
        parameters = Array(words.dropFirst())
    }

    func text(_ index: Int) -> String { String(decoding: parameters[index], as: UTF8.self) }

    /// A number in decimal digits from 1 to 2147483647; nil for anything else.
    func positive(_ index: Int) -> Int? {
        let word = parameters[index]
        guard let number = XenstoreText.number(word.span, 0..<word.count, max: 2_147_483_647), number > 0 else {
            return nil
        }
        return Int(number)
    }

    /// A domain's number; nil for anything else.
    func domain(_ index: Int) -> UInt16? {
        let word = parameters[index]
        return XenstoreText.domain(word.span, 0..<word.count)
    }
}

extension ControlAnswer {
    /// `OK`.
    static var done: ControlAnswer { .reply(Array("OK\0".utf8)) }

    /// EINVAL: a wrong number or form of parameters.
    static var wrong: ControlAnswer { .refused(.invalid) }

    /// ENOENT: no such domain is known.
    static var unknown: ControlAnswer { .refused(.notFound) }

    /// Lines, each with a line feed, and a NUL: as many as fit into 4096 bytes. A first line that is too long by itself
    /// is cut.
    static func lines(_ lines: [String]) -> ControlAnswer {
        let room = XenstoreLimits.payloadByteCount - 1
        var bytes: [UInt8] = []
        for line in lines {
            if bytes.count + line.utf8.count + 1 > room {
                if bytes.isEmpty { bytes = Array(line.utf8.prefix(room - 1)) + [UInt8(ascii: "\n")] }
                break
            }
            bytes.append(contentsOf: line.utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        bytes.append(0)
        return .reply(bytes)
    }
}

/// Bytes that somebody else chose, as text: what is not a printable character of ASCII, or is `\`, is `\xNN`.
func printable(_ bytes: [UInt8]) -> String {
    var text = ""
    text.reserveCapacity(bytes.count)
    for byte in bytes {
        if (0x21...0x7e).contains(byte) && byte != UInt8(ascii: "\\") {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            let digits = String(byte, radix: 16)
            text += "\\x" + (byte < 16 ? "0" : "") + digits
        }
    }
    return text
}
