// What counts on the console as a marker, as a crash, and as a line.
import Testing

@testable import LabKit

@Suite struct ConsoleTests {
    private func events(_ text: String) -> [ConsoleEvent] {
        var console = Console(key: "key1")
        return console.feed(Array(text.utf8)) + console.finish()
    }

    @Test func markersAreRecognised() {
        let text = "\r\n@@corbel key1 init@@\r\n\n@@corbel key1 begin@@\n@@corbel key1 status=7@@\r\n"
        #expect(events(text) == [.reached("init"), .reached("begin"), .status(7)])
        #expect(events("@@corbel key1 failed=toolstack@@\n") == [.failed("toolstack")])
    }

    @Test(arguments: [
        "@@corbel key2 status=0@@",  // another boot's key
        "@@corbel  status=0@@",
        "(d1) @@corbel key1 status=0@@",  // a guest's line
        "(XEN) @@corbel key1 status=0@@",
        "@@corbel key1 status=256@@",
        "@@corbel key1 status=-1@@",
        "@@corbel key1 status=@@",
        "@@corbel key1 status=0",
    ]) func whatOnlyLooksLikeAMarkerIsALine(line: String) {
        #expect(events(line + "\n") == [.line(line)])
    }

    @Test func aMarkerWithoutItsEndOfLineIsNone() {
        #expect(events("@@corbel key1 status=0@@") == [.line("@@corbel key1 status=0@@")])
    }

    @Test func everyCutOfTheStreamGivesTheSame() {
        let text = "one\r\n@@corbel key1 status=3@@\ntwo\n@@corbel key1 end@@\nrest"
        let whole = events(text)
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var console = Console(key: "key1")
            let pieces = console.feed(bytes[..<cut]) + console.feed(bytes[cut...]) + console.finish()
            #expect(pieces == whole)
        }
    }

    @Test(arguments: [
        "[    5.287532] Kernel panic - not syncing: sysrq triggered crash",
        "(XEN) Panic on CPU 0:",
        "(XEN) [2026-11-22 15:42:21] Panic on CPU 0:",
        "(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.",
        "(XEN) Domain 0 crashed: rebooting machine in 5 seconds.",
    ]) func crashesAreSeen(line: String) {
        #expect(events(line + "\n") == [.line(line), .crashed(line)])
    }

    @Test(arguments: [
        "(d1) [    1.000000] Kernel panic - not syncing: VFS",
        "(XEN) (d1) [    1.000000] Kernel panic - not syncing: VFS",
        "(XEN) Domain 1 crashed",
        "(XEN) Domain 1 (vcpu#0) crashed on cpu#0:",
        "a word about Panic on CPU 0",
    ]) func aGuestsCrashIsNotOurs(line: String) {
        #expect(events(line + "\n") == [.line(line)])
    }

    @Test func controlCharactersAreNotShown() {
        #expect(events("a\u{1b}[31mb\u{7}\u{9b}1m\tcaf\u{e9}\rd\r\n") == [.line("a?[31mb??1m\tcaf\u{e9}?d")])
    }

    @Test func anEndlessLineIsCut() {
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: Console.lineBytesMax * 3)
        var console = Console(key: "key1")
        let found = console.feed(bytes) + console.finish()
        let part = String(repeating: "x", count: Console.lineBytesMax)
        #expect(found == [.line(part), .line(part), .line(part)])
    }
}
