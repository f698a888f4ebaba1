// MOR and PPI. Source: varstored.md 10.3, 10.4; rows 156 to 173 of section 20, the ports' rows without ports.

import Testing
import UEFIVariables

@Suite("MOR and PPI") struct PlatformTests {
    static let control = Named(name: "MemoryOverwriteRequestControl", guid: .morControl)
    static let lock = Named(name: "MemoryOverwriteRequestControlLock", guid: .morLock)
    static let flags = Named(name: "Tcg2PhysicalPresenceFlags", guid: .ppi)
    static let flagsLock = Named(name: "Tcg2PhysicalPresenceFlagsLock", guid: .ppi)
    static let buffer = Named(name: "PPIBuffer", guid: .ppi)
    private let key: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    private let wrong: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 9]

    @Test("156: MOR control takes bits 0 and 4, at runtime too, without a write") func control() {
        for value in [0x01, 0x10, 0x11, 0x00] as [UInt8] {
            var guest = Guest()
            #expect(guest.set(Self.control, 7, [value]) == 0)
            #expect(guest.data(Self.control) == [value])
            #expect(guest.set(Self.control.name, Self.control.guid, 7, [value], atRuntime: true) == 0)
            #expect(guest.writes == 0)
        }
    }

    @Test("157: any other MOR control is INVALID_PARAMETER") func badControl() {
        var guest = Guest()
        for value in 0...255 as ClosedRange<UInt8> where value & ~0x11 != 0 {
            #expect(guest.set(Self.control, 7, [value]) == 0x02)
        }
        #expect(guest.set(Self.control, 7, [1, 1]) == 0x02)
        #expect(guest.set(Self.control, 7, []) == 0x02)
        for attributes in [0x47, 3, 6, 0, 0x27] as [UInt32] {
            #expect(guest.set(Self.control, attributes, [1]) == 0x02)
        }
        #expect(guest.data(Self.control) == [0])
    }

    @Test("158: MOR lock without data, or with attributes 0, is WRITE_PROTECTED") func lockDelete() {
        var guest = Guest()
        #expect(guest.set(Self.lock, 7, []) == 0x08)
        #expect(guest.set(Self.lock, 0, [1]) == 0x08)
        #expect(guest.set(Self.lock, 3, []) == 0x08)
    }

    @Test("159: MOR lock with other attributes, sizes or values is INVALID_PARAMETER") func badLock() {
        var guest = Guest()
        for attributes in [3, 6, 0x47, 0x40] as [UInt32] { #expect(guest.set(Self.lock, attributes, [1]) == 0x02) }
        for count in [2, 3, 7, 9, 16] { #expect(guest.set(Self.lock, 7, [UInt8](repeating: 1, count: count)) == 0x02) }
        for value in [2, 3, 255] as [UInt8] { #expect(guest.set(Self.lock, 7, [value]) == 0x02) }
        #expect(guest.data(Self.lock) == [0])
    }

    @Test("160: 0 leaves it, 1 locks it for good") func lockWithoutKey() {
        var guest = Guest()
        #expect(guest.set(Self.lock, 7, [0]) == 0)
        #expect(guest.data(Self.lock) == [0])
        #expect(guest.set(Self.lock, 7, [1]) == 0)
        #expect(guest.data(Self.lock) == [1])
        #expect(guest.set(Self.control, 7, [1]) == 0x08)
        #expect(guest.set(Self.lock, 7, [0]) == 0x0F)
        #expect(guest.set(Self.lock, 7, [1]) == 0x0F)
        #expect(guest.set(Self.lock, 7, [2]) == 0x02)
        #expect(guest.set(Self.lock, 7, key) == 0x0F)
        #expect(guest.writes == 0)
    }

    @Test("161: a key locks it, and cannot be read") func lockWithKey() {
        var guest = Guest()
        #expect(guest.set(Self.lock, 7, key) == 0)
        let got = guest.get(Self.lock.name, Self.lock.guid)
        #expect(got.data == [2] && got.attributes == 7)
        #expect(guest.set(Self.control, 7, [1]) == 0x08)
        #expect(guest.set(Self.lock, 7, [0]) == 0x0F)
        #expect(guest.set(Self.lock, 7, [1]) == 0x0F)
        #expect(guest.set(Self.lock, 7, [3]) == 0x02)
        #expect(guest.data(Self.lock) == [2])
    }

    @Test("162: the same key unlocks it, at runtime too") func unlock() {
        var guest = Guest()
        _ = guest.set(Self.lock, 7, key)
        #expect(guest.set(Self.lock.name, Self.lock.guid, 7, key, atRuntime: true) == 0)
        #expect(guest.data(Self.lock) == [0] && guest.services.ancillary.morKey == 0)
        #expect(guest.set(Self.control, 7, [1]) == 0)
    }

    @Test("163: a wrong key locks it for good") func wrongKey() {
        var guest = Guest()
        _ = guest.set(Self.lock, 7, key)
        #expect(guest.set(Self.lock, 7, wrong) == 0x0F)
        #expect(guest.data(Self.lock) == [1] && guest.services.ancillary.morKey == 0)
        #expect(guest.set(Self.lock, 7, key) == 0x0F)
    }

    @Test("164: a new start unlocks it") func newStart() throws {
        for value in [[1], key] {
            var guest = Guest()
            _ = guest.set(Self.lock, 7, value)
            var again = Guest(blob: try VariableBlob.read(guest.services.backendBlob()).blob)
            #expect(again.data(Self.lock) == [0] && again.services.ancillary.morKey == 0)
            #expect(again.set(Self.control, 7, [1]) == 0)
        }
    }

    @Test("165: after a save and a resume the right key unlocks it") func resume() throws {
        var guest = Guest()
        _ = guest.set(Self.lock, 7, key)
        let blob = try VariableBlob.read(guest.services.saveBlob().encoded()).blob
        var again = Guest(.resume(blob, policy: VariablePolicy()))
        #expect(again.data(Self.lock) == [2])
        #expect(again.set(Self.lock, 7, key) == 0)
        #expect(again.data(Self.lock) == [0])
    }

    @Test("166: the flags are ordinary while they are not locked") func flags() {
        var guest = Guest()
        #expect(guest.set(Self.flags, 7, [1, 2, 3, 4]) == 0)
        #expect(guest.set(Self.flags, 7, []) == 0)
        #expect(guest.set(Self.flags, 3, [1]) == 0)
    }

    @Test("167: the PPI lock takes one byte 1 and nothing else") func badFlagsLock() {
        var guest = Guest()
        for data in [[0], [2], [1, 1], []] as [[UInt8]] { #expect(guest.set(Self.flagsLock, 7, data) == 0x02) }
        for attributes in [3, 6, 0x47, 0, 0x40] as [UInt32] {
            #expect(guest.set(Self.flagsLock, attributes, [1]) == 0x02)
        }
        #expect(guest.data(Self.flagsLock) == [0])
    }

    @Test("168: the PPI lock may be set again, without a write") func flagsLock() {
        var guest = Guest()
        #expect(guest.set(Self.flagsLock, 7, [1]) == 0)
        #expect(guest.set(Self.flagsLock, 7, [1]) == 0)
        #expect(guest.data(Self.flagsLock) == [1] && guest.writes == 0)
    }

    @Test("169: locked flags are WRITE_PROTECTED, and stay locked") func lockedFlags() {
        for exists in [true, false] {
            var guest = Guest()
            if exists { _ = guest.set(Self.flags, 7, [1, 2, 3, 4]) }
            _ = guest.set(Self.flagsLock, 7, [1])
            #expect(guest.set(Self.flags, 7, [5]) == 0x08)
            #expect(guest.set(Self.flags, 0x47, [5]) == 0x08)
            if exists { #expect(guest.set(Self.flags, 7, []) == 0x08) }
            #expect(guest.set(Self.flagsLock, 0, [1]) == 0x02)
            #expect(guest.set(Self.flagsLock, 7, []) == 0x02)
            #expect(guest.set(Self.flags, 7, [5]) == 0x08)
            #expect(guest.data(Self.flags) == (exists ? [1, 2, 3, 4] : nil))
        }
    }

    @Test("170: PPIBuffer has 48 bytes and attributes 7, and stays") func buffer() {
        var guest = Guest()
        let data = (0..<48).map { UInt8($0) }
        #expect(guest.set(Self.buffer, 7, Array(data.dropLast())) == 0x02)
        #expect(guest.set(Self.buffer, 7, data + [1]) == 0x02)
        #expect(guest.set(Self.buffer, 3, data) == 0x02)
        #expect(guest.set(Self.buffer, 0x47, [1]) == 0x02)
        #expect(guest.set(Self.buffer, 7, []) == 0x08)
        #expect(guest.set(Self.buffer, 0, data) == 0x08)
        #expect(guest.set(Self.buffer, 7, data) == 0 && guest.writes == 1)
        #expect(guest.data(Self.buffer) == data)
    }

    @Test("170: tools run without a lock and may delete PPIBuffer") func tool() throws {
        var guest = Guest()
        _ = guest.set(Self.flags, 7, [1, 2, 3, 4])
        _ = guest.set(Self.flagsLock, 7, [1])
        var tool = Guest(.tool(try VariableBlob.read(guest.services.backendBlob()).blob))
        #expect(tool.data(Self.flagsLock) == [1], "as it is stored")
        #expect(tool.set(Self.flags, 7, [5]) == 0)
        #expect(tool.set(Self.buffer, 7, []) == 0)
        #expect(tool.data(Self.buffer) == nil)
    }

    @Test("171: the window reads what was written, and its upper part is PPIBuffer") func window() {
        var guest = Guest()
        guest.services.setWindowIndex(260)
        #expect(guest.services.writeWindow(offset: 0, size: 4, value: 0x1122_3344) == true)
        #expect(guest.services.readWindow(offset: 0, size: 4) == 0x1122_3344)
        #expect(guest.services.readWindow(offset: 1, size: 2) == 0x2233)
        #expect(guest.services.readWindow(offset: 3, size: 1) == 0x11)
        #expect(guest.data(Self.buffer)?[4..<8] == [0x44, 0x33, 0x22, 0x11])
        #expect(guest.services.writeWindow(offset: 0, size: 4, value: 0x1122_3344) == false, "nothing changed")
    }

    @Test("172: what does not lie inside the window is 0, and writes are ignored") func outside() {
        var guest = Guest()
        for (index, offset, size) in [
            (303, 0, 4), (303, 0, 2), (303, 1, 1), (300, 1, 4), (0xFFFF_FFFF, 0, 1), (0xFFFF_FFFF, 3, 4), (304, 0, 1),
        ] as [(UInt32, Int, Int)] {
            guest.services.setWindowIndex(index)
            #expect(guest.services.writeWindow(offset: offset, size: size, value: .max) == false)
            #expect(guest.services.readWindow(offset: offset, size: size) == 0)
        }
        #expect(guest.data(Self.buffer) == [UInt8](repeating: 0, count: 48))
        guest.services.setWindowIndex(303)
        #expect(guest.services.writeWindow(offset: 0, size: 1, value: 0xFF) == true)
        #expect(guest.services.readWindow(offset: 0, size: 1) == 0xFF)
        for (offset, size) in [(-1, 1), (4, 1), (0, 0), (0, 3), (0, 8)] {
            #expect(guest.services.writeWindow(offset: offset, size: size, value: 1) == false)
            #expect(guest.services.readWindow(offset: offset, size: size) == 0)
        }
    }

    @Test("173: an access across 256 goes to both halves") func across() {
        var guest = Guest()
        guest.services.setWindowIndex(254)
        #expect(guest.services.writeWindow(offset: 0, size: 4, value: 0x4433_2211) == true)
        #expect(guest.services.ancillary.ppiFlags[254...] == [0x11, 0x22])
        #expect(guest.data(Self.buffer)?.prefix(3) == [0x33, 0x44, 0])
        #expect(guest.services.readWindow(offset: 0, size: 4) == 0x4433_2211)
        guest.services.setWindowIndex(0)
        #expect(guest.services.writeWindow(offset: 0, size: 4, value: 1) == false, "the flags are not written")
    }

    @Test("171: the window may change while a request waits for the backend") func parked() {
        var guest = Guest()
        let data = [UInt8](repeating: 9, count: 100)
        let request = VariableRequest.encodeSet(VariableName("T"), .t, .ordinary, data)
        let plan = guest.services.decide(request.span, guest.authenticator)
        guest.services.setWindowIndex(256)
        #expect(guest.services.writeWindow(offset: 0, size: 1, value: 7) == true)
        let blob = guest.services.backendBlob(with: plan)
        #expect(guest.services.complete(plan).status == .success)
        #expect(guest.services.backendBlob() == blob)
        #expect(guest.data("T", .t) == data && guest.data(Self.buffer)?.first == 7)
    }
}
