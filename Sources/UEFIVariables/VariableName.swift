// The name of a variable: UTF-16LE bytes without a NUL at the end. Source: varstored.md 3.1, 5.
// Not for: names inside of a request, which stay where they are (VariableRequest.swift).

/// A variable's name: 1 to 4096 bytes of UTF-16LE, compared byte by byte. Old blobs may hold a name of odd length or
/// with a NUL inside, so the bytes are what is kept. Source: varstored.md 3.1, 3.3, 11.3.
public struct VariableName: Hashable, Sendable, CustomStringConvertible {
    /// The bytes as they are on the wire.
    public var bytes: [UInt8]

    /// The most bytes that a name may have.
    public static var byteCountMax: Int { 4096 }

    /// The name of these bytes, whatever they are.
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// The name of these UCS-2 units.
    public init(units: [UInt16]) {
        bytes = []
        bytes.reserveCapacity(units.count &* 2)
        for unit in units { bytes.put(unit) }
    }

    /// The name of this text.
    public init(_ text: String) {
        bytes = []
        for unit in text.utf16 { bytes.put(unit) }
    }

    /// The UCS-2 units. An odd byte at the end is left out.
    public var units: [UInt16] {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2)
        var place = 0
        while place &+ 1 < bytes.count {
            units.append(UInt16(bytes[place]) | UInt16(bytes[place &+ 1]) &<< 8)
            place &+= 2
        }
        return units
    }

    /// Whether a guest may make a variable of this name: even length, no NUL unit. Source: varstored.md 3.3.
    public var isStrict: Bool { bytes.span.isStrictName }

    /// The name as text, for people: what is not printable ASCII is `\u` and four hex digits, an odd byte
    /// at the end `\x` and two.
    public var description: String {
        var text: [UInt8] = []
        for unit in units {
            if unit >= 0x20 && unit < 0x7F && unit != UInt16(UInt8(ascii: "\\")) {
                text.append(UInt8(truncatingIfNeeded: unit))
            } else {
                text.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
                for shift in [12, 8, 4, 0] as [UInt16] { text.append(Self.hexDigit(unit &>> shift)) }
            }
        }
        if let odd = bytes.last, bytes.count % 2 == 1 {
            text.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "x")])
            text.append(Self.hexDigit(UInt16(odd) &>> 4))
            text.append(Self.hexDigit(UInt16(odd)))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func hexDigit(_ value: UInt16) -> UInt8 {
        let digit = UInt8(truncatingIfNeeded: value & 15)
        return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
