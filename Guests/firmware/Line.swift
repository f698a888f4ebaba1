// A line of text that grows in memory and goes out whole: to the serial port, if there is one, and to Xen's console.
import Machine

/// Each part answers the line with it at the end: `Line("PK").column(10).number(76).end()`. One line at a time.
struct Line {
    private var count: UInt64 = 0

    init(_ text: StaticString = "") { self = self.text(text) }

    private func byte(_ byte: UInt64) -> Line {
        guard count < Scratch.lineByteCount - 1 else { return self }
        store8(Scratch.line + count, byte)
        var longer = self
        longer.count += 1
        return longer
    }

    func text(_ text: StaticString) -> Line {
        var line = self
        text.forEachByte { line = line.byte(UInt64($1)) }
        return line
    }

    /// Fills up to a column, with one at least.
    func column(_ column: UInt64, _ filler: UInt64 = 0x20) -> Line {
        var line = byte(filler)
        while line.count < column { line = line.byte(filler) }
        return line
    }

    /// `text ......... `, up to a column.
    func dots(to column: UInt64) -> Line { byte(0x20).column(column - 1, 0x2e).byte(0x20) }

    /// Decimal, right-aligned in `width`.
    func number(_ value: UInt64, width: UInt64 = 0) -> Line {
        var (divisor, digits): (UInt64, UInt64) = (1, 1)
        while value / divisor >= 10 {
            divisor *= 10
            digits += 1
        }
        var line = self
        while digits < width {
            line = line.byte(0x20)
            digits += 1
        }
        while divisor > 0 {
            line = line.byte(0x30 + value / divisor % 10)
            divisor /= 10
        }
        return line
    }

    /// A fraction in hundredths: 1234 is `12.34`.
    func hundredths(_ value: UInt64) -> Line { number(value / 100).text(".").digit(value / 10).digit(value) }
    private func digit(_ value: UInt64) -> Line { byte(0x30 + value % 10) }

    func hex(_ value: UInt64, digits: UInt64) -> Line {
        var line = self
        for index in 0..<digits {
            let nibble = value >> (4 * (digits - 1 - index)) & 0xf
            line = line.byte(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
        }
        return line
    }

    /// UTF-16 in memory; what is not printable ASCII as \uXXXX.
    func name(_ place: UInt64, count: UInt64) -> Line {
        var line = self
        for index in 0..<count / 2 {
            let unit = load16(place + 2 * index)
            line = unit >= 0x20 && unit < 0x7f ? line.byte(unit) : line.text("\\u").hex(unit, digits: 4)
        }
        return line
    }

    /// Bytes in memory; what is not printable as a point.
    func ascii(_ place: UInt64, count: UInt64) -> Line {
        var line = self
        for index in 0..<count {
            let byte = load8(place + index)
            line = line.byte(byte >= 0x20 && byte < 0x7f ? byte : 0x2e)
        }
        return line
    }

    /// The word for a GUID, or the GUID as people write it.
    func vendor(_ guid: VendorGUID) -> Line {
        if let word = guid.word { return text(word) }
        let (first, second, third) = (guid.low & 0xffff_ffff, guid.low >> 32 & 0xffff, guid.low >> 48)
        return hex(first, digits: 8).text("-").hex(second, digits: 4).text("-").hex(third, digits: 4).text("-")
            .hex(guid.high.byteSwapped >> 48, digits: 4).text("-").hex(guid.high.byteSwapped, digits: 12)
    }

    func status(_ status: VariableStatus) -> Line {
        if let phrase = status.phrase { return text(phrase) }
        return text("status 0x").hex(status.rawValue, digits: 16)
    }

    /// Sends it.
    func end() {
        let line = byte(0x0a)
        out_string(Xen.console, 1, Scratch.line, line.count, 0)
        if SerialPort.isThere { out_string(SerialPort.data, 1, Scratch.line, line.count, 0) }
    }

    /// An empty line.
    static func blank() { Line().end() }
}

/// Xen's debug console: bytes go to the hypervisor's log.
private enum Xen {
    static let console: UInt32 = 0xe9
}

/// A 16550 at COM1's place, whose FIFO takes what it gets: a device model's. String output makes one request of a line.
enum SerialPort {
    static let data: UInt32 = 0x3f8
    private static let lineControl: UInt32 = 0x3fb
    private static let scratch: UInt32 = 0x3ff

    static var isThere: Bool { load32(Scratch.hasSerialPort) == 1 }

    /// Looks for it, once: its scratch register keeps what it is given.
    static func find() {
        out8(scratch, 0x5a)
        guard in8(scratch) == 0x5a else { return }
        out8(lineControl, 3)  // 8 data bits, no divisor
        store32(Scratch.hasSerialPort, 1)
    }
}
