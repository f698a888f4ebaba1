// JSON text as Python's json.dumps(indent=4) has it, line for line: pure ASCII. Only what the store's document needs.

struct JSONWriter {
    private(set) var text: [UInt8] = []
    private var depth = 0
    private var isFirst = true

    /// Opens an array or object.
    mutating func open(_ bracket: Unicode.Scalar) {
        text.append(UInt8(ascii: bracket))
        depth += 1
        isFirst = true
    }

    /// Closes it; an empty one stays on its line.
    mutating func close(_ bracket: Unicode.Scalar) {
        depth -= 1
        if !isFirst { newLine() }
        text.append(UInt8(ascii: bracket))
        isFirst = false
    }

    /// Begins an element of an array.
    mutating func element() {
        if !isFirst { text.append(UInt8(ascii: ",")) }
        newLine()
        isFirst = false
    }

    /// Begins a member of an object; its value is to follow.
    mutating func key(_ key: String) {
        element()
        string(key.utf16)
        text += ": ".utf8
    }

    mutating func integer(_ value: some FixedWidthInteger) {
        text += String(value).utf8
    }

    mutating func hexadecimal(_ bytes: [UInt8]) {
        text.append(UInt8(ascii: "\""))
        text += Hexadecimal.digits(bytes)
        text.append(UInt8(ascii: "\""))
    }

    mutating func string(_ units: some Sequence<UInt16>) {
        text.append(UInt8(ascii: "\""))
        for unit in units { append(unit) }
        text.append(UInt8(ascii: "\""))
    }

    mutating func endDocument() { text.append(0x0A) }

    private mutating func newLine() {
        text.append(0x0A)
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 4))
    }

    private mutating func append(_ unit: UInt16) {
        switch unit {
        case 0x22, 0x5C: text += [UInt8(ascii: "\\"), UInt8(unit)]
        case 0x08: text += "\\b".utf8
        case 0x0C: text += "\\f".utf8
        case 0x0A: text += "\\n".utf8
        case 0x0D: text += "\\r".utf8
        case 0x09: text += "\\t".utf8
        case 0x20...0x7E: text.append(UInt8(unit))
        default:
            text += "\\u".utf8
            text += Hexadecimal.digits([UInt8(unit >> 8), UInt8(unit & 0xFF)])
        }
    }
}
