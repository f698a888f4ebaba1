// An input read as a program: numbers and bytes one after the other; zeros when it is over.

/// Takes the bytes of an input.
struct Program {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isOver: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// From 0 to below `limit`, which is at most 256.
    mutating func number(_ limit: Int) -> Int { Int(byte()) % limit }

    mutating func bool() -> Bool { byte() & 1 != 0 }

    mutating func bytes(_ count: Int) -> [UInt8] {
        let part = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return part + [UInt8](repeating: 0, count: count - part.count)
    }

    mutating func one<Value>(of values: [Value]) -> Value { values[number(values.count)] }
}
