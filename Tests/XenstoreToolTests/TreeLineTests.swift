// Lines of xenstore-ls: what Debian's tool of 4.17 printed for the same nodes (Tests/Xenstored/tools compares the two
// where that is to be had).

import Testing

@testable import xenstore

@Suite("Lines of ls")
struct TreeLineTests {
    private func line(
        _ name: String, _ value: String?, depth: Int = 0, flat: Bool = false, permissions: Bool = false, columns: Int?
    ) -> String {
        let look = TreeLook(isFlat: flat, showsPermissions: permissions, terminalColumns: columns)
        return text(look.line(path: bytes("/w/" + name), name: bytes(name), depth: depth, value: value.map(bytes)))
    }

    @Test("indented by depth, quoted, escaped; flat: the whole path")
    func plain() {
        #expect(line("a", "1", columns: nil) == #"a = "1""#)
        #expect(line("a", "", depth: 3, columns: nil) == #"   a = """#)
        #expect(line("a", "x\n", depth: 3, flat: true, columns: nil) == #"/w/a = "x\n""#)
    }

    @Test("a value that can't be read leaves its place empty, and no dots")
    func unread() {
        #expect(line("a", nil, depth: 1, columns: nil) == " a:\n")
        #expect(line("a", nil, flat: true, permissions: true, columns: nil) == "/w/a:\n")
    }

    @Test("dots stand in odd columns up to the 60th")
    func dots() {
        #expect(
            line("a", "1", permissions: true, columns: nil) == #"a = "1"  "# + String(repeating: ". ", count: 25) + ".")
        #expect(line("ab", "", permissions: true, columns: nil) == #"ab = "" "# + String(repeating: " .", count: 26))
        #expect(line("v51", String(repeating: "x", count: 51), permissions: true, columns: 80).hasSuffix(#"x" "#))
        #expect(line("a", "1", flat: true, permissions: true, columns: nil) == #"/w/a = "1" "#)
        #expect(line("sub", "", depth: 1, permissions: true, columns: 15) == #" sub = ""  . "#)
    }

    @Test("without a terminal trees are cut at 80 columns, whole paths never; on one both are cut by its width")
    func cut() {
        let long = String(repeating: "x", count: 69)
        #expect(line("v69", long, columns: nil) == "v69 = \"\(long)\"")
        #expect(line("v70", long + "y", columns: nil) == "v70 = \"\(long)\\...\"")
        #expect(line("v70", long + "y", flat: true, columns: nil) == "/w/v70 = \"\(long)y\"")
        #expect(
            line("v", String(repeating: "x", count: 51), flat: true, columns: 60)
                == "/w/v = \"\(long.prefix(50))\\...\"")
        #expect(line("v48", String(repeating: "x", count: 48), columns: 60) == "v48 = \"\(long.prefix(47))\\...\"")
        #expect(line("v47", String(repeating: "x", count: 47), columns: 60) == "v47 = \"\(long.prefix(47))\"")
    }

    @Test("the value's length decides, its text is cut: in the middle of an escape too")
    func escapes() {
        let long = String(repeating: "e", count: 66)
        #expect(line("esc", long + "\n\n\n", columns: nil) == "esc = \"\(long)\\n\\n\\n\"")
        #expect(line("esc", long + "\n\n\n\n", columns: nil) == "esc = \"\(long)\\n\\\\...\"")
    }

    @Test("names are cut where a terminal is narrow, and whole again where there is less room than none")
    func narrow() {
        #expect(line("deeper", "", depth: 1, columns: 12) == #" d = """#)
        #expect(line("deeper", "", depth: 1, columns: 11) == #"  = """#)
        #expect(line("v1", "0", columns: 10) == #" = "\...""#)
        #expect(line("v1", "0", columns: 9) == #"v1 = "0\...""#)
        #expect(line("sub", "", columns: 2) == #"sub = "\...""#)
        for columns in [0, 1] { #expect(line("sub", "x", columns: columns) == #"sub = "x""#) }
    }

    @Test("permissions stand in parentheses, apart by commas")
    func permissions() {
        #expect(text(TreeLook.permissions([bytes("n0"), bytes("r5")])) == "  (n0,r5)")
    }
}
