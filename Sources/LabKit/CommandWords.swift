// The command that runs in dom0, as a line for its shell: each word arrives exactly as it was given.

/// Words of a command.
public struct CommandWords: Equatable, Sendable {
    /// The words, the program's name first.
    public let words: [String]

    /// Refuses an empty command.
    public init(_ words: [String]) throws(LabError) {
        guard !words.isEmpty else { throw LabError(.badInput, "there is no command to run") }
        self.words = words
    }

    /// One line of shell: in single quotes everything is literal but the single quote (POSIX, Shell Command Language,
    /// section 2.2.2).
    var shellLine: String {
        words.map(Self.quoted).joined(separator: " ") + "\n"
    }

    static func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
