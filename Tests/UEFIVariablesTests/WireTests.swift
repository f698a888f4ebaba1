// The wire: golden vectors, every truncation, what is malformed. Source: varstored.md 3, 4; rows 1 to 13 of section 20.

import Testing
import UEFIVariables

@Suite("Wire") struct WireTests {
    @Test("V01 to V31: the vectors of section 4, each after those before it") func vectors() {
        var guest = Guest()
        #expect(WireVector.all.count == 31)
        for vector in WireVector.all {
            #expect(guest.send(vector.request) == vector.reply, "\(vector)")
        }
    }

    @Test("V01 to V31: bytes after the last field are ignored") func padded() {
        var guest = Guest()
        for vector in WireVector.all {
            let rest = [UInt8](repeating: 0xFF, count: VariableRequest.bufferByteCount - vector.request.count)
            #expect(guest.send(vector.request + rest) == vector.reply, "\(vector)")
        }
    }

    @Test("V01 to V31: what encodes a request gives the vectors' bytes") func encoding() throws {
        for vector in WireVector.all where vector.id != "V30" && vector.id != "V31" && vector.id != "V21" {
            let span = vector.request.span
            func name(_ range: Range<Int>) -> VariableName { VariableName(bytes: Array(vector.request[range])) }
            let again: [UInt8]
            switch try VariableRequest.decode(span) {
            case .get(let place, let guid, let room, let atRuntime):
                again = VariableRequest.encodeGet(name(place), guid, room: room, atRuntime: atRuntime)
            case .set(let place, let guid, let data, let attributes, let atRuntime):
                again = VariableRequest.encodeSet(
                    name(place), guid, attributes, Array(vector.request[data]), atRuntime: atRuntime)
            case .next(let room, let place, let guid, let atRuntime):
                again = VariableRequest.encodeNext(after: name(place), guid, room: room, atRuntime: atRuntime)
            case .query(let attributes): again = VariableRequest.encodeQuery(attributes)
            case .notify: again = VariableRequest.encodeNotify()
            }
            #expect(again == vector.request, "\(vector)")
        }
    }

    @Test("each message cut at every length is DEVICE_ERROR, unless a field before decides, and changes nothing")
    func truncated() {
        var guest = Guest()
        let before = guest.services.store.records
        let requests = WireVector.all.map(\.request) + [signedPrivateVariable]
        for request in requests {
            let decided = Self.decidedEarly(request)
            for count in 0..<request.count {
                let status = guest.status(Array(request[..<count]))
                if let decided, count >= decided.count {
                    #expect(status == decided.status)
                } else {
                    #expect(status == 0x07, "\(count) bytes")
                }
            }
        }
        #expect(guest.services.store.records == before && guest.writes == 0)
    }

    /// From which length on a field decides before the end.
    private static func decidedEarly(_ request: [UInt8]) -> (count: Int, status: UInt64)? {
        if request[0] != 1 { return (4, 0x19) }
        if request[4] > 4 { return (8, 0x03) }
        return request[4] == 1 && request[8] == 0 ? (16, 0x02) : nil
    }

    @Test("1: version 2 is refused with 8 bytes, and the rest of the buffer stays") func version() {
        var guest = Guest()
        #expect(guest.send(hex("0200000000000000")) == hex("1900000000000080"))
        var buffer = [UInt8](repeating: 0x5A, count: VariableRequest.bufferByteCount)
        var span = buffer.mutableSpan
        #expect(guest.services.store.encode(.status(.incompatibleVersion), into: &span) == 8)
        #expect(buffer[8...].allSatisfy { $0 == 0x5A })
    }

    @Test("2: an unknown command is UNSUPPORTED") func command() {
        var guest = Guest()
        #expect(guest.status(hex("0100000005000000")) == 0x03)
        #expect(guest.status(hex("01000000ffffffff")) == 0x03)
    }

    @Test("3: Get without a name is NOT_FOUND") func emptyGet() {
        var guest = Guest()
        #expect(guest.get("").status == 0x0E)
    }

    @Test("4: Set without a name is INVALID_PARAMETER") func emptySet() {
        var guest = Guest()
        #expect(guest.set("", .t, 7, [1]) == 0x02)
        #expect(guest.set("", .t, 0x08, []) == 0x02)
    }

    @Test("5: GetNext without a name starts with the newest, whatever the GUID") func start() {
        var guest = Guest()
        _ = guest.set("abc")
        let random = VendorGUID(low: 0x1234_5678_9ABC_DEF0, high: 0x0FED_CBA9_8765_4321)
        let reply = guest.send(VariableRequest.encodeNext(after: VariableName(""), random, room: 4))
        #expect(reply == hex("0000000000000000 0200000000000000 5400 33221100554477668899aabbccddeeff"))
    }

    @Test("6: a name of more than 4096 bytes is DEVICE_ERROR in Get, Set and GetNext") func longName() {
        var guest = Guest()
        for count in [4097, 4098] {
            let name = VariableName(bytes: [UInt8](repeating: 0x41, count: count))
            #expect(guest.status(VariableRequest.encodeGet(name, .t, room: 1)) == 0x07)
            #expect(guest.status(VariableRequest.encodeSet(name, .t, .ordinary, [1])) == 0x07)
            #expect(guest.status(VariableRequest.encodeNext(after: name, .t, room: 1)) == 0x07)
        }
    }

