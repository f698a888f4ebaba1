// Looks for a text in bytes that come in pieces. Not for more than the first time that it is there.
import Foundation

/// A search through a stream.
struct TextSearch {
    private let text: Data
    private var tail = Data()
    private(set) var isFound = false

    /// A search for `text`, which is not empty.
    init(_ text: String) { self.text = Data(text.utf8) }

    /// Takes the next piece; true when the text is complete now and was not before.
    mutating func feed(_ bytes: Data) -> Bool {
        guard !isFound else { return false }
        let seen = tail + bytes
        isFound = seen.range(of: text) != nil
        tail = seen.suffix(text.count - 1)
        return isFound
    }
}
