// A run's Linux guest: its configuration, its memory, and the text that its start may wait for.
import Foundation
import Testing

@testable import LabKit

@Suite struct GuestTests {
    @Test func whatXLCannotQuoteIsRefused() throws {
        for words in ["a\"b", "a\\b", "a\nb", "a\rb", "a\0b"] {
            #expect(throws: LabError.self) { try GuestOptions(.pvh, append: words) }
        }
        let guest = try GuestOptions(.pvh, append: "root='x' a=b,c")
        #expect(guest.configuration(memory: 128).contains("mitigations=off cryptomgr.notests root='x' a=b,c\"\n"))
    }

    @Test func theGuestStaysAfterItsEnd() throws {
        // Else its last words would be lost with it.
        let lines = try GuestOptions(.pvh).configuration(memory: 200).split(separator: "\n")
        for event in ["poweroff", "crash", "reboot"] { #expect(lines.contains("on_\(event) = \"preserve\"")) }
        #expect(lines.contains("memory = 200"))
    }

    @Test func memoryGrowsWithTheArchive() throws {
        var guest = try GuestOptions(.pvh)
        #expect(guest.memory(archiveBytes: 2 << 20) == 128)
        #expect(guest.memory(archiveBytes: 104 << 20) == 428)
        guest.memory = 100
        #expect(guest.memory(archiveBytes: 104 << 20) == 100)
    }

    @Test(arguments: [1, 2, 3, 7, 100])
    func aTextIsFoundHoweverItIsCut(pieceBytes: Int) {
        let bytes = Array("now it is re\nready: yes, ready: yes\n".utf8)
        var search = TextSearch("ready: yes")
        var found: [Int] = []
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            let piece = bytes[start..<min(start + pieceBytes, bytes.count)]
            if search.feed(Data(piece)) { found.append(piece.endIndex) }
        }
        #expect(found.count == 1)
        #expect(found.first.map { $0 >= 23 && $0 < 23 + pieceBytes } == true)
    }

    @Test func whatIsNotThereIsNotFound() {
        var search = TextSearch("ready")
        for piece in ["rea", "\ndy", "", "read", "Ready"] {
            let found = search.feed(Data(piece.utf8))
            #expect(!found)
        }
    }
}
