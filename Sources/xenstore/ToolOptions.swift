// The options of the C tools, taken apart as their library does it: letters, long names, beginnings of long names,
// options behind operands, and the same complaints.
// Not for: which options a mode takes (ToolMode).

/// What stands on a command line, in the order in which it is acted on.
enum ToolWord: Equatable {
    /// An option by its letter; `n` has a value.
    case option(UInt8, value: [UInt8] = [])
    /// What is no option, as a sentence for the user: it is told, and all goes on.
    case complaint([UInt8])
}

/// A command line taken apart.
struct ToolOptions: Equatable {
    /// Options and complaints.
    private(set) var words: [ToolWord] = []
    /// What is no option, in order.
    private(set) var operands: [[UInt8]] = []

    /// Letters of all modes; those with a value.
    private static let letters = Array("fhnprRstu".utf8)
    private static let lettersWithValue = Array("n".utf8)
    /// Long names in the order in which complaints list them.
    private static let names: [(String, UInt8)] = [
        ("help", 0x68), ("flat", 0x66), ("prefix", 0x70), ("tidy", 0x74), ("upto", 0x75), ("recurse", 0x72),
        ("number", 0x6e), ("raw", 0x52),
    ]

    private let program: [UInt8]
    private var rest: ArraySlice<[UInt8]>

    /// Takes arguments apart. `program` stands before each complaint; `operandsLast`: the first operand ends the
    /// options (POSIXLY_CORRECT).
    init(_ arguments: [[UInt8]], program: [UInt8], operandsLast: Bool = false) {
        self.program = program
        rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == Array("--".utf8) {
                break
            } else if argument.starts(with: Array("--".utf8)) {
                takeLong(Array(argument.dropFirst(2)))
            } else if argument.count > 1, argument[0] == UInt8(ascii: "-") {
                takeLetters(argument.dropFirst())
            } else {
                operands.append(argument)
                if operandsLast { break }
            }
        }
        operands += Array(rest)
        rest = []
    }

    private mutating func takeLetters(_ letters: ArraySlice<UInt8>) {
        var letters = letters
        while let letter = letters.popFirst() {
            guard Self.letters.contains(letter) else {
                complain("invalid option -- '", [letter], "'")
                continue
            }
            guard Self.lettersWithValue.contains(letter) else {
                words.append(.option(letter))
                continue
            }
            if !letters.isEmpty {
                words.append(.option(letter, value: Array(letters)))
            } else if let value = rest.popFirst() {
                words.append(.option(letter, value: value))
            } else {
                complain("option requires an argument -- '", [letter], "'")
            }
            return
        }
    }

    private mutating func takeLong(_ text: [UInt8]) {
        let name = Array(text.prefix { $0 != UInt8(ascii: "=") })
        let attached = name.count < text.count ? Array(text.dropFirst(name.count + 1)) : nil
        var found = Self.names.filter { Array($0.0.utf8) == name }
        if found.isEmpty { found = Self.names.filter { Array($0.0.utf8).starts(with: name) } }
        guard let (whole, letter) = found.first else {
            complain("unrecognized option '--", text, "'")
            return
        }
        if found.count > 1 {
            let list = found.map { " '--\($0.0)'" }.joined()
            complain("option '--", text, "' is ambiguous; possibilities:\(list)")
        } else if !Self.lettersWithValue.contains(letter) {
            if attached != nil {
                complain("option '--\(whole)' doesn't allow an argument", [], "")
            } else {
                words.append(.option(letter))
            }
        } else if let value = attached ?? rest.popFirst() {
            words.append(.option(letter, value: value))
        } else {
            complain("option '--\(whole)' requires an argument", [], "")
        }
    }

    private mutating func complain(_ before: String, _ bytes: [UInt8], _ after: String) {
        words.append(.complaint(program + Array(": \(before)".utf8) + bytes + Array(after.utf8)))
    }
}
