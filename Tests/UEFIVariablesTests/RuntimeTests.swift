// At runtime, and the latch. Source: varstored.md 3.8, 6; rows 61 to 70 of section 20.

import Testing
import UEFIVariables

@Suite("Runtime") struct RuntimeTests {
    @Test("61: at runtime a new variable needs RT and NV") func create() {
        var guest = Guest()
        #expect(guest.set("a", 3, atRuntime: true) == 0x02)
        #expect(guest.set("a", 6, atRuntime: true) == 0x02)
    }

    @Test("62: at runtime a new variable with attributes 7 is taken") func createOrdinary() {
        var guest = Guest()
        #expect(guest.set("a", 7, atRuntime: true) == 0)
    }

    @Test("63: at runtime a variable without RT is INVALID_PARAMETER") func hidden() {
        var guest = Guest()
        _ = guest.set("a", 3)
        #expect(guest.set("b", 3, atRuntime: true) == 0x02)
        #expect(guest.set("", 3, atRuntime: true) == 0x02)
        #expect(guest.text == "a")
    }

    @Test("64: at runtime a volatile variable is WRITE_PROTECTED") func volatile() {
        var guest = Guest()
        _ = guest.set("a", 6)
        #expect(guest.set("b", 6, atRuntime: true) == 0x08)
        #expect(guest.set("", 6, atRuntime: true) == 0x08)
    }

    @Test("65: at runtime a variable with attributes 7 is written, grows and goes") func ordinary() {
        var guest = Guest()
        _ = guest.set("a")
        #expect(guest.set("b", 7, atRuntime: true) == 0)
        #expect(guest.set("c", 0x47, atRuntime: true) == 0)
        #expect(guest.text == "bc")
        #expect(guest.set("", 7, atRuntime: true) == 0)
        #expect(guest.text == nil)
    }

    @Test("66: at runtime the modes are WRITE_PROTECTED") func modes() {
        var guest = Guest()
        #expect(guest.set("SetupMode", .global, 6, [0], atRuntime: true) == 0x08)
    }

    /// A guest that was at runtime once, by a request of each kind.
    static var latched: [Guest] {
        let name = VariableName("T")
        let requests = [
            VariableRequest.encodeGet(name, .t, room: 9, atRuntime: true),
            VariableRequest.encodeSet(name, .t, [], [], atRuntime: true),
            VariableRequest.encodeSet(VariableName(bytes: [1]), .t, .init(0x800), [], atRuntime: true),
            VariableRequest.encodeNext(after: VariableName(""), .t, room: 0, atRuntime: true),
        ]
        return requests.map { request in
            var guest = Guest()
            _ = guest.set("abc", 3)
            _ = guest.send(request)
            return guest
        }
    }

    @Test("67: who was at runtime once stays there, by any request that said so") func latch() {
        for var guest in Self.latched {
            #expect(guest.get().status == 0x0E)
            #expect(!guest.names().contains("T"))
            #expect(guest.set("x", 3) == 0x02)
            #expect(guest.services.isLatched)
        }
    }

    @Test("68: and after a save and a resume, too") func resumed() throws {
        for guest in Self.latched {
            let saved = guest.services.saveBlob().encoded()
            let reading = try VariableBlob.read(saved)
            #expect(reading.findings.isEmpty && reading.blob.latched == true)
            var again = Guest(.resume(reading.blob, policy: VariablePolicy()))
            #expect(again.get().status == 0x0E)
            #expect(!again.names().contains("CorbelResumeState"))
        }
    }

    @Test("69: a new boot starts without it") func newBoot() throws {
        var guest = Guest()
        _ = guest.set("abc", 7)
        _ = guest.set("B", .t, 3, [1])
        _ = guest.get(atRuntime: true)
        let blob = guest.services.backendBlob()
        #expect(!blob.contains(VariableName("CorbelResumeState").bytes))
        var again = Guest(blob: try VariableBlob.read(blob).blob)
        #expect(again.get("B").status == 0 && again.text == "abc")
    }

    @Test("70: Query and Notify never latch, nor do cut requests") func queries() {
        var guest = Guest()
        for attributes in 0..<300 as Range<UInt32> { _ = guest.send(VariableRequest.encodeQuery(.init(attributes))) }
        _ = guest.send(VariableRequest.encodeNotify())
        _ = guest.send(Array(VariableRequest.encodeGet(VariableName("T"), .t, room: 9, atRuntime: true).dropLast()))
        #expect(!guest.services.isLatched)
    }

    @Test("68: a guest's own variable of that name does not undo the latch") func forged() throws {
        var guest = Guest()
        _ = guest.set("CorbelResumeState", .resumeState, 7, [0])
        _ = guest.get(atRuntime: true)
        let blob = try VariableBlob.read(guest.services.saveBlob().encoded()).blob
        #expect(blob.latched == true)
        #expect(!blob.records.contains { $0.guid == .resumeState })
        #expect(!guest.services.saveBlob().records.contains { $0.guid == .resumeState })
        #expect(try VariableBlob.read(guest.services.backendBlob()).blob.latched == nil)
    }
}

extension [UInt8] {
    /// Whether these bytes occur in them.
    func contains(_ part: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: part) }
    }
}
