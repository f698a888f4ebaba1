// Strings and numbers in a payload (xenstored.md 1.4): where they lie, without a copy.
// Not for: paths (XenstorePath) and permissions (XenstorePermission).

/// Finds strings in a payload. A string ends in NUL; ranges are without it, and are those of the payload.
public enum XenstoreText {
    /// How many NUL bytes a payload has.
    public static func nulCount(_ payload: Span<UInt8>) -> Int {
        var count = 0
        for index in payload.indices where payload[index] == 0 { count += 1 }
        return count
    }

    /// Argument style *one*: exactly one NUL, and it is the last byte; nil otherwise.
    public static func one(_ payload: Span<UInt8>) -> Range<Int>? {
        guard let text = string(in: payload, from: 0), text.upperBound == payload.count - 1 else { return nil }
        return text
    }

    /// The string that begins at an offset; nil when no NUL follows. The next one begins 1 after its end.
    public static func string(in payload: Span<UInt8>, from start: Int) -> Range<Int>? {
        if start < 0 || start >= payload.count { return nil }
        for index in start..<payload.count where payload[index] == 0 { return start..<index }
        return nil
    }

    /// Argument style *path+octets*: the first string, and all bytes after its NUL; nil when there is no NUL.
    public static func stringAndOctets(_ payload: Span<UInt8>) -> (string: Range<Int>, octets: Range<Int>)? {
        guard let text = string(in: payload, from: 0) else { return nil }
        return (text, text.upperBound + 1..<payload.count)
    }

    /// Argument style *list*: the strings of a payload, one after the other. Bytes after the last NUL are ignored.
    public static func forEachString<Failure: Error>(
        in payload: Span<UInt8>, _ body: (Range<Int>) throws(Failure) -> Void
    ) throws(Failure) {
        var start = 0
        while let text = string(in: payload, from: start) {
            try body(text)
            start = text.upperBound + 1
        }
    }

    /// A number: decimal digits only, at least one, no sign, no blank, not above `max`; nil otherwise.
    public static func number(_ payload: Span<UInt8>, _ range: Range<Int>, max: UInt64) -> UInt64? {
        if range.isEmpty || range.lowerBound < 0 || range.upperBound > payload.count { return nil }
        var value: UInt64 = 0
        for index in range {
            let digit = payload[index] &- 48
            if digit > 9 { return nil }
            let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = tens.addingReportingOverflow(UInt64(digit))
            if tensOverflow || sumOverflow || sum > max { return nil }
            value = sum
        }
        return value
    }

    /// A domain's number, 0 to 65535; nil otherwise.
    public static func domain(_ payload: Span<UInt8>, _ range: Range<Int>) -> UInt16? {
        guard let value = number(payload, range, max: 65535) else { return nil }
        return UInt16(value)
    }

    /// Whether the bytes of a range are those of a text.
    public static func equals(_ payload: Span<UInt8>, _ range: Range<Int>, _ text: String) -> Bool {
        let utf8 = text.utf8
        if range.count != utf8.count { return false }
        var index = range.lowerBound
        for byte in utf8 {
            if payload[index] != byte { return false }
            index += 1
        }
        return true
    }
}
