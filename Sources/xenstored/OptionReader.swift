// A command line taken apart as getopt_long does it: `--name=value`, `--name value`, `-Xvalue`, `-X value`, `-XYZ`.
// Source: xenstored.md 14.1. Not for: what the options mean (Options+Reading.swift).

/// An option of the command line.
struct OptionName: Equatable {
    /// What comes after the two dashes.
    let long: String
    /// What comes after one dash.
    let short: Character?
    /// Whether it has a value.
    let value: ValueRule

    /// Whether a value belongs to an option.
    enum ValueRule: Equatable {
        case none
        case required
        /// One that is attached, or one of these words as the next argument.
        case optional([String])
    }

    init(_ long: String, _ short: Character?, _ value: ValueRule = .none) {
        self.long = long
        self.short = short
        self.value = value
    }
}

/// Takes arguments apart.
struct OptionReader {
    private let names: [OptionName]
    private var rest: ArraySlice<String>
    /// What is left of a bundle of short options.
    private var bundle: Substring = ""

    init(_ arguments: [String], names: [OptionName]) {
        self.names = names
        rest = arguments[...]
    }

    /// The next option and its value; nil after the last one.
    mutating func next() throws(OptionError) -> (option: OptionName, value: String?)? {
        if !bundle.isEmpty { return try nextShort() }
        guard let argument = rest.popFirst() else { return nil }
        if argument == "--" {
            guard let extra = rest.first else { return nil }
            throw OptionError("\(extra): not an option")
        }
        if argument.hasPrefix("--") { return try long(argument.dropFirst(2)) }
        guard argument.hasPrefix("-"), argument.utf8.count > 1 else { throw OptionError("\(argument): not an option") }
        bundle = argument.dropFirst()
        return try nextShort()
    }

    private mutating func long(_ text: Substring) throws(OptionError) -> (option: OptionName, value: String?) {
        let equals = text.firstIndex(of: "=")
        let name = equals.map { text[..<$0] } ?? text
        guard let option = names.first(where: { $0.long == name }) else {
            throw OptionError("--\(name): no such option")
        }
        let attached = equals.map { String(text[text.index(after: $0)...]) }
        if option.value == .none, attached != nil { throw OptionError("--\(name): takes no value") }
        if attached != nil { return (option, attached) }
        return (option, try value(of: option, "--\(name)"))
    }

    private mutating func nextShort() throws(OptionError) -> (option: OptionName, value: String?) {
        let letter = bundle.removeFirst()
        guard let option = names.first(where: { $0.short == letter }) else {
            throw OptionError("-\(letter): no such option")
        }
        if option.value == .none { return (option, nil) }
        if !bundle.isEmpty {
            defer { bundle = "" }
            return (option, String(bundle))
        }
        return (option, try value(of: option, "-\(letter)"))
    }

    /// A value that is the next argument.
    private mutating func value(of option: OptionName, _ name: String) throws(OptionError) -> String? {
        switch option.value {
        case .none: return nil
        case .required:
            guard let value = rest.popFirst() else { throw OptionError("\(name): a value is missing") }
            return value
        case .optional(let words):
            guard let word = rest.first, words.contains(word) else { return nil }
            return rest.popFirst()
        }
    }
}
