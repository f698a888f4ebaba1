// What options say that whoever gave them may not have meant. Source: varstored.md 12.1, 12.5, 12.6.
// Not for: what can't be acted on (Options+Reading.swift).

internal import SystemCalls

extension Options {
    /// Sentences for the log at the start. `logIsFile`: standard output or standard error is a regular file.
    func warnings(logIsFile: Bool) -> [String] {
        var sentences: [String] = []
        if userID != 0, groupID == 0 {
            sentences.append("--uid without --gid: the groups and what they may do stay as they are")
        }
        // RLIMIT_FSIZE is of all files that are written to.
        if confines, logIsFile {
            sentences.append("the log is a file: with --depriv it ends at 256 KiB; a pipe or the journal does not")
        }
        return sentences
    }

    /// Whether lines of the log go to a regular file.
    static var logIsFile: Bool {
        ([1, 2] as [Int32]).contains { number in
            guard let stream = try? OwnedDescriptor.duplicate(ofStandardStream: number) else { return false }
            return (try? stream.isRegularFile()) == true
        }
    }
}
