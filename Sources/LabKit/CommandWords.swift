// The command that runs in dom0, as a line for its shell: each word arrives exactly as it was given.

/// Words of a command.
public struct CommandWords: Equatable, Sendable {
    /// The words, the program's name first.
    public let words: [String]

    /// Stands for the id of the run's guest, as a word of its own or after a word's last "=".
    static let guest = "@guest"

    /// Refuses an empty command.
    public init(_ words: [String]) throws(LabError) {
        guard !words.isEmpty else { throw LabError(.badInput, "there is no command to run") }
        self.words = words
    }

    /// Whether a word asks for the guest's id.
    public var namesGuest: Bool { words.contains { Self.beforeGuest($0) != nil } }

    /// One line of shell: in single quotes everything is literal but the single quote (POSIX, Shell Command Language,
    /// section 2.2.2).
    var shellLine: String {
        words.map(Self.quoted).joined(separator: " ") + "\n"
    }

    /// As `shellLine`, with the id of the guest where it is asked for. The program takes the shell's place, so that
    /// a signal for the one reaches the other.
    var shellLineWithGuest: String {
        let quoted = words.map { word in
            guard let prefix = Self.beforeGuest(word) else { return Self.quoted(word) }
            return Self.quoted(String(prefix)) + "\"$CORBEL_GUEST\""
        }
        return "exec " + quoted.joined(separator: " ") + "\n"
    }

    /// What stands before the guest's id; nil for a word that does not ask for it.
    private static func beforeGuest(_ word: String) -> Substring? {
        if word == guest { return "" }
        return word.hasSuffix("=\(guest)") ? word.dropLast(guest.count) : nil
    }

    static func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
