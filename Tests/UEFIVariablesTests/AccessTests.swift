// Reading, listing, asking for room, telling of a failure. Source: varstored.md 3.4 to 3.7; rows 21 to 39 of section
// 20.

import Testing
import UEFIVariables

@Suite("Get, GetNext, Query, Notify") struct AccessTests {
    /// The names of the nine start variables, newest first.
    static let start = [
        "Tcg2PhysicalPresenceFlagsLock", "PPIBuffer", "MemoryOverwriteRequestControlLock",
        "MemoryOverwriteRequestControl", "SecureBoot", "DeployedMode", "AuditMode", "SetupMode", "SignatureSupport",
    ]

    @Test("21: room for all of the data is enough") func room() {
        var guest = Guest()
        _ = guest.set("abc")
        let got = guest.get(room: 3)
        #expect(got.status == 0 && got.attributes == 7 && got.text == "abc")
    }

    @Test("22: one byte less is BUFFER_TOO_SMALL with the size and no attributes") func noRoom() {
        var guest = Guest()
        _ = guest.set("abc")
        for room in [0, 1, 2] as [UInt64] {
            let got = guest.get(room: room)
            #expect(got.status == 0x05 && got.needed == 3 && got.byteCount == 16)
        }
    }

    @Test("23: the same name under another GUID is another variable") func otherGUID() {
        var guest = Guest()
        _ = guest.set("abc")
        #expect(guest.get("T", .global).status == 0x0E)
        #expect(guest.set("T", .global, 7, [9]) == 0)
        #expect(guest.text == "abc" && guest.data("T", .global) == [9])
    }

    @Test("24: a variable without RT is not there at runtime") func getAtRuntime() {
        var guest = Guest()
        _ = guest.set("abc", 3)
        #expect(guest.get(atRuntime: true).status == 0x0E)
    }

    @Test("25: the append bit is not stored") func appendBit() {
        var guest = Guest()
        #expect(guest.set("abc", 0x47) == 0)
        #expect(guest.get().attributes == 7)
    }

    @Test("26: the newest comes first, then the start variables in reverse order") func order() {
        var guest = Guest()
        _ = guest.set("A", .t, 7, [1])
        _ = guest.set("B", .t, 7, [1])
        #expect(guest.names() == ["B", "A"] + Self.start)
    }

    @Test("27: an update in place keeps the order") func update() {
        var guest = Guest()
        _ = guest.set("A", .t, 7, [1])
        _ = guest.set("B", .t, 7, [1])
        _ = guest.set("A", .t, 7, [2, 3])
        _ = guest.set("A", .t, 0x47, [4])
        #expect(guest.names() == ["B", "A"] + Self.start)
    }

    @Test("28: behind the last variable is NOT_FOUND") func last() {
        var guest = Guest()
        let request = VariableRequest.encodeNext(after: VariableName("SignatureSupport"), .global, room: 4096)
        #expect(guest.status(request) == 0x0E)
    }

    @Test("29: an unknown cursor is INVALID_PARAMETER") func unknown() {
        var guest = Guest()
        #expect(guest.status(VariableRequest.encodeNext(after: VariableName("T"), .t, room: 4096)) == 0x02)
    }

    @Test("30: a cursor without RT is INVALID_PARAMETER at runtime") func hiddenCursor() {
        var guest = Guest()
        _ = guest.set("abc", 3)
        let request = VariableRequest.encodeNext(after: VariableName("T"), .t, room: 4096, atRuntime: true)
        #expect(guest.status(request) == 0x02)
    }

    @Test("31: variables without RT are skipped at runtime") func skipped() {
        var guest = Guest()
        _ = guest.set("A", .t, 7, [1])
        _ = guest.set("B", .t, 3, [1])
        _ = guest.set("C", .t, 2, [1])
        #expect(guest.names(atRuntime: true) == ["A"] + Self.start)
    }

    @Test("32: too little room for a name is BUFFER_TOO_SMALL with its bytes and 2") func nameRoom() {
        var guest = Guest()
        _ = guest.set("abc")
        for room in [0, 3] as [UInt64] {
            let reply = guest.send(VariableRequest.encodeNext(after: VariableName(""), .t, room: room))
            #expect(reply == hex("0500000000000080 0400000000000000"))
        }
        #expect(guest.status(VariableRequest.encodeNext(after: VariableName(""), .t, room: 4)) == 0)
    }

    @Test("33: Query tells the same for all attributes without bit 3") func query() {
        var guest = Guest()
        for attributes in [0, 7, 0xFFFF_FFF7] as [UInt32] {
            let reply = guest.send(VariableRequest.encodeQuery(.init(attributes)))
            #expect(reply == hex("0000000000000000 0000020000000000 d1f9010000000000 00e0000000000000"))
        }
    }

    @Test("34: Query with bit 3 is UNSUPPORTED") func queryErrorRecords() {
        var guest = Guest()
        for attributes in [8, 0xFF, 0xFFFF_FFFF] as [UInt32] {
            #expect(guest.status(VariableRequest.encodeQuery(.init(attributes))) == 0x03)
        }
    }

    @Test("35: a variable of 2 and 5 bytes costs 135") func queryAfterSet() {
        var guest = Guest()
        _ = guest.set("abcde")
        #expect(guest.remaining() == 129354)
        _ = guest.set("", 7)
        #expect(guest.remaining() == 129489)
    }

    @Test("36: of an overfull store nothing remains") func overfull() {
        let records = (0..<3).map { number in
            VariableRecord(
                guid: .t, name: VariableName("\(number)"), attributes: .ordinary,
                data: [UInt8](repeating: 1, count: 50000))
        }
        var guest = Guest(blob: VariableBlob(records: records))
        #expect(guest.remaining() == 0)
    }

    @Test("37: the first Notify reaches the backend") func notify() {
        var guest = Guest()
        #expect(guest.status(VariableRequest.encodeNotify()) == 0 && guest.notifications == 1)
    }

    @Test("38: a backend that fails is DEVICE_ERROR") func notifyFails() {
        var guest = Guest()
        guest.backendFails = true
        #expect(guest.status(VariableRequest.encodeNotify()) == 0x07 && guest.notifications == 1)
        guest.backendFails = false
        #expect(guest.status(VariableRequest.encodeNotify()) == 0x0F)
    }

    @Test("39: any later Notify is ACCESS_DENIED without the backend") func notifyAgain() {
        var guest = Guest()
        _ = guest.send(VariableRequest.encodeNotify())
        for _ in 0..<3 { #expect(guest.status(VariableRequest.encodeNotify()) == 0x0F) }
        #expect(guest.notifications == 1)
    }

    @Test("the list is walked once, whatever its length: 900 variables, each once") func walk() {
        var guest = Guest()
        let names = (0..<900).map { "v\($0)" }
        for name in names { #expect(guest.set(name, .t, 3, [1]) == 0) }
        #expect(guest.names() == names.reversed() + Self.start)
    }
}

@Suite("Store") struct StoreTests {
    @Test("a store of records keeps their order, and of several with one key the first") func records() {
        let records = ["a", "b", "c"].map { VariableRecord.t($0) }
        var other = records[1]
        other.guid = .global
        let store = VariableStore(records: [records[0], other, records[1], other, records[2]])
        #expect(store.records == [records[0], other])
        #expect(store.count == 2 && store.chargeSum == records[0].charge * 2)
        #expect(store.record(VariableName("T"), .global) == other && store.record(VariableName("U"), .t) == nil)
    }
}
