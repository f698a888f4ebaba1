// Numbers as people write them in scripts and read them in traces.

public import XenABI

extension UInt64 {
    /// `0x1f`.
    var hexadecimal: String { "0x" + String(self, radix: 16) }

    /// Reads `31` and `0x1f`; nil for anything else.
    init?(numeral text: Substring) {
        let isHexadecimal = text.hasPrefix("0x")
        let digits = isHexadecimal ? text.dropFirst(2) : text
        // The standard library takes a sign.
        guard digits.first?.isHexDigit == true, let value = UInt64(digits, radix: isHexadecimal ? 16 : 10) else {
            return nil
        }
        self = value
    }
}

extension PCIAddress {
    /// `00:04.0`, or `0001:00:04.0` in another segment than 0.
    public var text: String {
        let tail = "\(Self.digits(UInt32(bus), 2)):\(Self.digits(UInt32(device), 2)).\(function)"
        return segment == 0 ? tail : "\(Self.digits(UInt32(segment), 4)):\(tail)"
    }

    /// Reads what `text` gives.
    public init?(text: some StringProtocol) {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 2 || fields.count == 3 else { return nil }
        let last = fields[fields.count - 1].split(separator: ".", omittingEmptySubsequences: false)
        guard
            last.count == 2, let segment = fields.count == 3 ? Self.number(fields[0], 0xffff) : 0,
            let bus = Self.number(fields[fields.count - 2], 0xff), let device = Self.number(last[0], 0x1f),
            let function = Self.number(last[1], 7)
        else { return nil }
        self.init(
            segment: UInt16(segment), bus: UInt8(bus), device: UInt8(device), function: UInt8(function))
    }

    private static func digits(_ value: UInt32, _ width: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static func number(_ text: some StringProtocol, _ limit: UInt32) -> UInt32? {
        guard text.first?.isHexDigit == true, let value = UInt32(text, radix: 16), value <= limit else { return nil }
        return value
    }
}
