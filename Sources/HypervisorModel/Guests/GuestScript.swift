// Reads a guest's program from text: one step a line. The form is documented at GuestProgram.

internal import XenABI

/// What is wrong with a script.
public struct GuestScriptError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, from 1 on.
    public var line: Int
    /// What is wrong there.
    public var message: String

    /// `line 3: what`.
    public var description: String { "line \(line): \(message)" }
}

extension GuestProgram {
    /// vCPUs that a script may name.
    static let vcpusMax = 128
    /// Nested repeats of a script.
    static let depthMax = 16

    /// Reads a script.
    public init(script: String) throws(GuestScriptError) {
        var steps: [[GuestStep]] = [[]]
        var vcpu = 0
        var open: [Int] = []
        var number = 0
        for text in script.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            var line = GuestScriptLine(text, number)
            guard let name = line.next() else { continue }
            if name == "vcpu" {
                guard open.isEmpty else { throw line.error("the repeat of line \(open[open.count - 1]) has no end") }
                vcpu = Int(try line.number("a vCPU", upTo: UInt64(Self.vcpusMax - 1)))
                while steps.count <= vcpu { steps.append([]) }
            } else {
                let step = try line.step(name)
                if case .repeated = step { open.append(number) }
                if open.count > Self.depthMax { throw line.error("repeats may be \(Self.depthMax) deep") }
                if step == .end, open.popLast() == nil { throw line.error("an end without a repeat") }
                steps[vcpu].append(step)
            }
            try line.finish()
        }
        if let line = open.last { throw GuestScriptError(line: line, message: "a repeat without an end") }
        while steps.count > 1, steps[steps.count - 1].isEmpty { steps.removeLast() }
        self.init(steps)
    }
}

/// A line, word by word.
struct GuestScriptLine {
    private let text: Substring
    private let number: Int
    private var rest: Substring

    init(_ text: Substring, _ number: Int) {
        self.text = text
        self.number = number
        rest = text
    }

    /// The next word; nil at the end of the line, or of what is not a comment.
    mutating func next() -> Substring? {
        rest = rest.drop { $0.isWhitespace }
        guard let first = rest.first, first != "#" else { return nil }
        let word = rest.prefix { !$0.isWhitespace }
        rest = rest.dropFirst(word.count)
        return word
    }

    /// All that is left, comments too.
    mutating func remainder() -> String {
        let trimmed = rest.drop { $0.isWhitespace }
        rest = Substring()
        return String(trimmed.reversed().drop { $0.isWhitespace }.reversed())
    }

    func error(_ message: String) -> GuestScriptError { GuestScriptError(line: number, message: message) }

    /// Nothing may be left.
    mutating func finish() throws(GuestScriptError) {
        if let word = next() { throw error("'\(word)' is too much") }
    }

    mutating func word(_ what: StaticString) throws(GuestScriptError) -> Substring {
        guard let word = next() else { throw error("\(what) is missing") }
        return word
    }

    mutating func keyword(_ name: String) throws(GuestScriptError) {
        guard let word = next() else { throw error("'\(name)' is missing") }
        guard word == name else { throw error("'\(word)' where '\(name)' should be") }
    }

    /// The word, if it is the next one.
    mutating func takes(_ name: String) -> Bool {
        var copy = self
        guard copy.next() == name[...] else { return false }
        self = copy
        return true
    }

    mutating func number(_ what: StaticString, upTo limit: UInt64 = .max) throws(GuestScriptError) -> UInt64 {
        let word = try word(what)
        guard let value = UInt64(numeral: word) else { throw error("'\(word)' is not a number (\(what))") }
        guard value <= limit else { throw error("'\(word)' is too large: \(what) is at most \(limit)") }
        return value
    }

    mutating func size() throws(GuestScriptError) -> AccessSize {
        let value = try number("the number of bytes")
        guard value <= 8, let size = AccessSize(rawValue: UInt32(value)) else {
            throw error("an access has 1, 2, 4 or 8 bytes")
        }
        return size
    }

    mutating func portSize() throws(GuestScriptError) -> AccessSize {
        let size = try size()
        guard size != .eight else { throw error("an access to a port has 1, 2 or 4 bytes") }
        return size
    }

    /// A value of this size.
    mutating func value(_ size: AccessSize) throws(GuestScriptError) -> UInt64 {
        try number("the value", upTo: size.allOnes)
    }

    mutating func expectation(_ size: AccessSize) throws(GuestScriptError) -> UInt64? {
        takes("expect") ? try value(size) : nil
    }

    mutating func function() throws(GuestScriptError) -> PCIAddress {
        let word = try word("the PCI function")
        guard let function = PCIAddress(text: word) else {
            throw error("'\(word)' is not a PCI function as 00:04.0 is")
        }
        guard function.segment == 0 else { throw error("ports reach segment 0 alone") }
        return function
    }

    /// Bytes of two digits, to the end of the line.
    mutating func bytes() throws(GuestScriptError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let word = next() {
            guard word.count == 2, word.first?.isHexDigit == true, let byte = UInt8(word, radix: 16) else {
                throw error("'\(word)' is not a byte of two digits as 0a is")
            }
            bytes.append(byte)
        }
        if bytes.isEmpty { throw error("the bytes are missing") }
        return bytes
    }
}
