// The list of calls that a program of ours may make, and the verdict.
// Not for: what is on it (see the file stable-list beside this one).

/// A list that can't be read.
public struct ListError: Error, Equatable, Sendable, CustomStringConvertible {
    /// From 1 on.
    public var line: Int
    public var reason: String

    public var description: String { "line \(line): \(reason)" }
}

/// Calls by their text (`CallReader`), each with the place that says why it is here.
public struct StableList: Sendable {
    /// The names of system calls by their number.
    public private(set) var names: [UInt64: String] = [:]
    /// Why a call is on the list.
    public private(set) var sources: [String: String] = [:]

    public init() {}

    /// The list of this repository.
    public static func builtIn() throws(ListError) -> StableList {
        var list = StableList()
        try list.add(String(decoding: PackageResources.stable_list, as: UTF8.self))
        return list
    }

    /// Adds the lines of a file; what is on the list already stays.
    public mutating func add(_ text: String) throws(ListError) {
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let parts = line.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let words = (parts.first ?? "").split(separator: " ")
            guard let first = words.first else { continue }
            do throws(Refusal) {
                if first == "numbers" {
                    for word in words.dropFirst() { try addName(word) }
                } else {
                    try addCall(words, source: parts.count > 1 ? Self.trimmed(parts[1]) : "")
                }
            } catch {
                throw ListError(line: number, reason: error.reason)
            }
        }
    }

    /// Whether a program of ours may make the call.
    public func allows(_ call: String) -> Bool { sources[call] != nil }

    private struct Refusal: Error {
        let reason: String
    }

    /// `read=0`
    private mutating func addName(_ word: Substring) throws(Refusal) {
        let parts = word.split(separator: "=")
        guard parts.count == 2, let number = UInt64(parts[1]) else {
            throw Refusal(reason: "\"\(word)\" should be NAME=NUMBER")
        }
        let name = String(parts[0])
        if let known = names[number], known != name { throw Refusal(reason: "\(number) is \(known) already") }
        names[number] = name
    }

    private mutating func addCall(_ words: [Substring], source: String) throws(Refusal) {
        guard words[0] == "call" || words[0] == "foreign-entry" || names.values.contains(String(words[0])) else {
            throw Refusal(reason: "\"\(words[0])\" has no number (numbers \(words[0])=N), so this line can't match")
        }
        if source.isEmpty { throw Refusal(reason: "it should end in # and the reason why it may be made") }
        let call = words.joined(separator: " ")
        if sources[call] != nil { throw Refusal(reason: "\"\(call)\" is on the list already") }
        sources[call] = source
    }

    private static func trimmed(_ text: Substring) -> String {
        text.split(separator: " ").joined(separator: " ")
    }
}