    @Test("7: a name of 2^64 - 1 bytes is DEVICE_ERROR") func hugeName() {
        var guest = Guest()
        for command in ["00", "01"] {
            let request = hex("01000000 \(command)000000 ffffffffffffffff") + [UInt8](repeating: 0, count: 65520)
            #expect(guest.status(request) == 0x07)
        }
    }

    @Test("8: a name of 4096 bytes is taken") func longestName() {
        var guest = Guest()
        let name = VariableName(bytes: [UInt8](repeating: 0x41, count: 4096))
        #expect(guest.status(VariableRequest.encodeSet(name, .t, .ordinary, [1])) == 0)
        #expect(Got(guest.send(VariableRequest.encodeGet(name, .t, room: 1))).data == [1])
        #expect(guest.names().first?.count == 2048 * 6)
    }

    @Test("9: 57344 bytes of data are taken") func longestData() {
        var guest = Guest()
        let data = (0..<57344).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(guest.set("T", .t, 7, Array(data.dropLast())) == 0)
        #expect(guest.set("T", .t, 7, data) == 0)
        #expect(guest.get(room: 57344).data == data)
        #expect(guest.get(room: 57343).needed == 57344)
    }

    @Test("10: 57345 or 2^63 bytes of data are OUT_OF_RESOURCES, and nothing is stored") func longData() {
        var guest = Guest()
        #expect(guest.set("T", .t, 7, [UInt8](repeating: 1, count: 57345)) == 0x09)
        let prefix = hex("01000000 01000000 0200000000000000 5400 33221100554477668899aabbccddeeff")
        #expect(guest.status(prefix + hex("0000000000000080")) == 0x09)
        #expect(guest.get().status == 0x0E)
    }

    @Test("11: a name of 3 bytes is INVALID_PARAMETER in Set, and looked up in Get and GetNext") func oddName() {
        var guest = Guest()
        let odd = VariableName(bytes: [0x41, 0, 0x42])
        #expect(guest.status(VariableRequest.encodeSet(odd, .t, .ordinary, [1])) == 0x02)
        #expect(guest.status(VariableRequest.encodeSet(odd, .t, .ordinary, [])) == 0x02)
        #expect(guest.status(VariableRequest.encodeGet(odd, .t, room: 1)) == 0x0E)
        #expect(guest.status(VariableRequest.encodeNext(after: odd, .t, room: 9)) == 0x02)
    }

    @Test("12: a name with a NUL is INVALID_PARAMETER, or taken when names are relaxed") func nulName() {
        var guest = Guest()
        let name = VariableName(bytes: hex("4100 0000 4200"))
        let request = VariableRequest.encodeSet(name, .t, .ordinary, [1])
        #expect(guest.status(request) == 0x02)
        var relaxed = Guest(VariablePolicy(strictNames: false))
        #expect(relaxed.status(request) == 0)
        #expect(Got(relaxed.send(VariableRequest.encodeGet(name, .t, room: 1))).data == [1])
    }

    @Test("12: a stored variable of such a name may be deleted, and not written") func deleteNulName() {
        let name = VariableName(bytes: [0x41, 0, 0x42])
        let record = VariableRecord(guid: .t, name: name, attributes: .ordinary, data: [1])
        for attributes in [VariableAttributes(7), VariableAttributes(0)] {
            var guest = Guest(blob: VariableBlob(records: [record]))
            #expect(Got(guest.send(VariableRequest.encodeGet(name, .t, room: 1))).data == [1])
            #expect(guest.status(VariableRequest.encodeSet(name, .t, .ordinary, [2])) == 0x02)
            #expect(guest.status(VariableRequest.encodeSet(name, .t, .init(0x47), [])) == 0x02)
            #expect(guest.status(VariableRequest.encodeSet(name, .t, attributes, [])) == 0)
            #expect(guest.status(VariableRequest.encodeGet(name, .t, room: 1)) == 0x0E)
        }
    }

    @Test("unpaired surrogates make a name") func surrogate() {
        var guest = Guest()
        let name = VariableName(units: [0xD800, 0xDC00, 0xD800])
        #expect(guest.status(VariableRequest.encodeSet(name, .t, .ordinary, [1])) == 0)
        #expect(name.units == [0xD800, 0xDC00, 0xD800] && name.description == "\\ud800\\udc00\\ud800")
    }

    @Test("the longest request has 61485 bytes and the longest reply 65536") func longest() {
        let name = VariableName(bytes: [UInt8](repeating: 0x41, count: 4096))
        let data = [UInt8](repeating: 1, count: 57344)
        #expect(VariableRequest.encodeSet(name, .t, .ordinary, data).count == 61485)
        let loaded = VariableRecord(
            guid: .t, name: VariableName("T"), attributes: .ordinary, data: [UInt8](repeating: 1, count: 65516))
        var guest = Guest(blob: VariableBlob(records: [loaded]))
        #expect(guest.get().byteCount == 65536)
    }
}
