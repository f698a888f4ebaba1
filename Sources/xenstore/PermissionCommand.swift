// `xenstore-chmod`: permissions of a key, and of what is above or below it.
// Not for: which permissions the server lets be set.

internal import XenstoreClient

/// Sets permissions.
struct PermissionCommand {
    let settings: ToolSettings

    /// `KEY PERMISSION...`
    func run(_ words: [[UInt8]], _ session: ToolSession) throws(ToolFailure) {
        var entries: [[UInt8]] = []
        for word in words.dropFirst() { entries.append(try Self.entry(word)) }
        try set(words[0], entries, goesUp: settings.goesUp, recurses: settings.recurses, session)
    }

    /// A letter and the number behind it, with whatever follows that cut away: `n`, `n0x` and `n0` are the same.
    static func entry(_ word: [UInt8]) throws(ToolFailure) -> [UInt8] {
        let letter = word.first ?? 0
        guard Array("rwbn".utf8).contains(letter) else {
            throw ToolFailure("Invalid permission specification: '", [letter], "'")
        }
        return [letter] + Array("\(UInt32(bitPattern: ValueText.number(Array(word.dropFirst()))))".utf8)
    }

    private func set(
        _ path: [UInt8], _ entries: [[UInt8]], goesUp: Bool, recurses: Bool, _ session: ToolSession
    ) throws(ToolFailure) {
        // The key itself and those above it, up to but without the root.
        var next = path
        while !next.isEmpty {
            do throws(XenstoreError) { try session.setPermissions(next, entries) } catch {
                throw ToolFailure("Error occurred setting permissions on '", next, "': \(error.words)")
            }
            if !goesUp { break }
            guard let parent = ToolSession.parent(of: next) else {
                throw ToolFailure("Unable to locate path separator '/' in '", next, "'")
            }
            next = parent
        }
        guard recurses, let names = try? session.children(of: path) else { return }
        for name in names {
            try set(ToolSession.child(name, of: path), entries, goesUp: false, recurses: true, session)
        }
    }
}
