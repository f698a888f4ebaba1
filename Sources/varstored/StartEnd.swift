// Why a start ends before it serves. Source: varstored.md 12.1, 12.2. Not for: the end of serving (Serving.swift).

/// The end of a start that serves nobody.
enum StartEnd: Error, Equatable {
    /// It was told to stop: status 0, nothing is saved.
    case stopped
    /// It can't: a sentence for the log, status 1.
    case failed(String)
}
