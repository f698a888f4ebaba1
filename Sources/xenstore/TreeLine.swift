// The lines of `xenstore-ls`: how far names are indented and cut, values cut, dots filled up to the permissions.
// Not for: reading nodes.

/// How wide lines may be, and what they show.
struct TreeLook: Equatable {
    /// Whole paths instead of indented names.
    var isFlat = false
    /// Permissions behind each value.
    var showsPermissions = false
    /// What lines are cut by; nil: they are not.
    var width: Int?

    /// What a terminal of so many columns shows (nil: no terminal). A column stays free beside what is cut. Where there
    /// is no terminal, trees are as wide as 80 columns, and whole paths are not cut.
    init(isFlat: Bool, showsPermissions: Bool, terminalColumns: Int?) {
        self.isFlat = isFlat
        self.showsPermissions = showsPermissions
        if let terminalColumns {
            width = terminalColumns < 2 ? nil : terminalColumns - 2
        } else {
            width = isFlat ? nil : 80
        }
    }

    /// Where permissions stand when there is room: columns that dots fill up.
    private static let permissionsColumn = 60
    /// What ` = "`, `\...` and a quote take at least.
    private static let sideColumnCount = 8

    /// A node's line up to its value, without a newline. `value` nil: it could not be read.
    func line(path: [UInt8], name: [UInt8], depth: Int, value: [UInt8]?) -> [UInt8] {
        var line: [UInt8] = []
        var taken = 0
        if isFlat {
            line = path
        } else {
            line =
                [UInt8](repeating: 0x20, count: depth) + cut(name, to: width.map { $0 - depth - Self.sideColumnCount })
            taken = line.count
        }
        guard let value else { return line + Array(":\n".utf8) }
        let text = ValueText.shown(value)
        let room = width.map { $0 - taken - Self.sideColumnCount }
        // As the C tool: what counts is the value's length, what is cut is its text.
        if let room, value.count > room {
            return line + Array(" = \"".utf8) + cut(text, to: room) + Array("\\...\"".utf8)
        }
        line += Array(" = \"".utf8) + text + [UInt8(ascii: "\"")]
        return showsPermissions ? line + dots(from: line.count) : line
    }

    /// Permissions as they stand behind a value.
    static func permissions(_ entries: [[UInt8]]) -> [UInt8] {
        Array("  (".utf8) + Array(entries.joined(separator: [UInt8(ascii: ",")])) + [UInt8(ascii: ")")]
    }

    /// A blank, and dots in every other column.
    private func dots(from column: Int) -> [UInt8] {
        var dots: [UInt8] = [0x20]
        guard !isFlat, let width else { return dots }
        var next = column + 1
        while next < min(width, Self.permissionsColumn) {
            dots.append(next % 2 == 0 ? 0x20 : UInt8(ascii: "."))
            next += 1
        }
        return dots
    }

    /// The beginning of a text; all of it where there is less room than none.
    private func cut(_ text: [UInt8], to count: Int?) -> [UInt8] {
        guard let count, count >= 0 else { return text }
        return Array(text.prefix(count))
    }
}
