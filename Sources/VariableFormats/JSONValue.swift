// A JSON document in memory. Strings are UTF-16 units: the name of a variable may be no Unicode text.

/// A JSON value.
enum JSONValue: Equatable {
    case null
    case boolean(Bool)
    /// A number without fraction and exponent that fits.
    case integer(Int64)
    /// Any other number.
    case number
    case string([UInt16])
    case array([JSONValue])
    case object([JSONMember])

    /// The value of `key`, when this is an object that has it.
    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.elementsEqual(key.utf16) }?.value
    }
}

/// A key and its value; `offset` is where the key is in the text, in bytes.
struct JSONMember: Equatable {
    let key: [UInt16]
    let value: JSONValue
    let offset: Int
}
