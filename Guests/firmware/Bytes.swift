// Bytes that go into a request: where they come from, and how many they are. There is no heap to build them in.
import Machine

/// The value of a variable, or a part of one.
enum Bytes {
    case none
    /// ASCII.
    case text(StaticString)
    /// The low bytes of a number, little-endian.
    case number(UInt64, count: UInt64)
    case memory(UInt64, count: UInt64)
    case filled(UInt8, count: UInt64)

    var count: UInt64 {
        switch self {
        case .none: 0
        case .text(let text): UInt64(text.utf8CodeUnitCount)
        case .number(_, let count), .memory(_, let count), .filled(_, let count): count
        }
    }

    func write(at place: UInt64) {
        switch self {
        case .none: break
        case .text(let text): text.forEachByte { store8(place + $0, UInt64($1)) }
        case .number(let value, let count):
            for index in 0..<count { store8(place + index, value >> (8 * index) & 0xff) }
        case .memory(let address, let count): Bytewise.copy(count, from: address, to: place)
        case .filled(let byte, let count): Bytewise.fill(count, at: place, byte)
        }
    }

    /// Whether memory holds these bytes.
    func match(_ place: UInt64) -> Bool {
        switch self {
        case .none: return true
        case .text(let text):
            var same = true
            text.forEachByte { if load8(place + $0) != UInt64($1) { same = false } }
            return same
        case .number(let value, let count):
            for index in 0..<count where load8(place + index) != value >> (8 * index) & 0xff { return false }
            return true
        case .memory(let address, let count): return Bytewise.areEqual(count, address, place)
        case .filled(let byte, let count):
            for index in 0..<count where load8(place + index) != UInt64(byte) { return false }
            return true
        }
    }
}

/// The name of a variable: UTF-16 without a terminator on the wire (varstored.md 3.1).
enum Name {
    case text(StaticString)
    /// A text, and a number in four decimal digits.
    case numbered(StaticString, UInt64)
    /// As it lies in memory.
    case memory(UInt64, count: UInt64)
    /// One letter many times: this many bytes, also an odd number of them.
    case repeated(UInt8, byteCount: UInt64)

    var byteCount: UInt64 {
        switch self {
        case .text(let text): 2 * UInt64(text.utf8CodeUnitCount)
        case .numbered(let text, _): 2 * UInt64(text.utf8CodeUnitCount) + 8
        case .memory(_, let count), .repeated(_, let count): count
        }
    }

    func write(at place: UInt64) {
        switch self {
        case .text(let text): text.forEachByte { store16(place + 2 * $0, UInt64($1)) }
        case .numbered(let text, let number):
            text.forEachByte { store16(place + 2 * $0, UInt64($1)) }
            var (rest, end) = (number, place + byteCount)
            for _ in 0..<4 {
                end -= 2
                store16(end, 0x30 + rest % 10)
                rest /= 10
            }
        case .memory(let address, let count): Bytewise.copy(count, from: address, to: place)
        case .repeated(let letter, let count):
            for index in 0..<count { store8(place + index, index % 2 == 0 ? UInt64(letter) : 0) }
        }
    }

    /// Whether memory holds this name, and no more.
    func match(_ place: UInt64, count: UInt64) -> Bool {
        guard count == byteCount else { return false }
        let copy = Scratch.kept + 0x2000
        write(at: copy)
        return Bytewise.areEqual(count, place, copy)
    }
}

extension StaticString {
    /// Each byte with its index.
    func forEachByte(_ body: (UInt64, UInt8) -> Void) {
        withUTF8Buffer { bytes in
            // SAFETY: the index is inside the buffer, which holds the literal's bytes for the length of the closure.
            for index in 0..<bytes.count { body(UInt64(index), unsafe bytes[index]) }
        }
    }
}
